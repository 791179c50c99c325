//! Reports: orders, payments and refunds in a range of time, their sums, and the history of
//! one order. Sums are exact and kept apart by currency.

use std::collections::BTreeMap;

use super::lookup::order;
use super::taxes::{self, Digits};
use super::{Error, Principal, Till};
use crate::model::instance::InstanceSerial;
use crate::model::invalid_field::InvalidField;
use crate::model::order::{Order, PaymentMethod, Refund};
use crate::model::tax::{TaxSum, TaxSums};
use crate::store::payments::PaymentRow;
use crate::store::reports::{self, GrantedRefund, PaidOrder, Range};
use crate::store::spool::{Spool, Spooled};
use crate::store::{self, Read, cashiers, orders, payments, refunds};
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
    /// Payments and then refunds, rate of tax by rate.
    Taxes,
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
    /// An order was made, by this cashier.
    Order(Box<Order>, Option<String>),
    /// An order was paid; its cashier.
    Payment(Box<PaidOrder>, Option<String>),
    /// A refund was granted; the cashier of its order.
    Refund(Box<GrantedRefund>, Option<String>),
    /// Something was paid or refunded with a rate of tax.
    Tax(Box<TaxEntry>),
}

/// What of a payment or a refund belongs to one rate of tax.
#[derive(Clone, Debug)]
pub struct TaxEntry {
    /// Of which order.
    pub order_id: OrderId,
    /// When it was paid or the refund was granted.
    pub at: Timestamp,
    /// Whether it was refunded.
    pub is_refund: bool,
    /// What was bought.
    pub summary: String,
    /// How it was paid at the counter; `None`: with coins, or it is a refund.
    pub counter: Option<PaymentMethod>,
    /// Whether it was paid at the counter, and so refunded there.
    pub at_counter: bool,
    /// The cashier of the order.
    pub cashier: Option<String>,
    /// The rate, and what belongs to it.
    pub sum: TaxSum,
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
    digits: &Digits,
    take: &mut dyn FnMut(&Entry) -> Result<(), Error>,
) -> Result<(), Error> {
    if ledger == Report::Taxes {
        for ledger in [Report::Payments, Report::Refunds] {
            each(db, instance, ledger, range, digits, &mut |entry| {
                by_rate(db, entry, digits)?
                    .into_iter()
                    .try_for_each(|one| take(&Entry::Tax(Box::new(one))))
            })?;
        }
        return Ok(());
    }
    let mut range = Range { from: range.from, until: range.until, beyond: 0 };
    loop {
        let (entries, last): (Vec<Entry>, _) = match ledger {
            Report::Orders => {
                let page = reports::created(db, instance, range, PAGE)?;
                let last = page.last().map(|order| (order.created_at, order.serial.0));
                let with_cashier = |one: Order| {
                    let cashier = cashiers::seller(db, one.serial)?;
                    Ok(Entry::Order(Box::new(one), cashier))
                };
                (page.into_iter().map(with_cashier).collect::<store::Result<_>>()?, last)
            }
            Report::Payments => {
                let page = reports::paid(db, instance, range, PAGE)?;
                let last = page.last().and_then(|PaidOrder { order, .. }| {
                    Some((order.paid.as_ref()?.at, order.serial.0))
                });
                let with_cashier = |one: PaidOrder| {
                    let cashier = cashiers::seller(db, one.order.serial)?;
                    Ok(Entry::Payment(Box::new(one), cashier))
                };
                (page.into_iter().map(with_cashier).collect::<store::Result<_>>()?, last)
            }
            Report::Refunds => {
                let page = reports::refunded(db, instance, range, PAGE)?;
                let last = page.last().map(|refund| (refund.granted_at, refund.serial));
                let with_cashier = |one: GrantedRefund| {
                    let cashier = cashiers::seller(db, one.order)?;
                    Ok(Entry::Refund(Box::new(one), cashier))
                };
                (page.into_iter().map(with_cashier).collect::<store::Result<_>>()?, last)
            }
            Report::Taxes => return Ok(()),
        };
        entries.iter().try_for_each(&mut *take)?;
        let is_full = u32::try_from(entries.len()).is_ok_and(|count| count == PAGE);
        match last.filter(|_| is_full) {
            Some((from, beyond)) => range = Range { from, beyond, ..range },
            None => return Ok(()),
        }
    }
}

/// The taxes in a payment or a refund.
fn taxes_of(db: &Read<'_>, entry: &Entry, digits: &Digits) -> Result<Option<TaxSums>, Error> {
    Ok(match entry {
        Entry::Order(..) | Entry::Tax(_) => None,
        Entry::Payment(paid, _) => {
            Some(taxes::of_order(db, paid.order.serial, &paid.order.amount, digits)?)
        }
        Entry::Refund(refund, _) => {
            Some(taxes::of_refund(db, refund.order, &refund.price, refund.serial, digits)?)
        }
    })
}

/// A payment or a refund, rate of tax by rate.
fn by_rate(db: &Read<'_>, entry: &Entry, digits: &Digits) -> Result<Vec<TaxEntry>, Error> {
    let Some(taxes) = taxes_of(db, entry, digits)? else { return Ok(Vec::new()) };
    let (order_id, at, summary, counter, at_counter, cashier) = match entry {
        Entry::Order(..) | Entry::Tax(_) => return Ok(Vec::new()),
        Entry::Payment(paid, cashier) => {
            let PaidOrder { order, counter } = &**paid;
            let at = order.paid.as_ref().map_or(order.timestamp, |paid| paid.at);
            let method = counter.as_ref().map(|counter| counter.method.clone());
            (&order.order_id, at, &order.summary, method, counter.is_some(), cashier)
        }
        Entry::Refund(refund, cashier) => {
            let GrantedRefund { order_id, granted_at, summary, at_counter, .. } = &**refund;
            (order_id, *granted_at, summary, None, *at_counter, cashier)
        }
    };
    let rates = taxes.rates().filter(|sum| !sum.gross.is_zero());
    let one = |sum| TaxEntry {
        order_id: order_id.clone(),
        at,
        is_refund: matches!(entry, Entry::Refund(..)),
        summary: summary.clone(),
        counter: counter.clone(),
        at_counter,
        cashier: cashier.clone(),
        sum,
    };
    Ok(rates.map(one).collect())
}

/// Adds a payment or a refund to the total of its currency.
fn count(
    totals: &mut BTreeMap<String, Total>,
    entry: &Entry,
    taxes: Option<&TaxSums>,
) -> Result<(), InvalidField> {
    let amount = match entry {
        Entry::Order(..) | Entry::Tax(_) => return Ok(()),
        Entry::Payment(paid, _) => &paid.order.amount,
        Entry::Refund(refund, _) => &refund.amount,
    };
    let currency = *amount.currency();
    let total = totals.entry(currency.to_string()).or_insert_with(|| Total::none(currency));
    let (count, sum, by_rate) = match entry {
        Entry::Refund(..) => (&mut total.refunds, &mut total.refunded, &mut total.refunded_taxes),
        Entry::Order(..) | Entry::Tax(_) | Entry::Payment(..) => {
            (&mut total.payments, &mut total.paid, &mut total.paid_taxes)
        }
    };
    *count = count.saturating_add(1);
    if let Some(taxes) = taxes {
        by_rate.add_all(taxes).map_err(|_| InvalidField("sum"))?;
    }
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
    /// The payments by rates of tax, if that was asked for.
    pub paid_taxes: TaxSums,
    /// The refunds by rates of tax, if that was asked for.
    pub refunded_taxes: TaxSums,
}

impl Total {
    fn none(currency: Currency) -> Self {
        let zero = Amount::zero(currency);
        let taxes = TaxSums::none(currency);
        Self {
            payments: 0,
            paid: zero,
            refunds: 0,
            refunded: zero,
            paid_taxes: taxes.clone(),
            refunded_taxes: taxes,
        }
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
    /// The cashier whose sale it is; `None`: no cashier's.
    pub cashier: Option<String>,
    /// Its terms as canonical JSON.
    pub terms: String,
    /// The taxes in its price.
    pub taxes: TaxSums,
    /// The taxes in what its refunds leave.
    pub taxes_left: TaxSums,
}

impl Till {
    /// Orders with the names of the cashiers whose sales they are.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn with_cashiers(
        &self,
        orders: Vec<Order>,
    ) -> Result<Vec<(Order, Option<String>)>, Error> {
        self.store
            .read(move |db| {
                let with_cashier = |order: Order| {
                    let cashier = cashiers::seller(db, order.serial)?;
                    Ok((order, cashier))
                };
                orders.into_iter().map(with_cashier).collect()
            })
            .await
    }

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
        let digits = Digits::of(&self.policy().currencies);
        self.store
            .read(move |db| {
                let mut spool = store.spool();
                writer.begin(&mut spool)?;
                for ledger in ledgers {
                    each(db, serial, ledger, range, &digits, &mut |entry| {
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
        self.summed(principal, range, false).await
    }

    /// As [`Till::totals`], also by rates of tax, for which each contract is read.
    ///
    /// # Errors
    /// As [`Till::totals`].
    pub async fn totals_with_taxes(
        &self,
        principal: &Principal,
        range: DateRange,
    ) -> Result<Vec<Total>, Error> {
        self.summed(principal, range, true).await
    }

    async fn summed(
        &self,
        principal: &Principal,
        range: DateRange,
        with_taxes: bool,
    ) -> Result<Vec<Total>, Error> {
        let serial = principal.instance.serial;
        let digits = Digits::of(&self.policy().currencies);
        self.store
            .read(move |db| {
                let mut totals: BTreeMap<String, Total> = BTreeMap::new();
                for ledger in [Report::Payments, Report::Refunds] {
                    each(db, serial, ledger, range, &digits, &mut |entry| {
                        let taxes = match with_taxes {
                            true => taxes_of(db, entry, &digits)?,
                            false => None,
                        };
                        Ok(count(&mut totals, entry, taxes.as_ref())?)
                    })?;
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
        let digits = Digits::of(&self.policy().currencies);
        self.store.read_in_place(|db| {
            let order = order(db, serial, order_id)?;
            self.check_visible(principal, &order)?;
            let refunds = refunds::list(db, order.serial)?;
            let taxes = taxes::of_order(db, order.serial, &order.amount, &digits)?;
            Ok(History {
                taxes_left: digits.after(&taxes, refunds.iter().map(|refund| &refund.amount)),
                taxes,
                claimed_at: orders::claimed_at(db, order.serial)?,
                counter: payments::find(db, order.serial)?,
                refunds,
                cashier: cashiers::seller(db, order.serial)?,
                terms: orders::terms(db, order.serial)?,
                order,
            })
        })
    }
}
