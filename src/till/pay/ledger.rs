//! The ledger of an order that is paid with coins: its deposits and refunds.

use std::collections::HashSet;

use crate::exchange::says_wired;
use crate::model::instance::InstanceSerial;
use crate::model::order::{Order, OrderSerial};
use crate::store::coin_refunds::{self, CoinRefund, Outcome};
use crate::store::deposits::{self, Deposit};
use crate::store::{Read, orders, payments};
use crate::till::lookup::{order, order_again};
use crate::till::{Error, Till};
use taler::amount::Amount;
use taler::coin::permission::Coin;
use taler::ids::OrderId;
use taler::payment::Rest;
use taler::sign::PublicKey;
use taler::web::BaseUrl;

/// Everything that is kept of an order and its coins.
#[derive(Debug)]
pub(in crate::till) struct OrderLedger {
    pub(in crate::till) order: Order,
    pub(in crate::till) contract: String,
    pub(in crate::till) deposits: Vec<Deposit>,
    pub(in crate::till) refunds: Vec<CoinRefund>,
    /// Whether it was paid outside of Taler.
    pub(in crate::till) at_counter: bool,
}

impl OrderLedger {
    /// The ledger of `order`.
    pub(in crate::till) fn of(db: &Read<'_>, order: Order) -> Result<Self, Error> {
        Ok(Self {
            contract: orders::terms(db, order.serial)?,
            deposits: deposits::of_order(db, order.serial)?,
            refunds: coin_refunds::of_order(db, order.serial)?,
            at_counter: payments::find(db, order.serial)?.is_some(),
            order,
        })
    }

    /// State of this coin's refund after a failed payment. `None`: none is
    /// needed, or the exchange permanently refuses it.
    pub(super) fn giving_back(&self, deposit: &Deposit) -> Option<&Outcome> {
        let whole = |refund: &&CoinRefund| {
            refund.deposit == deposit.serial
                && refund.grant.is_none()
                && !matches!(refund.outcome, Outcome::Refused { .. })
        };
        self.refunds.iter().find(whole).map(|refund| &refund.outcome)
    }

    /// Whether this coin is, or is to be, refunded because of a failed payment.
    pub(super) fn is_returned(&self, deposit: &Deposit) -> bool {
        self.giving_back(deposit).is_some()
    }

    /// Whether a payment is being aborted whose coins the exchange has not refunded yet.
    pub(super) fn is_being_called_off(&self) -> bool {
        let open = |refund: &CoinRefund| refund.grant.is_none() && refund.outcome == Outcome::Open;
        self.refunds.iter().any(open)
    }

    /// The coins that the exchange at `url` has not confirmed, and that are not to be refunded.
    pub(super) fn unconfirmed_at(&self, url: &BaseUrl) -> impl Iterator<Item = &Deposit> {
        let open = move |deposit: &&Deposit| {
            deposit.confirmation.is_none() && deposit.what.coin.exchange_url == *url
        };
        self.not_returned().filter(open)
    }

    /// The exchanges that these coins were sent to before.
    pub(super) fn exchanges_of(&self, coins: &[Coin]) -> Vec<BaseUrl> {
        let deposits = coins.iter().filter_map(|coin| self.deposit_of(&coin.coin_pub));
        deposits.map(|deposit| deposit.what.coin.exchange_url.clone()).collect()
    }

    /// Whether the coin with this key was refunded so.
    pub(super) fn has_returned(&self, coin: &PublicKey) -> bool {
        self.deposit_of(coin).is_some_and(|deposit| self.is_returned(deposit))
    }

    /// Whether the exchange has confirmed the coin with this key.
    pub(super) fn has_confirmed(&self, coin: &PublicKey) -> bool {
        self.deposit_of(coin).is_some_and(|deposit| deposit.confirmation.is_some())
    }

    /// The stored deposit of the coin with this key.
    pub(super) fn deposit_of(&self, coin: &PublicKey) -> Option<&Deposit> {
        self.deposits.iter().find(|deposit| deposit.what.coin.coin_pub == *coin)
    }

    /// The coins that the exchange has confirmed and that were not refunded as a whole.
    pub(in crate::till) fn collected(&self) -> impl Iterator<Item = &Deposit> {
        let confirmed = |deposit: &&Deposit| deposit.confirmation.is_some();
        self.deposits.iter().filter(confirmed).filter(|deposit| !self.is_returned(deposit))
    }

    /// The coins that were not refunded as a whole, whether or not the exchange has confirmed them.
    pub(in crate::till) fn not_returned(&self) -> impl Iterator<Item = &Deposit> {
        self.deposits.iter().filter(|deposit| !self.is_returned(deposit))
    }

    /// Whether the exchange has stated that it paid the shop for this coin, so that it gives nothing of it
    /// back any more.
    pub(in crate::till) fn was_wired(&self, deposit: &Deposit) -> bool {
        self.refunds.iter().any(|refund| {
            refund.deposit == deposit.serial
                && matches!(refund.outcome, Outcome::Refused { status, code, .. } if says_wired(status, code))
        })
    }

    /// The amount of a coin that can still be refunded.
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

    /// Whether the order is paid with exactly these coins.
    pub(super) fn is_paid_with(&self, coins: &[Coin]) -> bool {
        let ours: HashSet<_> =
            self.collected().map(|deposit| *deposit.what.coin.coin_pub.as_bytes()).collect();
        let theirs: HashSet<_> = coins.iter().map(|coin| *coin.coin_pub.as_bytes()).collect();
        self.order.paid.is_some() && !self.at_counter && ours == theirs
    }
}

/// What exchanges have confirmed to have taken for a paid order and owe the shop: without their deposit
/// fees, and without what was refunded. Zero for an order that was paid at the counter.
pub(in crate::till) fn deposited(db: &Read<'_>, order: &Order) -> Result<Amount, Error> {
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
    /// The ledger of the order of this name, in one read.
    pub(in crate::till) fn ledger_of(
        &self,
        instance: InstanceSerial,
        order_id: &OrderId,
    ) -> Result<OrderLedger, Error> {
        self.store.read_in_place(|db| OrderLedger::of(db, order(db, instance, order_id)?))
    }

    /// The ledger of the order with this serial number.
    pub(in crate::till) fn ledger(
        &self,
        serial: OrderSerial,
        order_id: &OrderId,
    ) -> Result<OrderLedger, Error> {
        self.store.read_in_place(|db| OrderLedger::of(db, order_again(db, serial, order_id)?))
    }
}
