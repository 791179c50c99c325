//! The answer to `GET /keys` as it is on the wire (crypto 14.1). Nothing here is verified; members
//! that a shop has no use for are not read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::amount::Amount;
use crate::base32::HashCode;
use crate::coin::cs::CsPublicKey;
use crate::coin::rsa::RsaPublicKey;
use crate::sign::{PublicKey, Signature};
use crate::time::{RelativeTime, Timestamp};

/// A text that is only borrowed where it has no escapes.
pub(super) type Text<'a> = Cow<'a, str>;

/// All of it.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow)]
    pub(super) base_url: Text<'a>,
    #[serde(borrow)]
    pub(super) currency: Text<'a>,
    pub(super) master_public_key: PublicKey,
    pub(super) exchange_pub: PublicKey,
    pub(super) exchange_sig: Signature,
    pub(super) list_issue_date: Timestamp,
    pub(super) signkeys: Vec<SigningKey>,
    /// Groups are looked at one by one: one that we do not understand is left out.
    #[serde(borrow)]
    pub(super) denominations: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) accounts: Vec<Account<'a>>,
    #[serde(default)]
    pub(super) wire_fees: BTreeMap<String, Vec<WireFee>>,
    #[serde(default)]
    pub(super) global_fees: Vec<GlobalFees>,
    /// These three nobody signs; they are looked at one by one, as groups are.
    #[serde(borrow, default)]
    pub(super) recoup: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) hard_limits: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) zero_limits: Vec<&'a RawValue>,
    pub(super) stefan_abs: Option<Amount>,
    pub(super) stefan_log: Option<Amount>,
    pub(super) stefan_lin: Option<f64>,
    pub(super) tiny_amount: Option<Amount>,
}

#[derive(Deserialize)]
pub(super) struct SigningKey {
    pub(super) key: PublicKey,
    pub(super) stamp_start: Timestamp,
    pub(super) stamp_expire: Timestamp,
    pub(super) stamp_end: Timestamp,
    pub(super) master_sig: Signature,
}

/// What every group has, of whatever cipher: enough for the signature of the whole list.
#[derive(Deserialize)]
pub(super) struct AnyGroup<'a> {
    #[serde(borrow)]
    pub(super) cipher: Text<'a>,
    #[serde(borrow)]
    pub(super) denoms: Vec<&'a RawValue>,
}

/// What every denomination has.
#[derive(Deserialize)]
pub(super) struct AnyDenomination {
    pub(super) master_sig: Signature,
}

/// What a group of a known cipher has besides.
#[derive(Deserialize)]
pub(super) struct Group {
    pub(super) value: Amount,
    pub(super) fee_withdraw: Amount,
    pub(super) fee_deposit: Amount,
    pub(super) fee_refresh: Amount,
    pub(super) fee_refund: Amount,
    pub(super) age_mask: Option<u32>,
}

/// What a denomination of a known cipher has besides.
#[derive(Deserialize)]
pub(super) struct Denomination {
    pub(super) stamp_start: Timestamp,
    pub(super) stamp_expire_withdraw: Timestamp,
    pub(super) stamp_expire_deposit: Timestamp,
    pub(super) stamp_expire_legal: Timestamp,
    pub(super) rsa_pub: Option<RsaPublicKey>,
    pub(super) cs_pub: Option<CsPublicKey>,
    #[serde(default)]
    pub(super) lost: bool,
}

#[derive(Deserialize)]
pub(super) struct Account<'a> {
    #[serde(borrow)]
    pub(super) payto_uri: Text<'a>,
    #[serde(borrow)]
    pub(super) conversion_url: Option<Text<'a>>,
    pub(super) debit_restrictions: Vec<Value>,
    pub(super) credit_restrictions: Vec<Value>,
    pub(super) master_sig: Signature,
    pub(super) priority: Option<i64>,
    #[serde(borrow)]
    pub(super) bank_label: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct WireFee {
    pub(super) wire_fee: Amount,
    pub(super) closing_fee: Amount,
    pub(super) start_date: Timestamp,
    pub(super) end_date: Timestamp,
    /// By the master key, though it is called otherwise everywhere else.
    pub(super) sig: Signature,
}

#[derive(Deserialize)]
pub(super) struct GlobalFees {
    pub(super) start_date: Timestamp,
    pub(super) end_date: Timestamp,
    pub(super) purse_timeout: RelativeTime,
    pub(super) history_expiration: RelativeTime,
    pub(super) purse_account_limit: u32,
    pub(super) history_fee: Amount,
    pub(super) account_fee: Amount,
    pub(super) purse_fee: Amount,
    pub(super) master_sig: Signature,
}

#[derive(Deserialize)]
pub(super) struct Revoked {
    pub(super) h_denom_pub: HashCode,
}

#[derive(Deserialize)]
pub(super) struct Limit<'a> {
    #[serde(borrow)]
    pub(super) operation_type: Text<'a>,
    pub(super) threshold: Amount,
    pub(super) timeframe: RelativeTime,
    #[serde(default)]
    pub(super) soft_limit: bool,
}

#[derive(Deserialize)]
pub(super) struct ZeroLimit<'a> {
    #[serde(borrow)]
    pub(super) operation_type: Text<'a>,
}
