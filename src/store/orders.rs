//! Orders: made, claimed, paid, listed, deleted. Whatever changes one announces it here, so that no
//! caller can forget to.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::columns::Positional;
use super::logos::{self, Stored};
use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::order::{Claim, NewOrder, Order, OrderSerial, Paid, Topic};
use taler::amount::Amount;
use taler::ids::{OrderId, SessionId};
use taler::sign::PublicKey;
use taler::time::Timestamp;
use taler::web::FulfillmentUrl;

/// The order of this name.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(
    db: &Connection,
    instance: InstanceSerial,
    order_id: &OrderId,
) -> Result<Option<Order>> {
    let mut statement = db.prepare_cached(sql!("orders/columns" + "orders/find"))?;
    let params = named_params! { ":instance": instance, ":order_id": order_id };
    Ok(statement.query_row(params, read_order).optional()?)
}

/// The order with this number.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find_by_serial(db: &Connection, order: OrderSerial) -> Result<Option<Order>> {
    let mut statement = db.prepare_cached(sql!("orders/columns" + "orders/find_by_serial"))?;
    let params = named_params! { ":order_serial": order };
    Ok(statement.query_row(params, read_order).optional()?)
}

/// The terms of an order as canonical JSON: its contract once it is claimed, before that without a
/// nonce.
///
/// # Errors
/// [`super::Error::Sqlite`], also when the order is gone.
pub fn terms(db: &Connection, order: OrderSerial) -> Result<String> {
    let mut statement = db.prepare_cached(sql!("orders/terms"))?;
    Ok(statement.query_row(named_params! { ":order_serial": order }, logos::terms)?)
}

/// The terms of an order as JSON, without the shop's logo, which may be a thousand times as long as the rest.
///
/// # Errors
/// [`super::Error::Sqlite`], also when the order is gone.
pub fn bare_terms(db: &Connection, order: OrderSerial) -> Result<String> {
    let mut statement = db.prepare_cached(sql!("orders/bare_terms"))?;
    Ok(statement.query_row(named_params! { ":order_serial": order }, |row| row.get("terms"))?)
}

/// When a wallet claimed an order; `None` if none did, or if it was not kept then.
///
/// # Errors
/// [`super::Error::Sqlite`], also when the order is gone.
pub fn claimed_at(db: &Connection, order: OrderSerial) -> Result<Option<Timestamp>> {
    let mut statement = db.prepare_cached(sql!("orders/claimed_at"))?;
    Ok(statement.query_row(named_params! { ":order_serial": order }, |row| row.get(0))?)
}

/// When an order of `instance` was paid last; `None` if none ever was.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn last_paid(db: &Connection, instance: InstanceSerial) -> Result<Option<Timestamp>> {
    let mut statement = db.prepare_cached(sql!("orders/last_paid"))?;
    let params = named_params! { ":instance": instance };
    Ok(statement.query_row(params, |row| row.get("paid_at_s")).optional()?)
}

pub(super) fn read_order(row: &Row<'_>) -> rusqlite::Result<Order> {
    let mut columns = Positional::of(row);
    Ok(Order {
        serial: columns.next()?,
        instance: columns.next()?,
        order_id: columns.next()?,
        request_hash: columns.next()?,
        claim_token: columns.next()?,
        timestamp: columns.next()?,
        created_at: columns.next()?,
        pay_deadline: columns.next()?,
        refund_deadline: columns.next()?,
        amount: columns.next()?,
        summary: columns.next()?,
        base_url: columns.next()?,
        fulfillment_url: columns.next()?,
        session: columns.next()?,
        claim: match (columns.next()?, columns.next()?) {
            (Some(nonce), Some(h_contract)) => Some(Claim { nonce, h_contract }),
            _ => None,
        },
        paid: match (columns.next::<Option<_>>()?, columns.next()?) {
            (Some(at), session) => Some(Paid { at, session }),
            (None, _) => None,
        },
        refund_granted: columns.next()?,
        refund_taken: columns.next()?,
        refund_refused: columns.next()?,
        has_otp_device: columns.next()?,
    })
}

/// Which orders a list shall show.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Paid ones, or unpaid ones.
    pub paid: Option<bool>,
    /// Those with a refund, or without.
    pub refunded: Option<bool>,
    /// Those that the exchange has wired, or not.
    pub wired: Option<bool>,
    /// Made after this time.
    pub after: Option<Timestamp>,
    /// Made before this time.
    pub before: Option<Timestamp>,
    /// Made for this session.
    pub session: Option<SessionId>,
    /// With this page.
    pub fulfillment_url: Option<FulfillmentUrl>,
    /// With this in the summary, upper or lower case.
    pub summary: Option<String>,
    /// Claimed by a wallet that had bought the same page for the same session before, so that it will
    /// never be paid; or not so. Not looked at in lists of one session.
    pub bought_before: Option<bool>,
}

/// Orders of `instance` that `filter` lets pass, beyond `offset` (exclusive): older ones for a
/// negative `limit`, newer ones for a positive one, at most as many as it says.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(
    db: &Connection,
    instance: InstanceSerial,
    filter: &Filter,
    limit: i64,
    offset: Option<i64>,
) -> Result<Vec<Order>> {
    let newer = limit > 0;
    let mut statement = db.prepare_cached(match (newer, filter.session.is_some()) {
        (false, false) => sql!(
            "orders/columns"
                + "orders/older"
                + "orders/filters"
                + "orders/bought_before"
                + "orders/newest_first"
        ),
        (true, false) => sql!(
            "orders/columns"
                + "orders/newer"
                + "orders/filters"
                + "orders/bought_before"
                + "orders/oldest_first"
        ),
        (false, true) => sql!(
            "orders/columns"
                + "orders/older"
                + "orders/of_session"
                + "orders/filters"
                + "orders/newest_first"
        ),
        (true, true) => sql!(
            "orders/columns"
                + "orders/newer"
                + "orders/of_session"
                + "orders/filters"
                + "orders/oldest_first"
        ),
    })?;
    let summary = filter.summary.as_ref().map(|text| text.to_lowercase());
    let params = named_params! {
        ":instance": instance,
        ":offset": offset.unwrap_or(if newer { 0 } else { i64::MAX }),
        ":limit": limit.saturating_abs(),
        ":paid": filter.paid,
        ":refunded": filter.refunded,
        ":wired": filter.wired,
        ":after_s": filter.after,
        ":before_s": filter.before,
        ":fulfillment_url": filter.fulfillment_url,
        ":summary": summary,
    };
    let mut all = params.to_vec();
    match &filter.session {
        Some(session) => all.push((":session_id", session)),
        None => all.push((":bought_before", &filter.bought_before)),
    }
    let rows = statement.query_map(all.as_slice(), read_order)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether the instance has so many unpaid orders that strangers have made, or more.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn has_open_of_strangers(
    db: &Connection,
    instance: InstanceSerial,
    count: u32,
) -> Result<bool> {
    let Some(others) = count.checked_sub(1) else { return Ok(true) };
    let mut statement = db.prepare_cached(sql!("orders/open_of_strangers"))?;
    Ok(statement.exists(named_params! { ":instance": instance, ":count": others })?)
}

/// Orders that strangers have made and nobody has paid, with a deadline before this time and without
/// any coin; at most `limit`, those with the earliest deadline first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn expired_of_strangers(
    db: &Connection,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<OrderSerial>> {
    let mut statement = db.prepare_cached(sql!("orders/expired_of_strangers"))?;
    let params = named_params! { ":before_s": before, ":limit": limit };
    let rows = statement.query_map(params, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps a new order; `false` if there is one of this name.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, instance: InstanceSerial, new: &NewOrder) -> Result<bool> {
    let Stored { terms, logo_serial, logo_at } = logos::store(tx, instance, &new.terms)?;
    let changed = tx.prepare_cached(sql!("orders/insert"))?.execute(named_params! {
        ":instance": instance,
        ":order_id": new.order_id,
        ":request_hash": new.request_hash,
        ":claim_token": new.claim_token,
        ":timestamp_s": new.timestamp,
        ":created_at_s": new.created_at,
        ":pay_deadline_s": new.pay_deadline,
        ":refund_deadline_s": new.refund_deadline,
        ":amount": new.amount,
        ":summary": new.summary,
        ":summary_folded": new.summary.to_lowercase(),
        ":base_url": new.base_url,
        ":fulfillment_url": new.fulfillment_url,
        ":session_id": new.session,
        ":zero": Amount::zero(*new.amount.currency()),
        ":terms": terms,
        ":logo_serial": logo_serial,
        ":logo_at": logo_at,
        ":by_stranger": new.by_stranger,
        ":otp_device": new.otp_device,
    })?;
    if changed > 0 {
        tx.announce(new.topics(instance));
    }
    Ok(changed > 0)
}

/// Binds an order to a wallet, with the contract that this makes of its terms; `false` if it is
/// bound already.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn claim(
    tx: &mut Tx<'_>,
    order: &Order,
    claim: &Claim,
    contract: &str,
    now: Timestamp,
) -> Result<bool> {
    let Stored { terms, logo_serial, logo_at } = logos::store(tx, order.instance, contract)?;
    let changed = tx.prepare_cached(sql!("orders/claim"))?.execute(named_params! {
        ":order_serial": order.serial,
        ":nonce": claim.nonce,
        ":h_contract": claim.h_contract,
        ":terms": terms,
        ":logo_serial": logo_serial,
        ":logo_at": logo_at,
        ":now_s": now,
    })?;
    if changed > 0 {
        tx.announce(order.topics());
    }
    Ok(changed > 0)
}

/// Takes an unpaid order back from the wallet that has claimed it, with the terms that it had
/// before; `false` if that wallet does not have it.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn unclaim(tx: &mut Tx<'_>, order: &Order, nonce: &PublicKey, terms: &str) -> Result<bool> {
    let Stored { terms, logo_serial, logo_at } = logos::store(tx, order.instance, terms)?;
    let changed = tx.prepare_cached(sql!("orders/unclaim"))?.execute(named_params! {
        ":order_serial": order.serial,
        ":nonce": nonce,
        ":terms": terms,
        ":logo_serial": logo_serial,
        ":logo_at": logo_at,
    })?;
    if changed > 0 {
        tx.announce(order.topics());
    }
    Ok(changed > 0)
}

/// Marks an order paid, and wakes all whom that concerns; `false` if it was paid already. An order
/// that nobody has claimed is given the claim and the contract of `binding` along with it, any other
/// has its own.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn mark_paid(
    tx: &mut Tx<'_>,
    order: &Order,
    paid: &Paid,
    refundable_until: Timestamp,
    binding: Option<(&Claim, &str)>,
) -> Result<bool> {
    let stored = binding.map(|(_, terms)| logos::store(tx, order.instance, terms)).transpose()?;
    let changed = tx.prepare_cached(sql!("orders/mark_paid"))?.execute(named_params! {
        ":order_serial": order.serial,
        ":paid_at_s": paid.at,
        ":paid_session": paid.session,
        ":refund_deadline_s": refundable_until,
        ":nonce": binding.map(|(claim, _)| claim.nonce),
        ":h_contract": binding.map(|(claim, _)| claim.h_contract),
        ":terms": stored.as_ref().map(|stored| &stored.terms),
        ":logo_serial": stored.as_ref().and_then(|stored| stored.logo_serial),
        ":logo_at": stored.as_ref().and_then(|stored| stored.logo_at),
    })?;
    if changed > 0 {
        let after = Order { paid: Some(paid.clone()), ..order.clone() };
        tx.announce(after.topics());
    }
    Ok(changed > 0)
}

/// Whether exchanges have wired all of an order's money.
///
/// # Errors
/// [`super::Error::Sqlite`], also when the order is gone.
pub fn is_wired(db: &Connection, order: OrderSerial) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("orders/is_wired"))?;
    Ok(statement.query_row(named_params! { ":order_serial": order }, |row| row.get(0))?)
}

/// Marks that exchanges have wired all of an order's money, and wakes all whom that concerns; `false` if it
/// was so already.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn mark_wired(tx: &mut Tx<'_>, order: &Order) -> Result<bool> {
    let changed = tx
        .prepare_cached(sql!("orders/mark_wired"))?
        .execute(named_params! { ":order_serial": order.serial })?;
    if changed > 0 {
        tx.announce(order.topics());
    }
    Ok(changed > 0)
}

/// Has an order's payment count for another session from now on, and wakes those who wait in the
/// old one and in the new one; `false` if it did already.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn bind_session(tx: &mut Tx<'_>, order: &Order, session: &SessionId) -> Result<bool> {
    let Some(paid) = &order.paid else { return Ok(false) };
    let changed = tx
        .prepare_cached(sql!("orders/bind_session"))?
        .execute(named_params! { ":order_serial": order.serial, ":paid_session": session })?;
    if changed > 0 {
        let paid = Paid { session: Some(session.clone()), ..paid.clone() };
        let after = Order { paid: Some(paid), ..order.clone() };
        tx.announce(order.topics().into_iter().chain(after.topics()));
    }
    Ok(changed > 0)
}

/// Gives an order the totals that `after` has, and wakes all whom that concerns.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn set_refunds(tx: &mut Tx<'_>, after: &Order) -> Result<()> {
    tx.prepare_cached(sql!("orders/set_refunds"))?.execute(named_params! {
        ":order_serial": after.serial,
        ":refund_granted": after.refund_granted,
        ":refund_taken": after.refund_taken,
        ":refund_refused": after.refund_refused,
        ":refunded": after.refunded(),
    })?;
    tx.announce(after.topics());
    Ok(())
}

/// Gives an order terms in which something is forgotten, and wakes those who show them.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn set_terms(tx: &mut Tx<'_>, order: &Order, terms: &str) -> Result<()> {
    let Stored { terms, logo_serial, logo_at } = logos::store(tx, order.instance, terms)?;
    tx.prepare_cached(sql!("orders/set_terms"))?.execute(named_params! {
        ":order_serial": order.serial,
        ":terms": terms,
        ":logo_serial": logo_serial,
        ":logo_at": logo_at,
    })?;
    tx.announce([Topic::Order(order.instance, order.order_id.clone())]);
    Ok(())
}

/// Deletes an order, its payment and its refunds, and wakes all who wait for it.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, order: &Order) -> Result<()> {
    tx.prepare_cached(sql!("orders/delete"))?
        .execute(named_params! { ":order_serial": order.serial })?;
    tx.announce(order.topics());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_that_shows_orders_names_their_columns_in_the_same_turn() {
        let columns = |statement: &str| {
            let (columns, _) = statement.split_once("FROM").unwrap();
            columns.trim().to_owned()
        };
        let all = columns(sql!("orders/columns"));
        // Each with its table's name, and followed by the payment's.
        let joined = columns(sql!("orders/paid_between")).replace("orders.", "");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&joined), format!("{}, method, reference", words(&all)));
        let members = "serial instance_serial order_id request_hash claim_token timestamp_s created_at_s \
            pay_deadline_s refund_deadline_s amount summary base_url fulfillment_url session_id \
            nonce h_contract paid_at_s paid_session refund_granted refund_taken refund_refused \
            otp_device_serial IS NOT NULL AS has_otp_device";
        let named: Vec<_> = all.trim_start_matches("SELECT").split(',').map(str::trim).collect();
        assert_eq!(
            named.join(" "),
            members,
            "and this is the turn in which `read_order` takes them"
        );
    }
}
