//! Checks the coins of a payment before they are sent to an exchange
//! (merchant-api 3.5, crypto 7.1, 10 and 11).

use crate::model::contract::PaymentTerms;
use taler::base32::{HashCode, ShortHash};
use taler::coin::age::{AgeCommitment, AgeMask};
use taler::coin::coin_hash;
use taler::coin::permission::Coin;
use taler::exchange::Denomination;
use taler::payment::TooLittle;
use taler::sign::wallet::DepositPermission;
use taler::sign::{PublicKey, Statement};
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Most coins in one payment.
pub(crate) const MAX_COINS: usize = 256;

/// Why coins do not pay for a contract; it will not go with these.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There are more than 256.
    #[error("there are more than {max_coins} coins", max_coins = MAX_COINS)]
    TooMany,
    /// This coin is there twice.
    #[error("the coin {0} appears twice")]
    Twice(PublicKey),
    /// A coin is in another currency than the price.
    #[error("a coin is in another currency than the price")]
    Currency,
    /// The shop does not trust this exchange, or not with this currency.
    #[error("the shop does not trust {}", .0.as_str())]
    Untrusted(BaseUrl),
    /// The exchange cannot wire to the contract's account.
    #[error("{} cannot wire to the shop's account", .0.as_str())]
    WireMethod(BaseUrl),
    /// The coins of this exchange are more than it lets a shop take.
    #[error("the amount is above a limit of {}", .0.as_str())]
    BeyondLimit(BaseUrl),
    /// The exchange has no such denomination, or does not take it yet.
    #[error("there is no denomination {0}")]
    DenominationUnknown(HashCode),
    /// The time to spend coins of the denomination is over.
    #[error("the denomination {0} has expired")]
    DenominationExpired(HashCode),
    /// The coin is to pay more than it is worth.
    #[error("the contribution of coin {0} is above its value")]
    BeyondValue(PublicKey),
    /// A signature of the coin does not hold: its own for this contract, or its denomination's.
    #[error("a signature of the coin {0} is invalid")]
    Signature(PublicKey),
    /// Together they are worth too little.
    #[error("{0}")]
    TooLittle(TooLittle),
    /// This coin was refunded before, when an earlier payment was aborted.
    #[error("the coin {0} was refunded before")]
    Refunded(PublicKey),
    /// This coin was sent to its exchange before, with another permission or in a payment that is
    /// being aborted, and the exchange has not answered yet.
    #[error("the exchange has not yet answered an earlier payment with the coin {0}")]
    Unsettled(PublicKey),
    /// The contract asks for an age, and the coin does not tell its commitment.
    #[error("the coin {0} has no age commitment")]
    AgeCommitmentMissing(PublicKey),
    /// The coin's age commitment has too many keys, or too few.
    #[error("the age commitment of the coin {0} has the wrong number of keys")]
    AgeCommitmentSize(PublicKey),
    /// The coin's owner is not shown to be old enough.
    #[error("the coin {0} does not prove the required age")]
    Age(PublicKey),
    /// The coin has an age commitment, and does not tell its hash.
    #[error("the coin {0} lacks the hash of its age commitment")]
    AgeCommitmentHashMissing(PublicKey),
}

/// The data common to all coins of a payment.
#[derive(Clone, Debug)]
pub(super) struct PaymentContext {
    pub(super) contract: PaymentTerms,
    pub(super) h_contract: HashCode,
    pub(super) merchant_pub: PublicKey,
    pub(super) wallet_data_hash: Option<HashCode>,
    pub(super) now: Timestamp,
}

impl PaymentContext {
    /// Checks one coin of `denomination`; replaces its claimed age by the verified one.
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
            let reported = coin
                .h_age_commitment
                .or_else(|| Some(AgeCommitment::new(coin.age_commitment.clone()?).hash()));
            return reported.map(Some).ok_or(Refusal::AgeCommitmentHashMissing(coin.coin_pub));
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

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use taler::amount::Amount;
    use taler::coin::denomination::{CoinSignature, DenominationKey};
    use taler::coin::rsa::{BlindingSecret, RsaPrivateKey};
    use taler::exchange::Fees;
    use taler::sign::{Signature, SigningKey};

    fn kudos(text: &str) -> Amount {
        Amount::parse(format!("KUDOS:{text}")).unwrap()
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs).unwrap()
    }

    fn denomination(key: &RsaPrivateKey) -> Denomination {
        let key = DenominationKey::Rsa(key.public_key().clone());
        let fee = kudos("0.01");
        Denomination {
            h_denom: key.hash(AgeMask::NONE),
            key,
            ages: AgeMask::NONE,
            value: kudos("5"),
            fees: Fees { withdraw: fee, deposit: fee, refresh: fee, refund: fee },
            start: at(1_000),
            expire_withdraw: at(2_000),
            expire_deposit: at(3_000),
            expire_legal: at(4_000),
            is_lost: false,
            is_revoked: false,
        }
    }

    fn context() -> PaymentContext {
        PaymentContext {
            contract: PaymentTerms {
                timestamp: at(1_500),
                refund_deadline: at(1_800),
                wire_transfer_deadline: at(1_900),
                max_fee: kudos("1"),
                h_wire: HashCode::new([3; 64]),
                minimum_age: 0,
                exchanges: Vec::new(),
            },
            h_contract: HashCode::new([4; 64]),
            merchant_pub: SigningKey::from_seed([5; 32]).public_key(),
            wallet_data_hash: None,
            now: at(1_600),
        }
    }

    /// A good payment: the contract's side, the denomination, and a coin that pays.
    static GOOD: LazyLock<(PaymentContext, Denomination, Coin)> = LazyLock::new(|| {
        let private = RsaPrivateKey::from_seed(&[1; 32], 1024).unwrap();
        let (context, denomination) = (context(), denomination(&private));
        let key = SigningKey::from_seed([2; 32]);
        let message = coin_hash(&key.public_key(), None);
        let secret = BlindingSecret::new([6; 32]);
        let blinded = private.public_key().blind(&message, &secret).unwrap();
        let signed = private.sign_blind(&blinded).unwrap();
        let rsa_signature = private.public_key().unblind(&signed, &secret).unwrap();
        let contribution = kudos("4.2");
        let permission = DepositPermission {
            h_contract: context.h_contract,
            h_age_commitment: None,
            h_policy: None,
            h_wire: context.contract.h_wire,
            h_denom: denomination.h_denom,
            timestamp_us: context.contract.timestamp.to_micros(),
            refund_deadline_us: context.contract.refund_deadline.to_micros(),
            contribution: contribution.to_nbo(),
            deposit_fee: denomination.fees.deposit.to_nbo(),
            merchant_pub: context.merchant_pub,
            wallet_data_hash: None,
        };
        let coin = Coin {
            coin_pub: key.public_key(),
            coin_sig: permission.sign(&key),
            ub_sig: CoinSignature::Rsa { rsa_signature },
            h_denom: denomination.h_denom,
            contribution,
            exchange_url: BaseUrl::parse("https://exchange.example/").unwrap(),
            minimum_age_sig: None,
            age_commitment: None,
            h_age_commitment: None,
        };
        (context, denomination, coin)
    });

    #[test]
    fn a_good_coin_pays_at_its_time() {
        let (context, denomination, coin) = &*GOOD;
        let check = |context: &PaymentContext, denomination: &Denomination| {
            context.check(&mut coin.clone(), denomination)
        };
        assert_eq!(check(context, denomination), Ok(()));
        let (unknown, expired) = (
            Refusal::DenominationUnknown(coin.h_denom),
            Refusal::DenominationExpired(coin.h_denom),
        );
        for (now, expected) in
            [(999, Err(unknown)), (1_000, Ok(())), (2_999, Ok(())), (3_000, Err(expired.clone()))]
        {
            assert_eq!(
                check(&PaymentContext { now: at(now), ..context.clone() }, denomination),
                expected
            );
        }
        let revoked = Denomination { is_revoked: true, ..denomination.clone() };
        assert_eq!(check(context, &revoked), Err(expired));
        let small = Denomination { value: kudos("4.1"), ..denomination.clone() };
        assert_eq!(check(context, &small), Err(Refusal::BeyondValue(coin.coin_pub)));
        // A commitment means nothing to a denomination without ages; it is not covered then.
        let mut odd = coin.clone();
        odd.h_age_commitment = Some(ShortHash::new([1; 32]));
        assert_eq!(context.check(&mut odd, denomination), Ok(()));
        assert_eq!(odd.h_age_commitment, None);
    }

    /// `bytes` with one bit turned over.
    fn flipped<const N: usize>(bytes: &[u8; N], bit: usize) -> [u8; N] {
        let mut bytes = *bytes;
        bytes[bit / 8 % N] ^= 1 << (bit % 8);
        bytes
    }

    proptest! {
        #[test]
        fn whatever_bit_of_what_is_signed_is_turned_over_the_coin_pays_no_more(
            field in 0..12_usize,
            bit in 0..2048_usize,
        ) {
            let (mut context, mut denomination, mut coin) = GOOD.clone();
            let hash = |hash: &HashCode| HashCode::new(flipped(hash.as_bytes(), bit));
            let contract = &mut context.contract;
            match field {
                0 => context.h_contract = hash(&context.h_contract),
                1 => contract.h_wire = hash(&contract.h_wire),
                2 => coin.h_denom = hash(&coin.h_denom),
                3 => contract.timestamp = at(1_500 ^ (1 << (bit % 40))),
                4 => contract.refund_deadline = at(1_800 ^ (1 << (bit % 40))),
                5 => {
                    let fraction = coin.contribution.fraction() ^ (1 << (bit % 26));
                    prop_assume!(fraction < 100_000_000);
                    coin.contribution =
                        Amount::from_parts(*coin.contribution.currency(), 4, fraction).unwrap();
                }
                6 => {
                    let fraction = denomination.fees.deposit.fraction() ^ (1 << (bit % 26));
                    prop_assume!(fraction < 100_000_000);
                    let currency = *denomination.value.currency();
                    denomination.fees.deposit = Amount::from_parts(currency, 0, fraction).unwrap();
                }
                7 => context.merchant_pub = PublicKey::new(flipped(context.merchant_pub.as_bytes(), bit)),
                8 => context.wallet_data_hash = Some(hash(&HashCode::ZERO)),
                9 => coin.coin_pub = PublicKey::new(flipped(coin.coin_pub.as_bytes(), bit)),
                10 => coin.coin_sig = Signature::new(flipped(coin.coin_sig.as_bytes(), bit)),
                _ => {
                    let CoinSignature::Rsa { rsa_signature } = &coin.ub_sig else { unreachable!() };
                    let mut bytes = rsa_signature.as_bytes().to_vec();
                    let place = bit / 8 % bytes.len();
                    bytes[place] ^= 1 << (bit % 8);
                    let bytes = taler::coin::rsa::RsaSignature::from_bytes(&bytes);
                    let Ok(rsa_signature) = bytes else { return Ok(()) };
                    coin.ub_sig = CoinSignature::Rsa { rsa_signature };
                }
            }
            let name = coin.coin_pub;
            prop_assert_eq!(context.check(&mut coin, &denomination), Err(Refusal::Signature(name)));
        }
    }
}
