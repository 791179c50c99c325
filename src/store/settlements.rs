//! What exchanges have to wire, order by order, and by which transfer each coin was paid (settlement 4).

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::columns::Positional;
use super::deposits::DepositSerial;
use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::order::OrderSerial;
use crate::model::transfer::{AccountSerial, ExpectedTransferSerial, SettlementState, Trouble};
use taler::amount::Amount;
use taler::base32::{HashCode, ShortHash};
use taler::ids::OrderId;
use taler::sign::{PublicKey, Signature};
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// What an exchange has to wire for an order.
#[derive(Clone, Debug)]
pub struct NewSettlement<'a> {
    /// Which order.
    pub order: OrderSerial,
    /// Which exchange.
    pub exchange_url: &'a BaseUrl,
    /// Whose order.
    pub instance: InstanceSerial,
    /// To which of its accounts.
    pub h_wire: HashCode,
    /// When the exchange is asked about it.
    pub due: Timestamp,
}

/// Keeps what an exchange has to wire; what is kept already stays.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, new: &NewSettlement<'_>) -> Result<()> {
    tx.prepare_cached(sql!("settlements/insert"))?.execute(named_params! {
        ":order_serial": new.order,
        ":exchange_url": new.exchange_url,
        ":instance": new.instance,
        ":h_wire": new.h_wire,
        ":due_s": new.due,
    })?;
    Ok(())
}

/// When an exchange is to be asked about an order next; `None` if it owes nothing.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn next_due(db: &Connection, exchange_url: &BaseUrl) -> Result<Option<Timestamp>> {
    let mut statement = db.prepare_cached(sql!("settlements/next_due"))?;
    let params = named_params! { ":exchange_url": exchange_url };
    Ok(statement.query_row(params, |row| row.get("due_s"))?)
}

/// An order about which an exchange is to be asked now.
#[derive(Clone, Copy, Debug)]
pub struct DueSettlement {
    /// Which order.
    pub order: OrderSerial,
    /// To which account, if that was looked up before.
    pub account: Option<AccountSerial>,
    /// How often in a row the exchange was asked in vain.
    pub tries: u32,
}

/// The order about which this exchange is to be asked first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn due(
    db: &Connection,
    exchange_url: &BaseUrl,
    now: Timestamp,
) -> Result<Option<DueSettlement>> {
    let mut statement = db.prepare_cached(sql!("settlements/due"))?;
    let params = named_params! { ":exchange_url": exchange_url, ":now_s": now };
    let read = |row: &Row<'_>| {
        Ok(DueSettlement {
            order: row.get("order_serial")?,
            account: row.get("account_serial")?,
            tries: row.get("tries")?,
        })
    };
    Ok(statement.query_row(params, read).optional()?)
}

/// Has an exchange asked about an order again at `due`, after so many vain questions, and keeps what is wrong.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn postpone(
    tx: &mut Tx<'_>,
    order: OrderSerial,
    exchange_url: &BaseUrl,
    due: Timestamp,
    tries: u32,
    trouble: Option<&Trouble>,
) -> Result<()> {
    tx.prepare_cached(sql!("settlements/postpone"))?.execute(named_params! {
        ":order_serial": order,
        ":exchange_url": exchange_url,
        ":due_s": due,
        ":tries": tries,
        ":trouble_code": trouble.map(|trouble| trouble.code),
        ":trouble_coin": trouble.and_then(|trouble| trouble.coin),
        ":trouble_status": trouble.and_then(|trouble| trouble.status),
        ":trouble_exchange_code": trouble.and_then(|trouble| trouble.exchange_code),
    })?;
    Ok(())
}

/// Has an exchange asked about no order of an account before `until`; of `limit` orders at most, for which
/// others wait. How many there were.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn postpone_account(
    tx: &mut Tx<'_>,
    account: AccountSerial,
    exchange_url: &BaseUrl,
    until: Timestamp,
    limit: u32,
) -> Result<usize> {
    Ok(tx.prepare_cached(sql!("settlements/postpone_account"))?.execute(named_params! {
        ":account_serial": account,
        ":exchange_url": exchange_url,
        ":until_s": until,
        ":limit": limit,
    })?)
}

/// Has an exchange asked about an order at once.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn hasten(
    tx: &mut Tx<'_>,
    order: OrderSerial,
    exchange_url: &BaseUrl,
    now: Timestamp,
) -> Result<()> {
    tx.prepare_cached(sql!("settlements/hasten"))?.execute(named_params! {
        ":order_serial": order,
        ":exchange_url": exchange_url,
        ":now_s": now,
    })?;
    Ok(())
}

/// Keeps which account an order's money goes to, where a migration could not look that up.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn set_account(
    tx: &mut Tx<'_>,
    order: OrderSerial,
    exchange_url: &BaseUrl,
    account: AccountSerial,
) -> Result<()> {
    tx.prepare_cached(sql!("settlements/set_account"))?.execute(named_params! {
        ":order_serial": order,
        ":exchange_url": exchange_url,
        ":account_serial": account,
    })?;
    Ok(())
}

/// Ends what an exchange has to wire for an order; `false` if it has ended before.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn close(
    tx: &mut Tx<'_>,
    order: OrderSerial,
    exchange_url: &BaseUrl,
    state: SettlementState,
    now: Timestamp,
) -> Result<bool> {
    let closed = tx.prepare_cached(sql!("settlements/close"))?.execute(named_params! {
        ":order_serial": order,
        ":exchange_url": exchange_url,
        ":state": state.number(),
        ":now_s": now,
    })?;
    Ok(closed > 0)
}

/// What one exchange has to wire for an order.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Which exchange.
    pub exchange_url: BaseUrl,
    /// How far it is.
    pub state: SettlementState,
    /// What is wrong.
    pub trouble: Option<Trouble>,
}

/// What exchanges have to wire for an order; nothing if it was not paid with coins.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn of_order(db: &Connection, order: OrderSerial) -> Result<Vec<Settlement>> {
    let mut statement = db.prepare_cached(sql!("settlements/of_order"))?;
    let rows = statement.query_map(named_params! { ":order_serial": order }, |row| {
        let state: i64 = row.get("state")?;
        let code: Option<u32> = row.get("trouble_code")?;
        let (coin, status) = (row.get("trouble_coin")?, row.get("trouble_status")?);
        let exchange_code = row.get("trouble_exchange_code")?;
        Ok(Settlement {
            exchange_url: row.get("exchange_url")?,
            state: SettlementState::of(state).ok_or(rusqlite::Error::InvalidQuery)?,
            trouble: code.map(|code| Trouble { code, coin, status, exchange_code }),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Calls `take` with each order of an instance for which an exchange has still to wire, and the hash of its
/// contract, in the order in which that is due, until `take` returns `false`.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn open_contracts<E: From<super::Error>>(
    db: &Connection,
    instance: InstanceSerial,
    exchange_url: &BaseUrl,
    mut take: impl FnMut(OrderSerial, HashCode) -> std::result::Result<bool, E>,
) -> std::result::Result<(), E> {
    let sqlite = |error: rusqlite::Error| E::from(error.into());
    let mut statement = db.prepare_cached(sql!("settlements/open_contracts")).map_err(sqlite)?;
    let params = named_params! { ":instance": instance, ":exchange_url": exchange_url };
    let mut rows = statement.query(params).map_err(sqlite)?;
    while let Some(row) = rows.next().map_err(sqlite)? {
        let order = row.get("order_serial").map_err(sqlite)?;
        let Some(h_contract) = row.get("h_contract").map_err(sqlite)? else { continue };
        if !take(order, h_contract)? {
            break;
        }
    }
    Ok(())
}

/// Calls `take` with each coin that was sent for any order of an instance, whatever came of it: the order,
/// the coin and the hash of the contract.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn all_coins(
    db: &Connection,
    instance: InstanceSerial,
    mut take: impl FnMut(OrderSerial, PublicKey, HashCode),
) -> Result<()> {
    let mut statement = db.prepare_cached(sql!("deposits/of_instance"))?;
    let mut rows = statement.query(named_params! { ":instance": instance })?;
    while let Some(row) = rows.next()? {
        take(row.get("order_serial")?, row.get("coin_pub")?, row.get("h_contract")?);
    }
    Ok(())
}

/// The exchange's word by which transfer a coin's deposit was paid.
#[derive(Clone, Copy, Debug)]
pub struct NamedWire {
    /// When the transfer was made.
    pub execution_time: Timestamp,
    /// What the coin gave, without the deposit fee.
    pub coin_contribution: Amount,
    /// With which key the exchange signed.
    pub exchange_pub: PublicKey,
    /// The signature.
    pub exchange_sig: Signature,
}

/// Keeps by which transfer an exchange says to have paid a coin's deposit; what it said before stays.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn name(
    tx: &mut Tx<'_>,
    deposit: DepositSerial,
    transfer: ExpectedTransferSerial,
    wire: &NamedWire,
) -> Result<()> {
    tx.prepare_cached(sql!("coin_wires/name"))?.execute(named_params! {
        ":deposit_serial": deposit,
        ":expected_serial": transfer,
        ":execution_s": wire.execution_time,
        ":coin_contribution": wire.coin_contribution,
        ":exchange_pub": wire.exchange_pub,
        ":exchange_sig": wire.exchange_sig,
    })?;
    Ok(())
}

/// A coin as the list of a transfer has it.
#[derive(Clone, Copy, Debug)]
pub struct ListedWire {
    /// Which coin's deposit.
    pub deposit: DepositSerial,
    /// Its place in the list.
    pub position: u32,
    /// What is left of its contribution after refunds.
    pub deposit_value: Amount,
    /// What of that is the fee.
    pub deposit_fee: Amount,
    /// What was refunded.
    pub refund_total: Amount,
}

/// Keeps that the list of a transfer, which was made at `execution_time`, has a coin.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn list(
    tx: &mut Tx<'_>,
    transfer: ExpectedTransferSerial,
    execution_time: Timestamp,
    wire: &ListedWire,
) -> Result<()> {
    tx.prepare_cached(sql!("coin_wires/list"))?.execute(named_params! {
        ":deposit_serial": wire.deposit,
        ":expected_serial": transfer,
        ":execution_s": execution_time,
        ":position": wire.position,
        ":deposit_value": wire.deposit_value,
        ":deposit_fee": wire.deposit_fee,
        ":refund_total": wire.refund_total,
    })?;
    Ok(())
}

/// By which transfer one coin of an order was paid.
#[derive(Clone, Debug)]
pub struct CoinWire {
    /// Which coin's deposit.
    pub deposit: DepositSerial,
    /// The coin.
    pub coin_pub: PublicKey,
    /// Which transfer.
    pub transfer: ExpectedTransferSerial,
    /// Of which exchange.
    pub exchange_url: BaseUrl,
    /// The transfer's name.
    pub wtid: ShortHash,
    /// Taler's code of what is wrong with the transfer; 0: nothing.
    pub last_code: u32,
    /// HTTP status of the exchange's last answer about the transfer; 0: none.
    pub last_status: u16,
    /// When it was made.
    pub execution_time: Timestamp,
    /// What the list of the transfer has: what is left after refunds, what of that is the fee, and what was
    /// refunded. `None` if there is no list.
    pub listed: Option<(Amount, Amount, Amount)>,
    /// What the exchange said that the coin gave, without the deposit fee.
    pub coin_contribution: Option<Amount>,
    /// Whether the shop has seen the transfer on its account.
    pub is_confirmed: bool,
    /// Whether the coin counts as wired: the list fits, or the transfer has arrived.
    pub is_wired: bool,
}

/// By which transfers an order's coins were paid, as far as exchanges have said.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn wires_of_order(db: &Connection, order: OrderSerial) -> Result<Vec<CoinWire>> {
    let mut statement = db.prepare_cached(sql!("coin_wires/of_order"))?;
    let rows = statement.query_map(named_params! { ":order_serial": order }, |row| {
        let mut columns = Positional::of(row);
        Ok(CoinWire {
            deposit: columns.next()?,
            coin_pub: columns.next()?,
            transfer: columns.next()?,
            exchange_url: columns.next()?,
            wtid: columns.next()?,
            last_code: columns.next()?,
            last_status: columns.next()?,
            execution_time: columns.next()?,
            listed: match (columns.next()?, columns.next()?, columns.next()?) {
                (Some(value), Some(fee), Some(refunded)) => Some((value, fee, refunded)),
                _ => None,
            },
            coin_contribution: columns.next()?,
            is_confirmed: columns.next()?,
            is_wired: columns.next()?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A coin that a transfer paid for.
#[derive(Clone, Debug)]
pub struct TransferredCoin {
    /// Of which order.
    pub order: OrderSerial,
    /// The order's name.
    pub order_id: OrderId,
    /// The order's contract.
    pub h_contract: Option<HashCode>,
    /// The coin.
    pub coin_pub: PublicKey,
    /// As in [`CoinWire::listed`].
    pub listed: Option<(Amount, Amount, Amount)>,
}

/// The coins that a transfer paid for, in the order of its list.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn wires_of_transfer(
    db: &Connection,
    transfer: ExpectedTransferSerial,
) -> Result<Vec<TransferredCoin>> {
    let mut statement = db.prepare_cached(sql!("coin_wires/of_transfer"))?;
    let rows = statement.query_map(named_params! { ":expected_serial": transfer }, |row| {
        let mut columns = Positional::of(row);
        Ok(TransferredCoin {
            order: columns.next()?,
            order_id: columns.next()?,
            h_contract: columns.next()?,
            coin_pub: columns.next()?,
            listed: match (columns.next()?, columns.next()?, columns.next()?) {
                (Some(value), Some(fee), Some(refunded)) => Some((value, fee, refunded)),
                _ => None,
            },
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
