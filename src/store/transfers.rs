//! Transfers of exchanges to the shop's accounts: those that exchanges have named (*expected*), and those that
//! have arrived (*confirmed*); settlement 3.1, 3.2 and 4.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::columns::Positional;
use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::transfer::{
    AccountSerial, ExpectedTransferSerial, TransferSerial, TransferSource,
};
use taler::amount::Amount;
use taler::base32::ShortHash;
use taler::payto::Payto;
use taler::sign::{PublicKey, Signature};
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Names a transfer at its exchange and at the bank.
#[derive(Clone, Debug)]
pub struct TransferName {
    /// Whose account.
    pub instance: InstanceSerial,
    /// To which account.
    pub account: AccountSerial,
    /// Of which exchange.
    pub exchange_url: BaseUrl,
    /// The name in the subject.
    pub wtid: ShortHash,
}

/// Who has named a transfer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NamedBy {
    /// The exchange, for a coin.
    Exchange,
    /// Only the shop, which has seen it at its bank.
    Shop,
}

/// Keeps that there is a transfer, whose list is to be asked for now: also anew, if the exchange names it for a
/// coin, for the list of before did not have that. Its number.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn expect(
    tx: &mut Tx<'_>,
    name: &TransferName,
    by: NamedBy,
    execution_time: Option<Timestamp>,
    now: Timestamp,
) -> Result<ExpectedTransferSerial> {
    let mut statement = tx.prepare_cached(sql!("expected_transfers/upsert"))?;
    let params = named_params! {
        ":instance": name.instance,
        ":account_serial": name.account,
        ":exchange_url": name.exchange_url,
        ":wtid": name.wtid,
        ":is_named": by == NamedBy::Exchange,
        ":execution_s": execution_time,
        ":now_s": now,
    };
    Ok(statement.query_row(params, |row| row.get("serial"))?)
}

/// A transfer, and what its exchange says of it.
#[derive(Clone, Debug)]
pub struct ExpectedTransfer {
    /// Its number.
    pub serial: ExpectedTransferSerial,
    /// Whose account.
    pub instance: InstanceSerial,
    /// To which account.
    pub account: AccountSerial,
    /// The account's full URI.
    pub payto_uri: Payto,
    /// Of which exchange.
    pub exchange_url: BaseUrl,
    /// Its name.
    pub wtid: ShortHash,
    /// Whether the exchange has named it for a coin.
    pub is_named: bool,
    /// When it was made.
    pub execution_time: Option<Timestamp>,
    /// What arrives, by the list.
    pub total: Option<Amount>,
    /// What the transfer cost, by the list.
    pub wire_fee: Option<Amount>,
    /// Whether the list fits what the shop knows; `None` without a list.
    pub validated: Option<bool>,
    /// HTTP status of the exchange's last answer; 0: none.
    pub last_status: u16,
    /// Taler's code of what is wrong; 0: nothing.
    pub last_code: u32,
    /// The same in words.
    pub last_detail: Option<String>,
    /// How often in a row it was asked for in vain.
    pub tries: u32,
    /// What the shop has seen of it on its account; `None`: nothing.
    pub arrived: Option<Amount>,
}

fn read_expected(row: &Row<'_>) -> rusqlite::Result<ExpectedTransfer> {
    let mut columns = Positional::of(row);
    Ok(ExpectedTransfer {
        serial: columns.next()?,
        instance: columns.next()?,
        account: columns.next()?,
        payto_uri: columns.next()?,
        exchange_url: columns.next()?,
        wtid: columns.next()?,
        is_named: columns.next()?,
        execution_time: columns.next()?,
        total: columns.next()?,
        wire_fee: columns.next()?,
        validated: columns.next()?,
        last_status: columns.next()?,
        last_code: columns.next()?,
        last_detail: columns.next()?,
        tries: columns.next()?,
        arrived: columns.next()?,
    })
}

/// When a list is to be asked for at an exchange next; `None` if none is.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn next_due(db: &Connection, exchange_url: &BaseUrl) -> Result<Option<Timestamp>> {
    let mut statement = db.prepare_cached(sql!("expected_transfers/next_due"))?;
    let params = named_params! { ":exchange_url": exchange_url };
    Ok(statement.query_row(params, |row| row.get("next_ask_s"))?)
}

/// The transfer whose list is to be asked for first at this exchange.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn due(
    db: &Connection,
    exchange_url: &BaseUrl,
    now: Timestamp,
) -> Result<Option<ExpectedTransfer>> {
    let mut statement =
        db.prepare_cached(sql!("expected_transfers/columns" + "expected_transfers/find_due"))?;
    let params = named_params! { ":exchange_url": exchange_url, ":now_s": now };
    Ok(statement.query_row(params, read_expected).optional()?)
}

/// The transfer of this number.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find_expected(
    db: &Connection,
    instance: InstanceSerial,
    serial: ExpectedTransferSerial,
) -> Result<Option<ExpectedTransfer>> {
    let mut statement =
        db.prepare_cached(sql!("expected_transfers/columns" + "expected_transfers/find"))?;
    let params = named_params! { ":instance": instance, ":serial": serial };
    Ok(statement.query_row(params, read_expected).optional()?)
}

/// What is wrong with an answer about a transfer.
#[derive(Clone, Debug)]
pub struct Failure {
    /// HTTP status of the answer; 0: none came.
    pub status: u16,
    /// Taler's code.
    pub code: u32,
    /// The same in words.
    pub detail: String,
}

/// Has a list asked for again at `next`, after so many vain questions, because of a failure.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn postpone(
    tx: &mut Tx<'_>,
    serial: ExpectedTransferSerial,
    next: Timestamp,
    tries: u32,
    failure: &Failure,
) -> Result<()> {
    tx.prepare_cached(sql!("expected_transfers/postpone"))?.execute(named_params! {
        ":serial": serial,
        ":next_ask_s": next,
        ":tries": tries,
        ":last_status": failure.status,
        ":last_code": failure.code,
        ":last_detail": failure.detail,
    })?;
    Ok(())
}

/// A signed list of a transfer, and what came of comparing it.
#[derive(Clone, Debug)]
pub struct ListRow {
    /// When the transfer was made.
    pub execution_time: Timestamp,
    /// What arrives.
    pub total: Amount,
    /// What the transfer cost.
    pub wire_fee: Amount,
    /// With which key the exchange signed.
    pub exchange_pub: PublicKey,
    /// The signature.
    pub exchange_sig: Signature,
    /// What is wrong with it.
    pub failure: Option<Failure>,
    /// Whether what it names is paid: nothing but perhaps the wire fee is wrong.
    pub is_paid: bool,
    /// The list itself as JSON, if it is evidence against the exchange.
    pub evidence: Option<String>,
    /// When it is to be asked for again.
    pub next_ask: Option<Timestamp>,
    /// How often in a row it was asked for in vain.
    pub tries: u32,
}

/// Keeps the list of a transfer, but for the coins in it.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn record(tx: &mut Tx<'_>, serial: ExpectedTransferSerial, list: &ListRow) -> Result<()> {
    tx.prepare_cached(sql!("expected_transfers/record"))?.execute(named_params! {
        ":serial": serial,
        ":execution_s": list.execution_time,
        ":total": list.total,
        ":wire_fee": list.wire_fee,
        ":exchange_pub": list.exchange_pub,
        ":exchange_sig": list.exchange_sig,
        ":validated": list.failure.is_none(),
        ":is_paid": list.is_paid,
        ":last_code": list.failure.as_ref().map_or(0, |failure| failure.code),
        ":last_detail": list.failure.as_ref().map(|failure| &failure.detail),
        ":reply": list.evidence,
        ":next_ask_s": list.next_ask,
        ":tries": list.tries,
    })?;
    Ok(())
}

/// Keeps that all coins of a transfer's list are kept, so that it need not be asked for again.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn finish(tx: &mut Tx<'_>, serial: ExpectedTransferSerial) -> Result<()> {
    tx.prepare_cached(sql!("expected_transfers/finish"))?
        .execute(named_params! { ":serial": serial })?;
    Ok(())
}

/// Which transfers a list shall show.
#[derive(Clone, Debug, Default)]
pub struct TransferFilter {
    /// To this account.
    pub payto_uri: Option<Payto>,
    /// Made after this time.
    pub after: Option<Timestamp>,
    /// Made before this time.
    pub before: Option<Timestamp>,
    /// Of confirmed ones: those that an exchange has named, or the others.
    pub expected: Option<bool>,
    /// Of expected ones: those whose list fits, or the others.
    pub verified: Option<bool>,
    /// Of expected ones: those that have arrived, or the others.
    pub confirmed: Option<bool>,
}

/// Transfers that exchanges have named for coins of the instance, beyond `offset`: older ones for a negative
/// `limit`, newer ones for a positive one, at most as many as it says.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list_expected(
    db: &Connection,
    instance: InstanceSerial,
    filter: &TransferFilter,
    limit: i64,
    offset: Option<i64>,
) -> Result<Vec<ExpectedTransfer>> {
    let newer = limit > 0;
    let mut statement = db.prepare_cached(match newer {
        false => sql!(
            "expected_transfers/columns"
                + "expected_transfers/older"
                + "expected_transfers/filters"
                + "expected_transfers/newest_first"
        ),
        true => sql!(
            "expected_transfers/columns"
                + "expected_transfers/newer"
                + "expected_transfers/filters"
                + "expected_transfers/oldest_first"
        ),
    })?;
    let params = named_params! {
        ":instance": instance,
        ":offset": offset.unwrap_or(if newer { 0 } else { i64::MAX }),
        ":limit": limit.saturating_abs(),
        ":payto_uri": filter.payto_uri,
        ":after_s": filter.after,
        ":before_s": filter.before,
        ":verified": filter.verified,
        ":confirmed": filter.confirmed,
    };
    let rows = statement.query_map(params, read_expected)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A transfer that has arrived.
#[derive(Clone, Debug)]
pub struct ConfirmedTransfer {
    /// Its number.
    pub serial: TransferSerial,
    /// On which account.
    pub payto_uri: Payto,
    /// Of which exchange.
    pub exchange_url: BaseUrl,
    /// Its name.
    pub wtid: ShortHash,
    /// What arrived.
    pub credit_amount: Amount,
    /// When, as far as known.
    pub execution_time: Timestamp,
    /// Whether the exchange's list fits; `None` without one.
    pub validated: Option<bool>,
    /// What should have arrived, by the list.
    pub total: Option<Amount>,
    /// Whether the exchange has named it for a coin.
    pub is_named: bool,
}

/// Transfers that have arrived, beyond `offset`, as in [`list_expected`].
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(
    db: &Connection,
    instance: InstanceSerial,
    filter: &TransferFilter,
    limit: i64,
    offset: Option<i64>,
) -> Result<Vec<ConfirmedTransfer>> {
    let newer = limit > 0;
    let mut statement = db.prepare_cached(match newer {
        false => sql!(
            "transfers/columns"
                + "transfers/older"
                + "transfers/filters"
                + "transfers/newest_first"
        ),
        true => sql!(
            "transfers/columns"
                + "transfers/newer"
                + "transfers/filters"
                + "transfers/oldest_first"
        ),
    })?;
    let params = named_params! {
        ":instance": instance,
        ":offset": offset.unwrap_or(if newer { 0 } else { i64::MAX }),
        ":limit": limit.saturating_abs(),
        ":payto_uri": filter.payto_uri,
        ":after_s": filter.after,
        ":before_s": filter.before,
        ":expected": filter.expected,
    };
    let rows = statement.query_map(params, |row| {
        let mut columns = Positional::of(row);
        Ok(ConfirmedTransfer {
            serial: columns.next()?,
            payto_uri: columns.next()?,
            exchange_url: columns.next()?,
            wtid: columns.next()?,
            credit_amount: columns.next()?,
            execution_time: columns.next()?,
            validated: columns.next()?,
            total: columns.next()?,
            is_named: columns.next()?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps that a transfer has arrived; `None` if that is new, else the amount that was said before.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(
    tx: &mut Tx<'_>,
    name: &TransferName,
    credit_amount: &Amount,
    execution_time: Timestamp,
    source: TransferSource,
) -> Result<Option<Amount>> {
    let changed = tx.prepare_cached(sql!("transfers/insert"))?.execute(named_params! {
        ":instance": name.instance,
        ":account_serial": name.account,
        ":exchange_url": name.exchange_url,
        ":wtid": name.wtid,
        ":credit_amount": credit_amount,
        ":execution_s": execution_time,
        ":source": source,
    })?;
    if changed > 0 {
        return Ok(None);
    }
    let mut statement = tx.prepare_cached(sql!("transfers/amount"))?;
    let params = named_params! {
        ":account_serial": name.account,
        ":exchange_url": name.exchange_url,
        ":wtid": name.wtid,
    };
    Ok(Some(statement.query_row(params, |row| row.get("credit_amount"))?))
}

/// Whether the instance has a confirmed transfer of this number.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_there(db: &Connection, instance: InstanceSerial, serial: TransferSerial) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("transfers/is_there"))?;
    Ok(statement.exists(named_params! { ":instance": instance, ":serial": serial })?)
}

/// Whether the exchange has said anything of a confirmed transfer: named it for a coin, or listed it.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_answered(db: &Connection, serial: TransferSerial) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("expected_transfers/is_answered"))?;
    Ok(statement.exists(named_params! { ":serial": serial })?)
}

/// Takes back that a transfer has arrived.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, serial: TransferSerial) -> Result<()> {
    tx.prepare_cached(sql!("transfers/delete"))?.execute(named_params! { ":serial": serial })?;
    Ok(())
}

/// How all transfers stand.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TransferCounts {
    /// Without a list so far.
    pub waiting: u32,
    /// With a list that does not fit.
    pub conflicting: u32,
}

/// How the transfers of all instances stand.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn counts(db: &Connection) -> Result<TransferCounts> {
    let mut statement = db.prepare_cached(sql!("expected_transfers/count"))?;
    Ok(statement.query_row([], |row| {
        Ok(TransferCounts { waiting: row.get("waiting")?, conflicting: row.get("conflicting")? })
    })?)
}
