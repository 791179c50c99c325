//! The wallet's side: reserves, planchets, coins, and what they sign.

use serde_json::{Value, json};
use taler::amount::Amount;
use taler::base32::{HashCode, ShortHash};
use taler::coin::age::AgeMask;
use taler::coin::coin_hash;
use taler::coin::denomination::{CoinSignature, DenominationKey, envelope_hash};
use taler::coin::rsa::{BlindSignature, BlindingSecret, RsaPublicKey};
use taler::sign::wallet::{DepositPermission, ReserveWithdraw};
use taler::sign::{PublicKey, Signature, SigningKey, Statement};

use super::{Exchange, kudos};

/// A coin in the test's wallet.
#[derive(Clone, Debug)]
pub(crate) struct Coin {
    pub(crate) key: SigningKey,
    pub(crate) ub_sig: CoinSignature,
    pub(crate) denomination: Denomination,
    pub(crate) h_age_commitment: Option<ShortHash>,
}

/// A denomination as the exchange lists it.
#[derive(Clone, Debug)]
pub(crate) struct Denomination {
    pub(crate) h_denom: HashCode,
    pub(crate) key: RsaPublicKey,
    pub(crate) ages: AgeMask,
    pub(crate) value: Amount,
    pub(crate) fee_withdraw: Amount,
    pub(crate) fee_deposit: Amount,
    pub(crate) fee_refresh: Amount,
}

/// A reserve of the test's wallet.
pub(crate) struct Reserve {
    pub(crate) key: SigningKey,
}

impl Reserve {
    /// One that nobody has heard of.
    pub(crate) fn new() -> Self {
        Self { key: fresh_key() }
    }
}

/// A key that nobody has seen.
pub(crate) fn fresh_key() -> SigningKey {
    SigningKey::from_seed(system::random().unwrap())
}

/// A coin that a reserve can withdraw, and what is needed to make it one.
#[derive(Clone)]
pub(crate) struct Planchet {
    coin: SigningKey,
    secret: BlindingSecret,
    denomination: Denomination,
    h_age_commitment: Option<ShortHash>,
    /// As it stands in a request to withdraw.
    pub(crate) body: Value,
}

/// What a coin signs when it pays: the fields of a contract that concern the exchange.
#[derive(Clone, Debug)]
pub(crate) struct Purchase {
    pub(crate) h_contract: HashCode,
    pub(crate) h_wire: HashCode,
    pub(crate) timestamp_s: u64,
    pub(crate) refund_deadline_s: u64,
    pub(crate) merchant_pub: PublicKey,
    pub(crate) wallet_data_hash: Option<HashCode>,
}

impl Planchet {
    pub(crate) fn new(
        reserve: &Reserve,
        coin: SigningKey,
        denomination: &Denomination,
        h_age_commitment: Option<ShortHash>,
    ) -> Self {
        let secret = BlindingSecret::new(system::random().unwrap());
        let message = coin_hash(&coin.public_key(), h_age_commitment.as_ref());
        let blinded = denomination.key.blind(&message, &secret).unwrap();
        let price = denomination.value.checked_add(&denomination.fee_withdraw).unwrap();
        let wish = ReserveWithdraw {
            amount_with_fee: price.to_nbo(),
            h_denom: denomination.h_denom,
            h_coin_ev: envelope_hash(&denomination.h_denom, &blinded),
        };
        let body = json!({
            "denom_pub_hash": denomination.h_denom,
            "coin_ev": { "cipher": "RSA", "rsa_blinded_planchet": blinded },
            "reserve_sig": wish.sign(&reserve.key),
        });
        Self { coin, secret, denomination: denomination.clone(), h_age_commitment, body }
    }

    /// The bytes that name the blinded coin.
    pub(crate) fn h_coin_ev(&self) -> [u8; 64] {
        let message = coin_hash(&self.coin.public_key(), self.h_age_commitment.as_ref());
        let blinded = self.denomination.key.blind(&message, &self.secret).unwrap();
        *envelope_hash(&self.denomination.h_denom, &blinded).as_bytes()
    }

    /// The coin, of what the exchange has signed.
    pub(crate) fn coin(&self, signed: &Value) -> Coin {
        let signed = signed["ev_sig"]["blinded_rsa_signature"].as_str().unwrap();
        let signed = BlindSignature::parse(signed).unwrap();
        let key = &self.denomination.key;
        let ub_sig =
            CoinSignature::Rsa { rsa_signature: key.unblind(&signed, &self.secret).unwrap() };
        Coin {
            key: self.coin.clone(),
            ub_sig,
            denomination: self.denomination.clone(),
            h_age_commitment: self.h_age_commitment,
        }
    }
}

impl Coin {
    /// Whether the denomination has signed it.
    pub(crate) fn is_good(&self) -> bool {
        let message = coin_hash(&self.key.public_key(), self.h_age_commitment.as_ref());
        DenominationKey::Rsa(self.denomination.key.clone()).verify(&message, &self.ub_sig)
    }

    /// The coin's word that it pays so much (the fee included) for a purchase.
    pub(crate) fn permit(&self, purchase: &Purchase, contribution: &Amount) -> Signature {
        DepositPermission {
            h_contract: purchase.h_contract,
            h_age_commitment: self.h_age_commitment,
            h_policy: None,
            h_wire: purchase.h_wire,
            h_denom: self.denomination.h_denom,
            timestamp_us: purchase.timestamp_s * 1_000_000,
            refund_deadline_us: purchase.refund_deadline_s * 1_000_000,
            contribution: contribution.to_nbo(),
            deposit_fee: self.denomination.fee_deposit.to_nbo(),
            merchant_pub: purchase.merchant_pub,
            wallet_data_hash: purchase.wallet_data_hash,
        }
        .sign(&self.key)
    }

    /// As a merchant sends it to the exchange.
    pub(crate) fn deposited(&self, purchase: &Purchase, contribution: &str) -> Value {
        let contribution = kudos(contribution);
        let mut coin = json!({
            "coin_pub": self.key.public_key(),
            "denom_pub_hash": self.denomination.h_denom,
            "ub_sig": self.ub_sig,
            "contribution": contribution,
            "coin_sig": self.permit(purchase, &contribution),
        });
        if let Some(commitment) = self.h_age_commitment {
            coin["h_age_commitment"] = json!(commitment);
        }
        coin
    }

    /// As a wallet sends it to a merchant.
    pub(crate) fn paying(
        &self,
        exchange: &Exchange,
        purchase: &Purchase,
        contribution: &str,
    ) -> Value {
        let mut coin = self.deposited(purchase, contribution);
        coin["h_denom"] = coin["denom_pub_hash"].take();
        coin.as_object_mut().unwrap().remove("denom_pub_hash");
        coin["exchange_url"] = json!(exchange.base_url());
        coin
    }
}
