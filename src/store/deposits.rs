//! Coins that wallets paid with, and the exchange's confirmations that it has them.

use rusqlite::{Connection, Row, named_params};

use super::columns::InTurn;
use super::{Result, Tx, sql};
use crate::domain::amount::Amount;
use crate::domain::coin::Coin;
use crate::domain::ids::SessionId;
use crate::domain::order::OrderSerial;
use crate::domain::time::Timestamp;
use crate::domain::web::BaseUrl;
use crate::taler::base32::HashCode;
use crate::taler::sign::{PublicKey, Signature};

/// Names one coin's deposit inside the store.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DepositSerial(pub i64);

/// A coin that is about to be sent to its exchange.
#[derive(Clone, Debug)]
pub struct NewDeposit {
    /// The coin.
    pub coin: Coin,
    /// What depositing it costs.
    pub deposit_fee: Amount,
    /// What a refund of it would cost.
    pub refund_fee: Amount,
    /// Hash of what the wallet signed along with it.
    pub wallet_data_hash: Option<HashCode>,
    /// The session that the payment is for.
    pub session: Option<SessionId>,
}

/// The exchange's word that it took a coin for the shop (crypto 8.7).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Confirmation {
    /// When.
    pub exchange_timestamp: Timestamp,
    /// The signing key.
    pub exchange_pub: PublicKey,
    /// The signature.
    pub exchange_sig: Signature,
}

/// A coin as it is kept.
#[derive(Clone, Debug)]
pub struct Deposit {
    /// Its number.
    pub serial: DepositSerial,
    /// The coin and its fees.
    pub what: NewDeposit,
    /// The exchange's confirmation; until then nobody knows whether the exchange has the coin.
    pub confirmation: Option<Confirmation>,
}

/// All coins sent for an order, the first one first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn of_order(db: &Connection, order: OrderSerial) -> Result<Vec<Deposit>> {
    let mut statement = db.prepare_cached(sql!("deposits/of_order"))?;
    let rows = statement.query_map(named_params! { ":order_serial": order }, read_deposit)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Were any coins sent for an order?
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn are_there(db: &Connection, order: OrderSerial) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("deposits/are_there"))?;
    Ok(statement.exists(named_params! { ":order_serial": order })?)
}

fn read_deposit(row: &Row<'_>) -> rusqlite::Result<Deposit> {
    let mut columns = InTurn::of(row);
    Ok(Deposit {
        serial: columns.next()?,
        what: NewDeposit {
            coin: columns.next()?,
            deposit_fee: columns.next()?,
            refund_fee: columns.next()?,
            wallet_data_hash: columns.next()?,
            session: columns.next()?,
        },
        confirmation: match (columns.next::<Option<_>>()?, columns.next()?, columns.next()?) {
            (Some(exchange_timestamp), Some(exchange_pub), Some(exchange_sig)) => {
                Some(Confirmation { exchange_timestamp, exchange_pub, exchange_sig })
            }
            _ => None,
        },
    })
}

/// Keeps a coin that is about to be sent. One that was sent before without an answer is kept anew;
/// one that the exchange has stays as it is.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn keep(tx: &mut Tx<'_>, order: OrderSerial, new: &NewDeposit) -> Result<()> {
    tx.prepare_cached(sql!("deposits/keep"))?.execute(named_params! {
        ":order_serial": order,
        ":coin_pub": new.coin.coin_pub,
        ":coin": new.coin,
        ":deposit_fee": new.deposit_fee,
        ":refund_fee": new.refund_fee,
        ":wallet_data_hash": new.wallet_data_hash,
        ":session_id": new.session,
    })?;
    Ok(())
}

/// Keeps the exchange's word that it has a coin; the first word stays.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn confirm(
    tx: &mut Tx<'_>,
    order: OrderSerial,
    coin_pub: &PublicKey,
    confirmation: &Confirmation,
) -> Result<()> {
    tx.prepare_cached(sql!("deposits/confirm"))?.execute(named_params! {
        ":order_serial": order,
        ":coin_pub": coin_pub,
        ":exchange_timestamp_s": confirmation.exchange_timestamp,
        ":exchange_pub": confirmation.exchange_pub,
        ":exchange_sig": confirmation.exchange_sig,
    })?;
    Ok(())
}

/// Lets go of a coin that the exchange has refused.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn drop(tx: &mut Tx<'_>, order: OrderSerial, coin_pub: &PublicKey) -> Result<()> {
    tx.prepare_cached(sql!("deposits/drop"))?
        .execute(named_params! { ":order_serial": order, ":coin_pub": coin_pub })?;
    Ok(())
}

/// Orders with coins of which nobody knows whether their exchange has them (the daemon ended, or the
/// exchange did not answer), each with that exchange. Coins that are to be given back are not among
/// them: their refund is asked for.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn unfinished(db: &Connection) -> Result<Vec<(OrderSerial, BaseUrl)>> {
    let mut statement = db.prepare_cached(sql!("deposits/unfinished"))?;
    let rows =
        statement.query_map([], |row| Ok((row.get("order_serial")?, row.get("exchange_url")?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
