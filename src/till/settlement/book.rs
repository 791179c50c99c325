//! An order's money on its way: whether all of it is wired, and by which transfers.

use crate::model::order::{Order, OrderSerial, Topic};
use crate::model::transfer::{ExpectedTransferSerial, NO_EXCHANGE, SettlementState, Trouble};
use crate::store::coin_refunds::{self, CoinRefund, Outcome};
use crate::store::deposits::{self, Deposit};
use crate::store::settlements::{self, CoinWire, Settlement};
use crate::store::{Read, Tx, orders};
use crate::till::Error;
use crate::till::webhooks::{Settled, tell_settled};
use taler::amount::Amount;
use taler::base32::ShortHash;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// How the money of an order stands.
#[derive(Clone, Debug, Default)]
pub struct WireState {
    /// Whether exchanges have wired all of it.
    pub is_wired: bool,
    /// The transfers that paid for it, as far as exchanges have named them.
    pub details: Vec<WireDetail>,
    /// What is wrong.
    pub reports: Vec<WireReport>,
}

/// What one transfer paid for an order.
#[derive(Clone, Debug)]
pub struct WireDetail {
    /// The transfer's number.
    pub transfer: ExpectedTransferSerial,
    /// Of which exchange.
    pub exchange_url: BaseUrl,
    /// The transfer's name.
    pub wtid: ShortHash,
    /// When it was made.
    pub execution_time: Timestamp,
    /// What it brought for this order, after refunds and deposit fees.
    pub amount: Amount,
    /// Those fees; `None` if the exchange has not listed them.
    pub deposit_fee: Option<Amount>,
    /// Whether the shop has seen it on its account.
    pub is_confirmed: bool,
}

/// What is wrong with a part of an order's money.
#[derive(Clone, Copy, Debug)]
pub struct WireReport {
    /// What it is, and which coin it is about.
    pub trouble: Trouble,
}

/// How the money of an order stands; `is_known` says whether there is an exchange at an address.
pub(in crate::till) fn wire_state(
    db: &Read<'_>,
    order: &Order,
    is_known: impl Fn(&BaseUrl) -> bool,
) -> Result<WireState, Error> {
    let settlements = settlements::of_order(db, order.serial)?;
    if settlements.is_empty() {
        return Ok(WireState::default());
    }
    let wires = settlements::wires_of_order(db, order.serial)?;
    // Nobody is asked there until the exchange is trusted again.
    let gone = Trouble { code: NO_EXCHANGE, coin: None, status: None, exchange_code: None };
    let is_gone =
        |one: &Settlement| one.state == SettlementState::Open && !is_known(&one.exchange_url);
    let trouble = |one: &Settlement| if is_gone(one) { Some(gone) } else { one.trouble };
    let of_order = settlements.iter().filter_map(trouble);
    let of_transfer = wires.iter().filter(|wire| wire.last_code > 0).map(|wire| Trouble {
        code: wire.last_code,
        coin: Some(wire.coin_pub),
        status: (wire.last_status > 0).then_some(wire.last_status),
        exchange_code: None,
    });
    Ok(WireState {
        is_wired: orders::is_wired(db, order.serial)?,
        details: details(order, &wires)?,
        reports: of_order.chain(of_transfer).map(|trouble| WireReport { trouble }).collect(),
    })
}

/// What each transfer paid for an order, in the order of its coins.
fn details(order: &Order, wires: &[CoinWire]) -> Result<Vec<WireDetail>, Error> {
    let damaged = |_| Error::Damaged("amounts of a transfer cannot be added".into());
    let zero = Amount::zero(*order.amount.currency());
    let mut details: Vec<WireDetail> = Vec::new();
    for wire in wires {
        let (net, fee) = match &wire.listed {
            Some((value, fee, _)) => (value.checked_sub(fee).map_err(damaged)?, Some(*fee)),
            // Refunds are not taken off yet: the list will say.
            None => (wire.coin_contribution.unwrap_or(zero), None),
        };
        match details.iter_mut().find(|detail| detail.transfer == wire.transfer) {
            Some(detail) => {
                detail.amount = detail.amount.checked_add(&net).map_err(damaged)?;
                detail.deposit_fee = match (detail.deposit_fee, fee) {
                    (Some(sum), Some(fee)) => Some(sum.checked_add(&fee).map_err(damaged)?),
                    _ => None,
                };
            }
            None => details.push(WireDetail {
                transfer: wire.transfer,
                exchange_url: wire.exchange_url.clone(),
                wtid: wire.wtid,
                execution_time: wire.execution_time,
                amount: net,
                deposit_fee: fee,
                is_confirmed: wire.is_confirmed,
            }),
        }
    }
    Ok(details)
}

/// Whether the exchange has confirmed to have refunded so much of a coin that no more than its fee is left, so
/// that nothing of it is wired.
pub(super) fn is_used_up(refunds: &[CoinRefund], deposit: &Deposit) -> Result<bool, Error> {
    let damaged = |_| Error::Damaged("more was refunded of a coin than it gave".into());
    let mut left = deposit.what.coin.contribution;
    for refund in refunds.iter().filter(|refund| refund.deposit == deposit.serial) {
        if matches!(refund.outcome, Outcome::Done { .. }) {
            left = left.checked_sub(&refund.amount).map_err(damaged)?;
        }
    }
    Ok(left.try_cmp(&deposit.what.deposit_fee).map_err(damaged)?.is_le())
}

/// Wakes those who show how the money of an order stands.
pub(super) fn announce(tx: &mut Tx<'_>, order: OrderSerial) -> Result<(), Error> {
    if let Some(order) = orders::find_by_serial(tx, order)? {
        tx.announce([Topic::Order(order.instance, order.order_id)]);
    }
    Ok(())
}

/// Ends what exchanges have to wire for an order, as far as all of it is wired; when nothing is left, the order
/// is wired, and webhooks are told. Coins for which no transfer is named are asked for at once.
pub(super) fn settle_order(
    tx: &mut Tx<'_>,
    order: OrderSerial,
    now: Timestamp,
) -> Result<(), Error> {
    let rows = settlements::of_order(tx, order)?;
    let mut states: Vec<SettlementState> = rows.iter().map(|row| row.state).collect();
    if !states.contains(&SettlementState::Open) {
        return Ok(());
    }
    let Some(order) = orders::find_by_serial(tx, order)? else { return Ok(()) };
    let deposits = deposits::of_order(tx, order.serial)?;
    let refunds = coin_refunds::of_order(tx, order.serial)?;
    let wires = settlements::wires_of_order(tx, order.serial)?;
    for (row, state) in rows.iter().zip(&mut states) {
        if *state != SettlementState::Open {
            continue;
        }
        let coins = deposits.iter().filter(|deposit| {
            deposit.confirmation.is_some()
                && deposit.what.coin.exchange_url == row.exchange_url
                && !is_returned(&refunds, deposit)
        });
        let (mut is_any_wired, mut is_open, mut is_unnamed) = (false, false, false);
        for coin in coins {
            match wires.iter().find(|wire| wire.deposit == coin.serial) {
                Some(wire) if wire.is_wired => is_any_wired = true,
                None if is_used_up(&refunds, coin)? => {}
                None => (is_open, is_unnamed) = (true, true),
                Some(_) => is_open = true,
            }
        }
        if is_open {
            if is_unnamed {
                settlements::hasten(tx, order.serial, &row.exchange_url, now)?;
            }
            continue;
        }
        *state = if is_any_wired { SettlementState::Wired } else { SettlementState::Nothing };
        settlements::close(tx, order.serial, &row.exchange_url, *state, now)?;
    }
    let is_wired =
        !states.contains(&SettlementState::Open) && states.contains(&SettlementState::Wired);
    if is_wired && orders::mark_wired(tx, &order)? {
        tell_wired(tx, &order, &wires, now)?;
    }
    Ok(())
}

/// Whether a coin was given back because its payment came to nothing, or is to be.
fn is_returned(refunds: &[CoinRefund], deposit: &Deposit) -> bool {
    refunds.iter().any(|refund| {
        refund.deposit == deposit.serial
            && refund.grant.is_none()
            && !matches!(refund.outcome, Outcome::Refused { .. })
    })
}

fn tell_wired(
    tx: &mut Tx<'_>,
    order: &Order,
    wires: &[CoinWire],
    now: Timestamp,
) -> Result<(), Error> {
    let mut details = details(order, wires)?;
    details.sort_by_key(|detail| (detail.execution_time, detail.transfer));
    let currency = *order.amount.currency();
    let amount = Amount::sum(currency, details.iter().map(|detail| &detail.amount));
    let amount =
        amount.map_err(|_| Error::Damaged("amounts of transfers cannot be added".into()))?;
    let execution_time = details.last().map(|detail| detail.execution_time);
    let wtids = details.iter().map(|detail| detail.wtid).collect();
    log::info!("order {}: {amount} wired", order.order_id);
    tell_settled(tx, order, &Settled { wtids, execution_time, amount }, now)
}
