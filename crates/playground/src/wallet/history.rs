//! What the wallet did, for its owner: withdrawals, payments, refunds, changes of coins.

use std::cmp::Reverse;

use rusqlite::{Connection, named_params};

use super::contract::Contract;
use super::purchases::State;
use super::{Error, Wallet, sql};
use taler::amount::Amount;
use taler::ids::OrderId;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Most entries of each kind that are listed.
const MAX_ENTRIES: i64 = 1_000;

/// Something that the wallet did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When; `None` if it was before the wallet kept times.
    pub at: Option<Timestamp>,
    /// How much it was about. Of a withdrawal and of a change what it cost, with fees; of a payment the
    /// price; of a refund what arrived.
    pub amount: Amount,
    /// The exchange or the shop.
    pub with: BaseUrl,
    /// What it was.
    pub event: Event,
}

/// What the wallet did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Coins were withdrawn.
    Withdrawal {
        /// Some of them are not there yet.
        is_pending: bool,
    },
    /// An order was claimed, and perhaps paid.
    Purchase {
        /// Which one.
        order: OrderId,
        /// What the shop calls it.
        summary: String,
        /// How far it is: `claimed`, `paying`, `paid`, `aborting` or `aborted`.
        state: &'static str,
        /// Why the payment is or was called off.
        reason: Option<String>,
    },
    /// The shop gave some of a payment back.
    Refund {
        /// Of which order.
        order: OrderId,
    },
    /// What was left of a coin was changed into new ones.
    Change {
        /// The new coins are not there yet.
        is_pending: bool,
        /// The exchange did not change it.
        is_refused: bool,
    },
}

impl Wallet {
    /// What the wallet did, the newest first. Blocks, but speaks with nobody.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn history(&self) -> Result<Vec<Entry>, Error> {
        self.0.file.look(|db| {
            let mut all = withdrawals(db)?;
            all.extend(purchases(db)?);
            all.extend(refunds(db)?);
            all.extend(changes(db)?);
            // Of the same second, a payment comes before what followed from it.
            all.sort_by_key(|entry| Reverse(entry.at));
            Ok(all)
        })
    }
}

fn withdrawals(db: &Connection) -> Result<Vec<Entry>, Error> {
    let mut statement = db.prepare_cached(sql!("history/withdrawals"))?;
    let rows = statement.query_map(named_params! { ":limit": MAX_ENTRIES }, |row| {
        Ok(Entry {
            at: row.get("made_at_s")?,
            amount: row.get("price")?,
            with: row.get("base_url")?,
            event: Event::Withdrawal { is_pending: !row.get::<_, bool>("is_done")? },
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn purchases(db: &Connection) -> Result<Vec<Entry>, Error> {
    let mut statement = db.prepare_cached(sql!("history/purchases"))?;
    let mut rows = statement.query(named_params! { ":limit": MAX_ENTRIES })?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let contract =
            Contract::read(row.get("contract")?).map_err(|_| Error::Damaged("a contract"))?;
        entries.push(Entry {
            at: Some(contract.terms.timestamp),
            amount: contract.terms.amount,
            with: row.get("base_url")?,
            event: Event::Purchase {
                order: row.get("order_id")?,
                summary: contract.terms.summary,
                state: row.get::<_, State>("state")?.word(),
                reason: row.get("reason")?,
            },
        });
    }
    Ok(entries)
}

fn refunds(db: &Connection) -> Result<Vec<Entry>, Error> {
    let mut statement = db.prepare_cached(sql!("history/refunds"))?;
    let mut rows = statement.query(named_params! { ":limit": MAX_ENTRIES })?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let (amount, fee): (Amount, Amount) = (row.get("amount")?, row.get("fee_refund")?);
        entries.push(Entry {
            at: row.get("made_at_s")?,
            amount: amount.checked_sub(&fee)?,
            with: row.get("base_url")?,
            event: Event::Refund { order: row.get("order_id")? },
        });
    }
    Ok(entries)
}

fn changes(db: &Connection) -> Result<Vec<Entry>, Error> {
    let mut statement = db.prepare_cached(sql!("history/refreshes"))?;
    let rows = statement.query_map(named_params! { ":limit": MAX_ENTRIES }, |row| {
        let state: String = row.get("state")?;
        Ok(Entry {
            at: row.get("made_at_s")?,
            amount: row.get("amount")?,
            with: row.get("base_url")?,
            event: Event::Change {
                is_pending: matches!(state.as_str(), "melting" | "melted"),
                is_refused: state == "refused",
            },
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
