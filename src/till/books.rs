//! The books: what was ordered, paid and given back in a range of time, its sums, and the history of
//! one order. Sums are exact and kept apart by currency.

use std::collections::BTreeMap;

use super::wait::order;
use super::{Clerk, Error, Till};
use crate::domain::amount::{Amount, Currency};
use crate::domain::ids::OrderId;
use crate::domain::order::{CounterPayment, Order, Refund};
use crate::domain::time::Timestamp;
use crate::domain::unfit::Unfit;
use crate::store::books::{self, GrantedRefund, PaidOrder, Range};
use crate::store::{orders, payments, refunds};

/// Entries that are read at once, so that nobody holds the database for long.
const PAGE: u32 = 500;

/// Which entries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ledger {
    /// Orders, by when they were made.
    Orders,
    /// Payments, by when they were made.
    Payments,
    /// Refunds, by when they were granted.
    Refunds,
}

/// A range of time: from its first second to the first one that is too late.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Books {
    /// The first second.
    pub from: Timestamp,
    /// The first second that is too late.
    pub until: Timestamp,
}

/// How far a reader of the books has come.
#[derive(Clone, Copy, Debug)]
pub struct Cursor(Range);

impl Cursor {
    /// At the beginning of `books`.
    pub fn at_start_of(books: Books) -> Self {
        Self(Range { from: books.from, until: books.until, beyond: 0 })
    }
}

/// An entry of the books.
#[derive(Clone, Debug)]
pub enum Entry {
    /// An order was made.
    Order(Box<Order>),
    /// An order was paid.
    Payment(Box<PaidOrder>),
    /// A refund was granted.
    Refund(Box<GrantedRefund>),
}

/// What came in and went back in one currency.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Total {
    /// How many payments.
    pub payments: u64,
    /// All of them together.
    pub paid: Amount,
    /// How many refunds.
    pub refunds: u64,
    /// All of them together, whenever their orders were paid.
    pub refunded: Amount,
}

impl Total {
    fn none(currency: Currency) -> Self {
        let zero = Amount::zero(currency);
        Self { payments: 0, paid: zero, refunds: 0, refunded: zero }
    }

    /// What is left; `None` when more went back than came in, of what had been paid before.
    pub fn rest(&self) -> Option<Amount> {
        self.paid.checked_sub(&self.refunded).ok()
    }

    /// By how much more went back than came in.
    pub fn lack(&self) -> Option<Amount> {
        self.refunded.checked_sub(&self.paid).ok().filter(|lack| !lack.is_zero())
    }
}

/// What happened with an order.
#[derive(Clone, Debug)]
pub struct History {
    /// How it stands.
    pub order: Order,
    /// When a wallet claimed it.
    pub claimed_at: Option<Timestamp>,
    /// How it was paid at the counter; `None`: with coins, or not yet.
    pub counter: Option<CounterPayment>,
    /// Its refunds, the oldest first.
    pub refunds: Vec<Refund>,
    /// Its terms as canonical JSON.
    pub terms: String,
}

impl Till {
    /// The next entries of a ledger of the clerk's shop, and where to go on; `None`: that was all.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn entries(
        &self,
        clerk: &Clerk,
        ledger: Ledger,
        Cursor(range): Cursor,
    ) -> Result<(Vec<Entry>, Option<Cursor>), Error> {
        let serial = clerk.instance.serial;
        self.store
            .read(move |db| {
                let (entries, last): (Vec<Entry>, _) = match ledger {
                    Ledger::Orders => {
                        let page = books::created(db, serial, range, PAGE)?;
                        let last = page.last().map(|order| (order.created_at, order.serial.0));
                        (page.into_iter().map(|one| Entry::Order(Box::new(one))).collect(), last)
                    }
                    Ledger::Payments => {
                        let page = books::paid(db, serial, range, PAGE)?;
                        let last = page.last().and_then(|PaidOrder { order, .. }| {
                            Some((order.paid.as_ref()?.at, order.serial.0))
                        });
                        (page.into_iter().map(|one| Entry::Payment(Box::new(one))).collect(), last)
                    }
                    Ledger::Refunds => {
                        let page = books::refunded(db, serial, range, PAGE)?;
                        let last = page.last().map(|refund| (refund.granted_at, refund.serial));
                        (page.into_iter().map(|one| Entry::Refund(Box::new(one))).collect(), last)
                    }
                };
                let is_full = u32::try_from(entries.len()).is_ok_and(|count| count == PAGE);
                let next = last
                    .filter(|_| is_full)
                    .map(|(from, beyond)| Cursor(Range { from, beyond, ..range }));
                Ok((entries, next))
            })
            .await
    }

    /// What came in and went back, by currency in alphabetical order.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Unfit`] for a sum that no amount can be.
    pub async fn totals(&self, clerk: &Clerk, books: Books) -> Result<Vec<Total>, Error> {
        let mut totals: BTreeMap<String, Total> = BTreeMap::new();
        for ledger in [Ledger::Payments, Ledger::Refunds] {
            let mut cursor = Some(Cursor::at_start_of(books));
            while let Some(at) = cursor {
                let (entries, next) = self.entries(clerk, ledger, at).await?;
                cursor = next;
                for entry in &entries {
                    let amount = match entry {
                        Entry::Order(order) => &order.amount,
                        Entry::Payment(paid) => &paid.order.amount,
                        Entry::Refund(refund) => &refund.amount,
                    };
                    let total = totals
                        .entry(amount.currency().to_string())
                        .or_insert_with(|| Total::none(*amount.currency()));
                    let (count, sum) = match ledger {
                        Ledger::Refunds => (&mut total.refunds, &mut total.refunded),
                        Ledger::Orders | Ledger::Payments => (&mut total.payments, &mut total.paid),
                    };
                    *count = count.saturating_add(1);
                    *sum = sum.checked_add(amount).map_err(|_| Unfit("sum"))?;
                }
            }
        }
        Ok(totals.into_values().collect())
    }

    /// What happened with an order of the clerk's shop.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`].
    pub fn history(&self, clerk: &Clerk, order_id: &OrderId) -> Result<History, Error> {
        let serial = clerk.instance.serial;
        self.store.glance(|db| {
            let order = order(db, serial, order_id)?;
            Ok(History {
                claimed_at: orders::claimed_at(db, order.serial)?,
                counter: payments::find(db, order.serial)?.map(|kept| kept.payment),
                refunds: refunds::list(db, order.serial)?,
                terms: orders::terms(db, order.serial)?,
                order,
            })
        })
    }
}
