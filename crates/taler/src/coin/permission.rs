//! Deposit permissions: the coins of a payment, as a wallet sends them (merchant-api 3.5, crypto 7.1).
//!
//! They are only parsed here: whether the exchange is trusted, whether the denomination is known
//! and whether the signatures are valid is checked with the exchange's keys.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::base32::{HashCode, ShortHash};
use crate::coin::denomination::CoinSignature;
use crate::object::object;
use crate::sign::{PublicKey, Signature};
use crate::web::BaseUrl;

/// A coin with the permission to deposit some of its value: `CoinPaySig` on the wire.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(remote = "Self")]
pub struct Coin {
    /// The coin's key; names the coin.
    pub coin_pub: PublicKey,
    /// By this key: that so much of it may be deposited for this one contract.
    pub coin_sig: Signature,
    /// What makes the key a coin.
    pub ub_sig: CoinSignature,
    /// Which denomination made it.
    pub h_denom: HashCode,
    /// How much of its value is spent, the deposit fee included.
    pub contribution: Amount,
    /// Who issued it.
    pub exchange_url: BaseUrl,
    /// That its owner is as old as the contract asks (crypto 11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_age_sig: Option<Signature>,
    /// The keys of its age commitment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_commitment: Option<Vec<PublicKey>>,
    /// The hash of its age commitment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub h_age_commitment: Option<ShortHash>,
}

object!(Coin, written);
