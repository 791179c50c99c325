//! The books of an order that is paid with coins: what was deposited, and what was given back.

use std::collections::HashSet;

use rusqlite::Connection;

use crate::domain::amount::Amount;
use crate::domain::coin::Coin;
use crate::domain::ids::OrderId;
use crate::domain::order::{Order, OrderSerial};
use crate::domain::payment::Rest;
use crate::store::coin_refunds::{self, CoinRefund, Outcome};
use crate::store::deposits::{self, Deposit};
use crate::store::{orders, payments};
use crate::till::{Error, Till};

/// Everything that is kept of an order and its coins.
#[derive(Debug)]
pub(in crate::till) struct Books {
    pub(in crate::till) order: Order,
    pub(in crate::till) contract: String,
    pub(in crate::till) deposits: Vec<Deposit>,
    pub(in crate::till) refunds: Vec<CoinRefund>,
    /// Was it paid outside of Taler?
    pub(in crate::till) at_counter: bool,
}

impl Books {
    /// What the books say of `order`.
    pub(in crate::till) fn of(db: &Connection, order: Order) -> Result<Self, Error> {
        Ok(Self {
            contract: orders::terms(db, order.serial)?,
            deposits: deposits::of_order(db, order.serial)?,
            refunds: coin_refunds::of_order(db, order.serial)?,
            at_counter: payments::find(db, order.serial)?.is_some(),
            order,
        })
    }

    /// Was this coin given back because a payment came to nothing?
    pub(super) fn is_returned(&self, deposit: &Deposit) -> bool {
        self.refunds.iter().any(|refund| refund.deposit == deposit.serial && refund.grant.is_none())
    }

    /// The coins that the exchange has confirmed and that were not given back as a whole.
    pub(in crate::till) fn collected(&self) -> impl Iterator<Item = &Deposit> {
        let confirmed = |deposit: &&Deposit| deposit.confirmation.is_some();
        self.deposits.iter().filter(confirmed).filter(|deposit| !self.is_returned(deposit))
    }

    /// What of a coin can still be given back.
    pub(in crate::till) fn rest(&self, deposit: &Deposit) -> Result<Rest, Error> {
        let mut left = deposit.what.coin.contribution;
        let gone = |refund: &&CoinRefund| {
            refund.deposit == deposit.serial && !matches!(refund.outcome, Outcome::Refused { .. })
        };
        for refund in self.refunds.iter().filter(gone) {
            let damaged = |_| Error::Damaged("more was given back than paid".into());
            left = left.checked_sub(&refund.amount).map_err(damaged)?;
        }
        Ok(Rest { left, refund_fee: deposit.what.refund_fee })
    }

    /// Is the order paid, and with exactly these coins?
    pub(super) fn is_paid_with(&self, coins: &[Coin]) -> bool {
        let ours: HashSet<_> =
            self.collected().map(|deposit| *deposit.what.coin.coin_pub.as_bytes()).collect();
        let theirs: HashSet<_> = coins.iter().map(|coin| *coin.coin_pub.as_bytes()).collect();
        self.order.paid.is_some() && !self.at_counter && ours == theirs
    }
}

/// What exchanges have confirmed to have taken for a paid order and owe the shop: without their deposit
/// fees, and without what was refunded. Zero for an order that was paid at the counter.
pub(in crate::till) fn deposited(db: &Connection, order: &Order) -> Result<Amount, Error> {
    let nothing = Amount::zero(*order.amount.currency());
    let deposits = deposits::of_order(db, order.serial)?;
    if deposits.is_empty() {
        return Ok(nothing);
    }
    let refunds = coin_refunds::of_order(db, order.serial)?;
    let is_returned = |deposit: &Deposit| {
        refunds.iter().any(|refund| refund.deposit == deposit.serial && refund.grant.is_none())
    };
    let mut total = nothing;
    for deposit in deposits.iter().filter(|one| one.confirmation.is_some() && !is_returned(one)) {
        let damaged = |_| Error::Damaged("a deposit fee is higher than what was deposited".into());
        let owed = deposit.what.coin.contribution.checked_sub(&deposit.what.deposit_fee);
        total = total.checked_add(&owed.map_err(damaged)?).map_err(damaged)?;
    }
    Ok(total.checked_sub(&order.refund_granted).unwrap_or(nothing))
}

impl Till {
    /// What is kept of the order with this number.
    pub(in crate::till) fn books(
        &self,
        serial: OrderSerial,
        order_id: &OrderId,
    ) -> Result<Books, Error> {
        self.store.glance(|db| {
            let order = orders::find_by_serial(db, serial)?;
            Books::of(db, order.ok_or_else(|| Error::OrderUnknown(order_id.clone()))?)
        })
    }
}
