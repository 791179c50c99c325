//! tmp
use crate::domain::{
    amount::Amount,
    coin::Coin,
    exchange::{BadKeys, Keys, Trusted},
    payto::Payto,
    time::Timestamp,
};
use crate::taler::{
    base32::{HashCode, Salt},
    sign::{PublicKey, Signature},
};
use std::sync::Arc;
#[derive(Clone, Debug)]
pub struct Exchange {
    trusted: Trusted,
}
pub struct Deposit {
    pub payto: Payto,
    pub wire_salt: Salt,
    pub merchant_pub: PublicKey,
    pub merchant_sig: Signature,
    pub h_contract: HashCode,
    pub h_wire: HashCode,
    pub wallet_data_hash: Option<HashCode>,
    pub timestamp: Timestamp,
    pub refund_deadline: Option<Timestamp>,
    pub wire_transfer_deadline: Timestamp,
    pub coins: Vec<Coin>,
}
pub struct DepositConfirmed {
    pub exchange_pub: PublicKey,
    pub exchange_sig: Signature,
    pub exchange_timestamp: Timestamp,
}
pub struct CoinRefund {
    pub coin_pub: PublicKey,
    pub h_contract: HashCode,
    pub merchant_pub: PublicKey,
    pub rtransaction_id: u64,
    pub amount: Amount,
    pub merchant_sig: Signature,
}
pub struct RefundConfirmed {
    pub exchange_pub: PublicKey,
    pub exchange_sig: Signature,
}
pub enum Error {
    Timeout,
    Unreachable(String),
    NotJson { status: u16 },
    Refused { status: u16, code: Option<u32>, reply: serde_json::Value },
    Keys(BadKeys),
    Unconfirmed,
    UnknownSigningKey,
}
impl Exchange {
    pub fn trusted(&self) -> &Trusted {
        &self.trusted
    }
    pub async fn keys(&self) -> Result<Arc<Keys>, Error> {
        Err(Error::Timeout)
    }
    pub async fn keys_with(&self, _: &[HashCode]) -> Result<Arc<Keys>, Error> {
        Err(Error::Timeout)
    }
    pub async fn deposit(&self, _: &Keys, _: &Deposit) -> Result<DepositConfirmed, Error> {
        Err(Error::Timeout)
    }
    pub async fn refund(&self, _: &Keys, _: &CoinRefund) -> Result<RefundConfirmed, Error> {
        Err(Error::Timeout)
    }
}
