//! Coins that wallets paid with, and the exchange's confirmations that it has them.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::columns::{Positional, as_serial};
use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::order::OrderSerial;
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::coin::permission::Coin;
use taler::ids::{OrderId, SessionId};
use taler::sign::{PublicKey, Signature};
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Names one coin's deposit inside the store.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DepositSerial(pub i64);
as_serial!(DepositSerial);

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
    /// The time in the exchange's confirmation, to the second.
    pub exchange_timestamp: Timestamp,
    /// The signing key.
    pub exchange_pub: PublicKey,
    /// The signature.
    pub exchange_sig: Signature,
}

/// A coin as it is kept.
#[derive(Clone, Debug)]
pub struct Deposit {
    /// The row's serial number.
    pub serial: DepositSerial,
    /// The coin and its fees.
    pub what: NewDeposit,
    /// The exchange's confirmation.
    pub confirmation: Option<Confirmation>,
    /// Without a confirmation: when the coin was last sent and no answer came that decides, so that
    /// it is unknown whether the exchange has it. `None`: the exchange does not have it, and no
    /// request with it is on its way.
    pub sent_at: Option<Timestamp>,
}

impl Deposit {
    /// Whether the exchange may have it.
    pub fn was_sent(&self) -> bool {
        self.confirmation.is_some() || self.sent_at.is_some()
    }
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

/// Whether any coins were sent for an order.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn are_there(db: &Connection, order: OrderSerial) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("deposits/are_there"))?;
    Ok(statement.exists(named_params! { ":order_serial": order })?)
}

fn read_deposit(row: &Row<'_>) -> rusqlite::Result<Deposit> {
    let mut columns = Positional::of(row);
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
        sent_at: columns.next()?,
    })
}

/// Keeps a coin that is about to be sent for the first time, at `now`. One that may have been sent
/// before, that the exchange has, or that was refunded stays as it is: a permission that was sent
/// is never replaced by another. Its number, if it was kept.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(
    tx: &mut Tx<'_>,
    order: OrderSerial,
    new: &NewDeposit,
    now: Timestamp,
) -> Result<Option<DepositSerial>> {
    let mut statement = tx.prepare_cached(sql!("deposits/keep"))?;
    let params = named_params! {
        ":order_serial": order,
        ":coin_pub": new.coin.coin_pub,
        ":coin": new.coin,
        ":deposit_fee": new.deposit_fee,
        ":refund_fee": new.refund_fee,
        ":wallet_data_hash": new.wallet_data_hash,
        ":session_id": new.session,
        ":sent_at_s": now,
    };
    Ok(statement.query_row(params, |row| row.get(0)).optional()?)
}

/// Remembers that a kept coin is about to be sent, once more or at last. One that is refunded, or
/// is to be, is not sent. Says whether it may be.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn send(tx: &mut Tx<'_>, serial: DepositSerial, now: Timestamp) -> Result<bool> {
    let sent = tx
        .prepare_cached(sql!("deposits/send"))?
        .execute(named_params! { ":serial": serial, ":now": now })?;
    Ok(sent > 0)
}

/// Takes back that a coin was sent at `sent_at`: nothing has left this machine, or the answer to
/// that very request says that the exchange did nothing. What was `before` holds again.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn not_sent(
    tx: &mut Tx<'_>,
    serial: DepositSerial,
    sent_at: Timestamp,
    before: Option<Timestamp>,
) -> Result<()> {
    tx.prepare_cached(sql!("deposits/not_sent"))?.execute(named_params! {
        ":serial": serial,
        ":sent_at_s": sent_at,
        ":before": before,
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

/// Lets go of a coin that the exchange does not have, as far as it was sent until `sent_at`. One
/// that was sent after that, was confirmed or has a refund stays.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn drop(tx: &mut Tx<'_>, serial: DepositSerial, sent_at: Option<Timestamp>) -> Result<()> {
    tx.prepare_cached(sql!("deposits/drop"))?
        .execute(named_params! { ":serial": serial, ":sent_at_s": sent_at })?;
    Ok(())
}

/// Orders with coins of which it is unknown whether their exchange has them (the daemon ended, or the
/// exchange did not answer), each with that exchange. Coins that are to be refunded are not among
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

/// A coin that was sent, and what is needed to ask its exchange about it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// For which order.
    pub order_id: OrderId,
    /// Whose order.
    pub instance: InstanceSerial,
    /// The order's contract.
    pub h_contract: HashCode,
    /// The account in it.
    pub h_wire: HashCode,
    /// The coin.
    pub coin: Coin,
    /// What depositing it costs.
    pub deposit_fee: Amount,
    /// Whether the exchange has confirmed it.
    pub is_confirmed: bool,
}

/// The coins that exchanges have, or may have, the newest first; at most `limit`.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn newest(db: &Connection, limit: u32) -> Result<Vec<Sent>> {
    let mut statement = db.prepare_cached(sql!("deposits/newest"))?;
    let rows = statement.query_map(named_params! { ":limit": limit }, |row| {
        let mut columns = Positional::of(row);
        let (order_id, instance, h_contract) = (columns.next()?, columns.next()?, columns.next()?);
        let h_wire: String = columns.next()?;
        Ok(Sent {
            order_id,
            instance,
            h_contract,
            h_wire: h_wire.parse().map_err(|_| rusqlite::Error::InvalidQuery)?,
            coin: columns.next()?,
            deposit_fee: columns.next()?,
            is_confirmed: columns.next()?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::coin_refunds::{self, NewCoinRefund, Outcome};
    use crate::store::tests::{fixture, order};
    use crate::store::{Error, Options, orders};

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs).unwrap()
    }

    fn coin(contribution: &str) -> NewDeposit {
        let coin = json!({
            "coin_pub": "0".repeat(52), "coin_sig": "0".repeat(103), "h_denom": "0".repeat(103),
            "ub_sig": { "cipher": "RSA", "rsa_signature": "G40G" },
            "contribution": contribution, "exchange_url": "https://exchange.example/",
        });
        let fee: Amount = "KUDOS:0".parse().unwrap();
        NewDeposit {
            coin: serde_json::from_value(coin).unwrap(),
            deposit_fee: fee,
            refund_fee: fee,
            wallet_data_hash: None,
            session: None,
        }
    }

    #[actix_web::test]
    async fn a_permission_that_was_sent_is_not_replaced_and_what_is_given_back_stays() {
        let f = fixture(Options::default()).await;
        let instance = f.instance;
        let new = order("A");
        let done = f.store.write::<(), Error>(move |tx| {
            assert!(orders::insert(tx, instance, &new)?);
            let order = orders::find(tx, instance, &new.order_id)?.unwrap().serial;
            let first = insert(tx, order, &coin("KUDOS:1"), at(10))?.unwrap();
            let there = |tx: &Tx<'_>| of_order(tx, order).map(|rows| rows.into_iter().next());

            // It may be in transit: it is neither replaced nor dropped.
            assert_eq!(insert(tx, order, &coin("KUDOS:2"), at(11))?, None);
            drop(tx, first, None)?;
            drop(tx, first, Some(at(9)))?;
            assert!(send(tx, first, at(12))?);
            drop(tx, first, Some(at(10)))?;
            let row = there(tx)?.unwrap();
            assert_eq!(row.what.coin.contribution, "KUDOS:1".parse().unwrap());
            assert_eq!(row.sent_at, Some(at(12)));
            // What is taken back is what was said of that very sending.
            not_sent(tx, first, at(11), None)?;
            assert_eq!(there(tx)?.unwrap().sent_at, Some(at(12)));
            not_sent(tx, first, at(12), Some(at(10)))?;
            assert_eq!(there(tx)?.unwrap().sent_at, Some(at(10)));
            assert_eq!(unfinished(tx)?.len(), 1);

            // With a refund it is neither sent nor dropped nor looked after.
            let refund = NewCoinRefund {
                deposit: first,
                grant: None,
                amount: "KUDOS:1".parse().unwrap(),
                made_at: at(13),
                wanted: true,
            };
            coin_refunds::insert(tx, &refund)?;
            assert!(!send(tx, first, at(14))?);
            drop(tx, first, Some(at(10)))?;
            assert!(there(tx)?.is_some());
            assert_eq!(unfinished(tx)?, []);
            let serial = coin_refunds::of_order(tx, order)?[0].serial;
            let done = Outcome::Done {
                exchange_pub: PublicKey::new([1; 32]),
                exchange_sig: Signature::new([2; 64]),
            };
            coin_refunds::record_outcome(tx, serial, &done)?;
            coin_refunds::drop(tx, first)?;
            drop(tx, first, Some(at(10)))?;
            assert_eq!(coin_refunds::of_order(tx, order)?.len(), 1);

            // One that was never sent may be another one.
            not_sent(tx, first, at(10), None)?;
            assert_eq!(insert(tx, order, &coin("KUDOS:3"), at(20))?, None, "it has a refund");
            Ok(())
        });
        done.await.unwrap();
    }
}
