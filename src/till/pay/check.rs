//! What coins must fulfil to pay for a contract, before anything is asked of an exchange
//! (merchant-api 3.5, crypto 7.1, 10 and 11).

use std::fmt;

use crate::domain::coin::Coin;
use crate::domain::contract::Payable;
use crate::domain::exchange::Denomination;
use crate::domain::payment::TooLittle;
use crate::domain::time::Timestamp;
use crate::domain::web::BaseUrl;
use crate::taler::base32::{HashCode, ShortHash};
use crate::taler::coin::age::{AgeCommitment, AgeMask};
use crate::taler::coin::coin_hash;
use crate::taler::sign::wallet::DepositPermission;
use crate::taler::sign::{PublicKey, Statement};

/// Most coins in one payment.
pub(super) const MAX_COINS: usize = 256;

/// Why coins do not pay for a contract; it will not go with these.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// There are more than 256.
    TooMany,
    /// This coin is there twice.
    Twice(PublicKey),
    /// A coin is in another currency than the price.
    Currency,
    /// The shop does not trust this exchange, or not with this currency.
    Untrusted(BaseUrl),
    /// The exchange cannot wire to the contract's account.
    WireMethod(BaseUrl),
    /// The exchange has no such denomination, or does not take it yet.
    DenominationUnknown(HashCode),
    /// The time to spend coins of the denomination is over.
    DenominationExpired(HashCode),
    /// The coin is to pay more than it is worth.
    BeyondValue(PublicKey),
    /// A signature of the coin does not hold: its own for this contract, or its denomination's.
    Signature(PublicKey),
    /// Together they are worth too little.
    TooLittle(TooLittle),
    /// This coin was given back before, when an earlier payment was aborted.
    Refunded(PublicKey),
    /// The contract asks for an age, and the coin does not tell its commitment.
    AgeCommitmentMissing(PublicKey),
    /// The coin's age commitment has too many keys, or too few.
    AgeCommitmentSize(PublicKey),
    /// The coin's owner is not shown to be old enough.
    Age(PublicKey),
    /// The coin has an age commitment, and does not tell its hash.
    AgeCommitmentHashMissing(PublicKey),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(f, "there are more than {MAX_COINS} coins"),
            Self::Twice(coin) => write!(f, "the coin {coin} is there twice"),
            Self::Currency => f.write_str("a coin is in another currency than the price"),
            Self::Untrusted(url) => write!(f, "the shop does not trust {}", url.as_str()),
            Self::WireMethod(url) => {
                write!(f, "{} cannot wire to the shop's account", url.as_str())
            }
            Self::DenominationUnknown(hash) => write!(f, "there is no denomination {hash}"),
            Self::DenominationExpired(hash) => write!(f, "the denomination {hash} has expired"),
            Self::BeyondValue(coin) => write!(f, "the coin {coin} is not worth that much"),
            Self::Signature(coin) => write!(f, "a signature of the coin {coin} does not hold"),
            Self::TooLittle(why) => why.fmt(f),
            Self::Refunded(coin) => write!(f, "the coin {coin} was given back before"),
            Self::AgeCommitmentMissing(coin) => write!(f, "the coin {coin} tells no age"),
            Self::AgeCommitmentSize(coin) => {
                write!(f, "the age commitment of the coin {coin} has the wrong number of keys")
            }
            Self::Age(coin) => write!(f, "the coin {coin} does not show the age asked for"),
            Self::AgeCommitmentHashMissing(coin) => {
                write!(f, "the coin {coin} lacks the hash of its age commitment")
            }
        }
    }
}

/// What is the same for all coins of a payment.
#[derive(Clone, Debug)]
pub(super) struct Bill {
    pub(super) contract: Payable,
    pub(super) h_contract: HashCode,
    pub(super) merchant_pub: PublicKey,
    pub(super) wallet_data_hash: Option<HashCode>,
    pub(super) now: Timestamp,
}

impl Bill {
    /// Checks one coin of `denomination`; what it was told of its age is replaced by what holds.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) fn check(
        &self,
        coin: &mut Coin,
        denomination: &Denomination,
    ) -> Result<(), Refusal> {
        if !denomination.is_spendable(self.now) {
            return Err(match denomination.start > self.now {
                true => Refusal::DenominationUnknown(coin.h_denom),
                false => Refusal::DenominationExpired(coin.h_denom),
            });
        }
        let within = coin.contribution.try_cmp(&denomination.value);
        if !within.map_err(|_| Refusal::Currency)?.is_le() {
            return Err(Refusal::BeyondValue(coin.coin_pub));
        }
        coin.h_age_commitment = self.age(coin, denomination.ages)?;
        let permission = DepositPermission {
            h_contract: self.h_contract,
            h_age_commitment: coin.h_age_commitment,
            h_policy: None,
            h_wire: self.contract.h_wire,
            h_denom: coin.h_denom,
            timestamp_us: self.contract.timestamp.to_micros(),
            refund_deadline_us: self.contract.refund_deadline.to_micros(),
            contribution: coin.contribution.to_nbo(),
            deposit_fee: denomination.fees.deposit.to_nbo(),
            merchant_pub: self.merchant_pub,
            wallet_data_hash: self.wallet_data_hash,
        };
        let hash = coin_hash(&coin.coin_pub, coin.h_age_commitment.as_ref());
        let holds = permission.verify(&coin.coin_pub, &coin.coin_sig)
            && denomination.key.verify(&hash, &coin.ub_sig);
        if holds { Ok(()) } else { Err(Refusal::Signature(coin.coin_pub)) }
    }

    /// The hash of the coin's age commitment, once that shows the age that the contract asks for
    /// (crypto 11).
    fn age(&self, coin: &Coin, ages: AgeMask) -> Result<Option<ShortHash>, Refusal> {
        if ages == AgeMask::NONE {
            return Ok(None);
        }
        let age = u32::from(self.contract.minimum_age);
        if ages.group_of(age) == 0 {
            let told = coin
                .h_age_commitment
                .or_else(|| Some(AgeCommitment::new(coin.age_commitment.clone()?).hash()));
            return told.map(Some).ok_or(Refusal::AgeCommitmentHashMissing(coin.coin_pub));
        }
        let Some(keys) = &coin.age_commitment else {
            return Err(Refusal::AgeCommitmentMissing(coin.coin_pub));
        };
        if u32::try_from(keys.len()) != Ok(ages.upper_groups()) {
            return Err(Refusal::AgeCommitmentSize(coin.coin_pub));
        }
        let commitment = AgeCommitment::new(keys.clone());
        if !commitment.proves(ages, age, coin.minimum_age_sig.as_ref()) {
            return Err(Refusal::Age(coin.coin_pub));
        }
        Ok(Some(commitment.hash()))
    }
}
