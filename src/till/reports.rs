//! Reports: orders, payments and refunds in a range of time, their sums, and the history of
//! one order. Sums are exact and kept apart by currency.

use std::collections::BTreeMap;

use super::lookup::order;
use super::{Error, Principal, Till};
use crate::model::instance::InstanceSerial;
use crate::model::invalid_field::InvalidField;
use crate::model::order::{Order, Refund};
use crate::store::payments::PaymentRow;
use crate::store::reports::{self, GrantedRefund, PaidOrder, Range};
use crate::store::spool::{Spool, Spooled};
use crate::store::{self, Read, orders, payments, refunds};
use taler::amount::{Amount, Currency};
use taler::ids::OrderId;
use taler::time::Timestamp;

/// Entries that are in memory at once.
const PAGE: u32 = 500;

/// Which entries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Report {
    /// Orders, by when they were made.
    Orders,
    /// Payments, by when they were made.
    Payments,
    /// Refunds, by when they were granted.
    Refunds,
}

/// A range of time: from its first second to the first one that is too late.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DateRange {
    /// The first second.
    pub from: Timestamp,
    /// The first second that is too late.
    pub until: Timestamp,
}

/// An entry of a report.
#[derive(Clone, Debug)]
pub enum Entry {
    /// An order was made.
    Order(Box<Order>),
    /// An order was paid.
    Payment(Box<PaidOrder>),
    /// A refund was granted.
    Refund(Box<GrantedRefund>),
}

/// Turns entries of a report into a file of some format.
pub trait ReportWriter: Send + 'static {
    /// Starts the file: a heading, say.
    ///
    /// # Errors
    /// As [`Spool::write`].
    fn begin(&mut self, spool: &mut Spool) -> Result<(), Error>;

    /// Adds an entry of `ledger`. Entries come ledger by ledger, the oldest first.
    ///
    /// # Errors
    /// As [`Spool::write`].
    fn entry(&mut self, spool: &mut Spool, ledger: Report, entry: &Entry) -> Result<(), Error>;

    /// Ends the file: what a format writes only when it knows everything.
    ///
    /// # Errors
    /// As [`Spool::write`].
    fn end(&mut self, spool: &mut Spool) -> Result<(), Error>;
}

/// Hands each entry of a ledger to `take`, the oldest first, as `db` sees them now.
fn each(
    db: &Read<'_>,
    instance: InstanceSerial,
    ledger: Report,
    range: DateRange,
    mut take: impl FnMut(&Entry) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut range = Range { from: range.from, until: range.until, beyond: 0 };
    loop {
        let (entries, last): (Vec<Entry>, _) = match ledger {
            Report::Orders => {
                let page = reports::created(db, instance, range, PAGE)?;
                let last = page.last().map(|order| (order.created_at, order.serial.0));
                (page.into_iter().map(|one| Entry::Order(Box::new(one))).collect(), last)
            }
            Report::Payments => {
                let page = reports::paid(db, instance, range, PAGE)?;
                let last = page.last().and_then(|PaidOrder { order, .. }| {
                    Some((order.paid.as_ref()?.at, order.serial.0))
                });
                (page.into_iter().map(|one| Entry::Payment(Box::new(one))).collect(), last)
            }
            Report::Refunds => {
                let page = reports::refunded(db, instance, range, PAGE)?;
                let last = page.last().map(|refund| (refund.granted_at, refund.serial));
                (page.into_iter().map(|one| Entry::Refund(Box::new(one))).collect(), last)
            }
        };
        entries.iter().try_for_each(&mut take)?;
        let is_full = u32::try_from(entries.len()).is_ok_and(|count| count == PAGE);
        match last.filter(|_| is_full) {
            Some((from, beyond)) => range = Range { from, beyond, ..range },
            None => return Ok(()),
        }
    }
}

/// Adds a payment or a refund to the total of its currency.
fn count(totals: &mut BTreeMap<String, Total>, entry: &Entry) -> Result<(), InvalidField> {
    let amount = match entry {
        Entry::Order(_) => return Ok(()),
        Entry::Payment(paid) => &paid.order.amount,
        Entry::Refund(refund) => &refund.amount,
    };
    let currency = *amount.currency();
    let total = totals.entry(currency.to_string()).or_insert_with(|| Total::none(currency));
    let (count, sum) = match entry {
        Entry::Refund(_) => (&mut total.refunds, &mut total.refunded),
        Entry::Order(_) | Entry::Payment(_) => (&mut total.payments, &mut total.paid),
    };
    *count = count.saturating_add(1);
    *sum = sum.checked_add(amount).map_err(|_| InvalidField("sum"))?;
    Ok(())
}

/// Payments and refunds in one currency.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Total {
    /// Number of payments.
    pub payments: u64,
    /// All of them together.
    pub paid: Amount,
    /// Number of refunds.
    pub refunds: u64,
    /// All of them together, whenever their orders were paid.
    pub refunded: Amount,
}

impl Total {
    fn none(currency: Currency) -> Self {
        let zero = Amount::zero(currency);
        Self { payments: 0, paid: zero, refunds: 0, refunded: zero }
    }

    /// Payments less refunds; `None` when negative, because of refunds of earlier payments.
    pub fn rest(&self) -> Option<Amount> {
        self.paid.checked_sub(&self.refunded).ok()
    }

    /// By how much more went back than came in.
    pub fn lack(&self) -> Option<Amount> {
        self.refunded.checked_sub(&self.paid).ok().filter(|lack| !lack.is_zero())
    }
}

/// History of an order.
#[derive(Clone, Debug)]
pub struct History {
    /// The order's state.
    pub order: Order,
    /// When a wallet claimed it.
    pub claimed_at: Option<Timestamp>,
    /// The payment at the counter; `None`: paid with coins, or unpaid.
    pub counter: Option<PaymentRow>,
    /// Its refunds, the oldest first.
    pub refunds: Vec<Refund>,
    /// Its terms as canonical JSON.
    pub terms: String,
}

impl Till {
    /// `ledgers` of the principal's shop as a file that `writer` writes, all of one moment: nothing of what
    /// is sold, paid or refunded meanwhile is in it.
    ///
    /// # Errors
    /// [`Error::Store`], also when the disk is too full for a text that is too long for memory.
    pub async fn export(
        &self,
        principal: &Principal,
        ledgers: Vec<Report>,
        range: DateRange,
        mut writer: impl ReportWriter,
    ) -> Result<Spooled, Error> {
        // One at a time, so that read connections are left for other requests.
        let _turn = self.exporting.acquire().await.map_err(|_| store::Error::Closed)?;
        let (serial, store) = (principal.instance.serial, self.store.clone());
        self.store
            .read(move |db| {
                let mut spool = store.spool();
                writer.begin(&mut spool)?;
                for ledger in ledgers {
                    each(db, serial, ledger, range, |entry| {
                        writer.entry(&mut spool, ledger, entry)
                    })?;
                }
                writer.end(&mut spool)?;
                Ok(spool.done()?)
            })
            .await
    }

    /// Payments and refunds, by currency in alphabetical order, from one snapshot.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::InvalidField`] for a sum that no amount can be.
    pub async fn totals(
        &self,
        principal: &Principal,
        range: DateRange,
    ) -> Result<Vec<Total>, Error> {
        let serial = principal.instance.serial;
        self.store
            .read(move |db| {
                let mut totals: BTreeMap<String, Total> = BTreeMap::new();
                for ledger in [Report::Payments, Report::Refunds] {
                    each(db, serial, ledger, range, |entry| Ok(count(&mut totals, entry)?))?;
                }
                Ok(totals.into_values().collect())
            })
            .await
    }

    /// History of an order of the principal's shop.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`].
    pub fn history(&self, principal: &Principal, order_id: &OrderId) -> Result<History, Error> {
        let serial = principal.instance.serial;
        self.store.read_in_place(|db| {
            let order = order(db, serial, order_id)?;
            Ok(History {
                claimed_at: orders::claimed_at(db, order.serial)?,
                counter: payments::find(db, order.serial)?,
                refunds: refunds::list(db, order.serial)?,
                terms: orders::terms(db, order.serial)?,
                order,
            })
        })
    }
}
