//! What of the coins is refunded, coin by coin.

use rusqlite::{Connection, Row, named_params};
use serde_json::Value;

use super::columns::{Positional, as_serial};
use super::deposits::DepositSerial;
use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::order::{OrderSerial, RefundRefusal, RefundSerial};
use taler::amount::Amount;
use taler::coin::permission::Coin;
use taler::sign::{PublicKey, Signature};
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Names one coin's refund inside the store.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CoinRefundSerial(pub i64);
as_serial!(CoinRefundSerial);

/// Something of a coin that is to be refunded.
#[derive(Clone, Copy, Debug)]
pub struct NewCoinRefund {
    /// Of which coin.
    pub deposit: DepositSerial,
    /// Which grant it belongs to; `None` when the payment came to nothing.
    pub grant: Option<RefundSerial>,
    /// How much, the refund fee included.
    pub amount: Amount,
    /// When it was decided.
    pub made_at: Timestamp,
    /// Whether it is to be sent to the exchange; otherwise it waits for the wallet to fetch it.
    pub wanted: bool,
}

impl NewCoinRefund {
    /// What tells refunds of one coin apart for the exchange: zero for those of payments that came
    /// to nothing (crypto 6.2).
    pub fn rtransaction_id(&self) -> u64 {
        rtransaction_id(self.grant)
    }
}

fn rtransaction_id(grant: Option<RefundSerial>) -> u64 {
    grant.map_or(0, |grant| grant.0.unsigned_abs())
}

/// What the exchange says to a refund.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing yet.
    Open,
    /// It is done (crypto 8.8).
    Done {
        /// The signing key.
        exchange_pub: PublicKey,
        /// The signature.
        exchange_sig: Signature,
    },
    /// It will never be done.
    Refused {
        /// HTTP status.
        status: u16,
        /// The exchange's code.
        code: Option<u32>,
        /// Its own words.
        reply: Value,
    },
}

/// A coin's refund as it is kept.
#[derive(Clone, Debug)]
pub struct CoinRefund {
    /// The row's serial number.
    pub serial: CoinRefundSerial,
    /// Of which coin.
    pub deposit: DepositSerial,
    /// Which grant it belongs to; `None` when the payment came to nothing.
    pub grant: Option<RefundSerial>,
    /// The coin.
    pub coin: Coin,
    /// What tells it apart.
    pub rtransaction_id: u64,
    /// How much, the refund fee included.
    pub amount: Amount,
    /// When it was decided.
    pub made_at: Timestamp,
    /// Whether it is to be sent to the exchange.
    pub wanted: bool,
    /// What the exchange says.
    pub outcome: Outcome,
}

/// Whether any coin of an order is refunded, or to be.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn are_there(db: &Connection, order: OrderSerial) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("coin_refunds/are_there"))?;
    Ok(statement.exists(named_params! { ":order_serial": order })?)
}

/// All refunds of an order's coins, the first one first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn of_order(db: &Connection, order: OrderSerial) -> Result<Vec<CoinRefund>> {
    let mut statement = db.prepare_cached(sql!("coin_refunds/of_order"))?;
    let rows = statement.query_map(named_params! { ":order_serial": order }, read_refund)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read_refund(row: &Row<'_>) -> rusqlite::Result<CoinRefund> {
    let mut columns = Positional::of(row);
    let (serial, deposit) = (columns.next()?, columns.next()?);
    let grant: Option<RefundSerial> = columns.next()?;
    let coin = columns.next()?;
    let _: i64 = columns.next()?;
    let (amount, made_at, wanted) = (columns.next()?, columns.next()?, columns.next()?);
    let outcome = match (columns.next()?, columns.next()?, columns.next()?) {
        (Some(exchange_pub), Some(exchange_sig), _) => Outcome::Done { exchange_pub, exchange_sig },
        (_, _, Some(status)) => {
            let code = columns.next()?;
            let reply: Option<Value> = columns.next()?;
            Outcome::Refused { status, code, reply: reply.unwrap_or_default() }
        }
        _ => Outcome::Open,
    };
    let rtransaction_id = rtransaction_id(grant);
    Ok(CoinRefund {
        serial,
        deposit,
        grant,
        coin,
        rtransaction_id,
        amount,
        made_at,
        wanted,
        outcome,
    })
}

/// Keeps what is to be refunded; what was decided before stays.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, new: &NewCoinRefund) -> Result<()> {
    tx.prepare_cached(sql!("coin_refunds/insert"))?.execute(named_params! {
        ":deposit_serial": new.deposit,
        ":refund_serial": new.grant,
        ":rtransaction_id": new.grant.map_or(0, |grant| grant.0),
        ":amount": new.amount,
        ":made_at_s": new.made_at,
        ":requested": new.wanted,
    })?;
    Ok(())
}

/// Lets all refunds of an order's coins be sent: its wallet asks for them.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn request_all(tx: &mut Tx<'_>, order: OrderSerial) -> Result<()> {
    tx.prepare_cached(sql!("coin_refunds/request"))?
        .execute(named_params! { ":order_serial": order })?;
    Ok(())
}

/// Lets all refunds of an instance's coins be sent that are not answered: it is deleted, so that no
/// wallet can ask for them any more.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn want_all(tx: &mut Tx<'_>, instance: InstanceSerial) -> Result<()> {
    tx.prepare_cached(sql!("coin_refunds/request_all"))?
        .execute(named_params! { ":instance": instance })?;
    Ok(())
}

/// Keeps what the exchange says to a refund; what it confirmed stays confirmed.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn record_outcome(tx: &mut Tx<'_>, serial: CoinRefundSerial, outcome: &Outcome) -> Result<()> {
    match outcome {
        Outcome::Open => {}
        Outcome::Done { exchange_pub, exchange_sig } => {
            tx.prepare_cached(sql!("coin_refunds/confirm"))?.execute(named_params! {
                ":serial": serial,
                ":exchange_pub": exchange_pub,
                ":exchange_sig": exchange_sig,
            })?;
        }
        Outcome::Refused { status, code, reply } => {
            tx.prepare_cached(sql!("coin_refunds/refuse"))?.execute(named_params! {
                ":serial": serial,
                ":refused_status": status,
                ":refused_code": code,
                ":refused_reply": reply,
            })?;
        }
    }
    Ok(())
}

/// Lets go of a refund that gives a whole coin back of which nothing was ever taken; one that the
/// exchange has confirmed stays.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn drop(tx: &mut Tx<'_>, deposit: DepositSerial) -> Result<()> {
    tx.prepare_cached(sql!("coin_refunds/drop"))?
        .execute(named_params! { ":deposit_serial": deposit })?;
    Ok(())
}

/// What exchanges have permanently refused of the refunds that an order's shop has granted, grant by
/// grant; the reason is that of the last coin.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn refused(db: &Connection, order: OrderSerial) -> Result<Vec<(RefundSerial, RefundRefusal)>> {
    let mut statement = db.prepare_cached(sql!("coin_refunds/refused"))?;
    let rows = statement.query_map(named_params! { ":order_serial": order }, |row| {
        let (amount, status) = (row.get("amount")?, row.get("refused_status")?);
        let refusal = RefundRefusal { amount, status, code: row.get("refused_code")? };
        Ok((row.get::<_, RefundSerial>("refund_serial")?, refusal))
    })?;
    let mut refused: Vec<(RefundSerial, RefundRefusal)> = Vec::new();
    for row in rows {
        let (grant, refusal) = row?;
        match refused.last_mut().filter(|(last, _)| *last == grant) {
            // Parts of one grant cannot be more than it, which is an amount.
            Some((_, sum)) => {
                let amount = sum.amount.checked_add(&refusal.amount).unwrap_or(sum.amount);
                *sum = RefundRefusal { amount, ..refusal };
            }
            None => refused.push((grant, refusal)),
        }
    }
    Ok(refused)
}

/// Orders with refunds that are to be sent and have no answer yet, each with the exchange that owes it.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn open(db: &Connection) -> Result<Vec<(OrderSerial, BaseUrl)>> {
    let mut statement = db.prepare_cached(sql!("coin_refunds/open"))?;
    let rows =
        statement.query_map([], |row| Ok((row.get("order_serial")?, row.get("exchange_url")?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
