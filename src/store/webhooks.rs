//! Webhooks, the events that they are told of, and the deliveries of those (webhooks 5).
//!
//! An event is written in the transaction of what has happened (`enqueue`), and sent later from what is
//! written: so neither is there without the other, whenever the daemon ends. On a full disk what has
//! happened is kept and the event is lost, which is counted.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Map, Value};

use super::storage_info::free;
use super::{Result, Tx, execute, sql};
use crate::model::instance::InstanceSerial;
use crate::model::order::{OrderSerial, Topic};
use crate::model::webhook::{
    Delivery, DeliverySerial, DeliveryState, DisabledWhy, Event, EventId, EventSerial, EventType,
    Secret, Secrets, Webhook, WebhookSerial, WebhookSettings,
};
use system::{log_limit, random};
use taler::ids::WebhookId;
use taler::time::Timestamp;

/// Bounds are looked at when this part of them may have been added since: to count takes longer than to add,
/// the longer the more waits. So they are exceeded by a sixteenth at most.
const UNCOUNTED_PART: u64 = 16;
/// Most rows that one statement drops beyond the bounds, and how many statements do: others wait meanwhile.
const DROPPED_AT_ONCE: u32 = 256;
/// See [`DROPPED_AT_ONCE`].
const DROP_ROUNDS: u32 = 16;
/// For how long a webhook must have failed before its events are dropped beyond the bounds, in seconds: a
/// day.
const FAILING_S: u64 = 86_400;

/// Events that were not written since this process began, because the disk was full.
static LOST: AtomicU64 = AtomicU64::new(0);
/// Deliveries and events that were dropped since this process began, because too many waited.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// How many events no webhook will be told of since this process began: of those the disk had no room
/// for, and of those that too many waited before.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Losses {
    /// Not written, because the disk was full.
    pub lost: u64,
    /// Dropped, because too many waited.
    pub dropped: u64,
}

/// The losses since this process began.
pub fn losses() -> Losses {
    Losses { lost: LOST.load(Ordering::Relaxed), dropped: DROPPED.load(Ordering::Relaxed) }
}

/// The waiting deliveries and failing webhooks of all instances.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Health {
    /// Deliveries that wait.
    pub waiting: u32,
    /// Webhooks whose last attempt failed, or that were taken out of use.
    pub failing: u32,
}

/// The waiting deliveries and failing webhooks of all instances.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn health(db: &Connection) -> Result<Health> {
    let mut statement = db.prepare_cached(sql!("webhooks/health"))?;
    let read =
        |row: &Row<'_>| Ok(Health { waiting: row.get("waiting")?, failing: row.get("failing")? });
    Ok(statement.query_row([], read)?)
}

/// Whether any webhook in use is to be told of this.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_wanted(db: &Connection, instance: InstanceSerial, kind: EventType) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("webhooks/is_any"))?;
    Ok(statement.exists(named_params! { ":instance": instance, ":event_type": kind })?)
}

/// Writes that something has happened, for each webhook that is to be told, in the transaction in which it
/// happens; the sender wakes after the commit. `event` is called only if there is such a webhook. An event
/// that cannot be written, as on a full disk, is counted and logged and is no error.
///
/// # Errors
/// [`super::Error::Sqlite`] when the webhooks cannot be read, or when SQLite has undone the whole transaction.
pub fn enqueue(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    kind: EventType,
    event: impl FnOnce() -> Event,
) -> Result<()> {
    if !is_wanted(tx, instance, kind)? {
        return Ok(());
    }
    if !has_room(tx) {
        note_lost(kind, "the disk is full");
        return Ok(());
    }
    // Only here is randomness needed, and only where a webhook is told.
    let Ok(id) = random::<16>().map(EventId) else {
        note_lost(kind, "the system has no randomness");
        return Ok(());
    };
    execute(tx, "SAVEPOINT webhooks")?;
    let written = write(tx, instance, kind, id, &event());
    // A full disk may have undone the whole transaction; its writer notices.
    if written.is_err() && !tx.is_autocommit() {
        execute(tx, "ROLLBACK TO webhooks")?;
    }
    if !tx.is_autocommit() {
        execute(tx, "RELEASE webhooks")?;
    }
    match written {
        Ok(()) => tx.announce([Topic::Webhooks]),
        // Whatever it was, what has happened is more than that it is told.
        Err(error) if !tx.is_autocommit() => note_lost(kind, &error.to_string()),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Whether the disk has more room than is reserved for what has happened itself.
fn has_room(tx: &Tx<'_>) -> bool {
    let free = tx.path().and_then(|path| free(Path::new(path)));
    free.is_none_or(|free| free >= tx.outbox().disk_reserve_bytes)
}

fn note_lost(kind: EventType, why: &str) {
    LOST.fetch_add(1, Ordering::Relaxed);
    let line = format_args!("no webhook is told of an event of the type {kind}: {why}");
    log_limit::error("events that no webhook is told of", line);
}

fn write(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    kind: EventType,
    id: EventId,
    event: &Event,
) -> Result<()> {
    let variables = Value::Object(event.variables.clone()).to_string();
    tx.prepare_cached(sql!("webhook_events/insert"))?.execute(named_params! {
        ":instance": instance,
        ":event_type": kind,
        ":event_id": id,
        ":at_s": event.at,
        ":order_serial": event.order,
        ":variables": variables,
    })?;
    let event_serial = EventSerial(tx.last_insert_rowid());
    tx.prepare_cached(sql!("webhook_deliveries/insert_all"))?.execute(named_params! {
        ":instance": instance,
        ":event_type": kind,
        ":event_serial": event_serial,
        ":now_s": event.at,
    })?;
    let newest = u64::try_from(tx.last_insert_rowid()).unwrap_or_default();
    let limits = tx.outbox();
    let counted = (u64::from(limits.max_waiting) / UNCOUNTED_PART).max(1);
    let is_long =
        u64::try_from(variables.len()).is_ok_and(|len| len > limits.max_variables_bytes / 512);
    if is_long || newest.is_multiple_of(counted) {
        shrink(tx, instance, event.at)?;
    }
    Ok(())
}

/// Drops what waits beyond the bounds: the newest events of stock, then those of webhooks that have
/// failed for a day; never payments and refunds.
fn shrink(tx: &mut Tx<'_>, instance: InstanceSerial, now: Timestamp) -> Result<()> {
    let limits = tx.outbox();
    let failing_before = now.secs().map(|now| Timestamp::from_secs(now.saturating_sub(FAILING_S)));
    let failing_before =
        failing_before.and_then(std::result::Result::ok).unwrap_or(Timestamp::ZERO);
    let mut dropped = 0;
    for _ in 0..DROP_ROUNDS {
        let waiting = waiting(tx, instance)?;
        let beyond = waiting.deliveries.saturating_sub(limits.max_waiting);
        let is_long = waiting.variables_bytes > limits.max_variables_bytes;
        if beyond == 0 && !is_long {
            break;
        }
        let limit = match is_long {
            true => DROPPED_AT_ONCE,
            false => beyond.min(DROPPED_AT_ONCE),
        };
        let mut gone = tx
            .prepare_cached(sql!("webhook_events/drop_newest_of_stock"))?
            .execute(named_params! { ":instance": instance, ":limit": limit })?;
        if gone == 0 {
            gone = tx.prepare_cached(sql!("webhook_deliveries/drop_newest_of_failing"))?.execute(
                named_params! {
                    ":instance": instance,
                    ":failing_before_s": failing_before,
                    ":limit": limit,
                },
            )?;
        }
        if gone == 0 {
            break;
        }
        dropped += u64::try_from(gone).unwrap_or_default();
    }
    if dropped > 0 {
        DROPPED.fetch_add(dropped, Ordering::Relaxed);
        let line =
            format_args!("too many events wait to be told to webhooks: {dropped} were dropped");
        log_limit::warn("events dropped before webhooks were told", line);
    }
    Ok(())
}

/// What waits to be told to the webhooks of an instance.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Waiting {
    /// How many deliveries.
    pub deliveries: u32,
    /// How many bytes of variables their events have.
    pub variables_bytes: u64,
}

/// What waits to be told to the webhooks of `instance`.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn waiting(db: &Connection, instance: InstanceSerial) -> Result<Waiting> {
    let mut statement = db.prepare_cached(sql!("webhook_deliveries/waiting"))?;
    let read = |row: &Row<'_>| {
        Ok(Waiting {
            deliveries: row.get("deliveries")?,
            variables_bytes: row
                .get::<_, i64>("variables_bytes")
                .map(|bytes| u64::try_from(bytes).unwrap_or_default())?,
        })
    };
    Ok(statement.query_row(named_params! { ":instance": instance }, read)?)
}

/// How many deliveries wait for one webhook.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn waiting_for(db: &Connection, webhook: WebhookSerial) -> Result<u32> {
    let mut statement = db.prepare_cached(sql!("webhook_deliveries/count_waiting"))?;
    Ok(statement.query_row(named_params! { ":webhook_serial": webhook }, |row| row.get(0))?)
}

/// All webhooks of `instance`, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection, instance: InstanceSerial) -> Result<Vec<Webhook>> {
    let mut statement = db.prepare_cached(sql!("webhooks/columns" + "webhooks/list"))?;
    let rows = statement.query_map(named_params! { ":instance": instance }, read_webhook)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many webhooks `instance` has.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn count(db: &Connection, instance: InstanceSerial) -> Result<u32> {
    let mut statement = db.prepare_cached(sql!("webhooks/count"))?;
    Ok(statement.query_row(named_params! { ":instance": instance }, |row| row.get(0))?)
}

/// The webhook of this name.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(db: &Connection, instance: InstanceSerial, id: &WebhookId) -> Result<Option<Webhook>> {
    let mut statement = db.prepare_cached(sql!("webhooks/columns" + "webhooks/find"))?;
    let params = named_params! { ":instance": instance, ":webhook_id": id };
    Ok(statement.query_row(params, read_webhook).optional()?)
}

/// The webhook with this number.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find_by_serial(db: &Connection, webhook: WebhookSerial) -> Result<Option<Webhook>> {
    let mut statement = db.prepare_cached(sql!("webhooks/columns" + "webhooks/find_by_serial"))?;
    let params = named_params! { ":webhook_serial": webhook };
    Ok(statement.query_row(params, read_webhook).optional()?)
}

fn read_webhook(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    let old: Option<Secret> = row.get("old_secret")?;
    let until: Option<Timestamp> = row.get("old_secret_until_s")?;
    Ok(Webhook {
        serial: row.get("serial")?,
        instance: row.get("instance_serial")?,
        id: row.get("webhook_id")?,
        settings: WebhookSettings {
            event_type: row.get("event_type")?,
            url: row.get("url")?,
            http_method: row.get("http_method")?,
            header_template: row.get("header_template")?,
            body_template: row.get("body_template")?,
        },
        secrets: Secrets { current: row.get("secret")?, old: old.zip(until) },
        active: row.get("active")?,
        disabled_why: row.get("disabled_why")?,
        created_at: row.get("created_at_s")?,
        last_success: row.get("last_success_s")?,
        failing_since: row.get("failing_since_s")?,
    })
}

/// Keeps a new webhook; `false` if there is one of this name.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    id: &WebhookId,
    settings: &WebhookSettings,
    secret: &Secret,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx.prepare_cached(sql!("webhooks/insert"))?.execute(named_params! {
        ":instance": instance,
        ":webhook_id": id,
        ":event_type": settings.event_type,
        ":url": settings.url,
        ":http_method": settings.http_method,
        ":header_template": settings.header_template,
        ":body_template": settings.body_template,
        ":secret": secret,
        ":created_at_s": now,
    })?;
    Ok(changed > 0)
}

/// Replaces what the shop says of a webhook, and takes it into use; `false` if there is none of this
/// name.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn update(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    id: &WebhookId,
    settings: &WebhookSettings,
) -> Result<bool> {
    let changed = tx.prepare_cached(sql!("webhooks/update"))?.execute(named_params! {
        ":instance": instance,
        ":webhook_id": id,
        ":event_type": settings.event_type,
        ":url": settings.url,
        ":http_method": settings.http_method,
        ":header_template": settings.header_template,
        ":body_template": settings.body_template,
    })?;
    // What waits may go to another address now.
    tx.announce([Topic::Webhooks]);
    Ok(changed > 0)
}

/// Takes a webhook into use again.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn resume(tx: &mut Tx<'_>, webhook: WebhookSerial) -> Result<()> {
    tx.prepare_cached(sql!("webhooks/resume"))?
        .execute(named_params! { ":webhook_serial": webhook })?;
    tx.announce([Topic::Webhooks]);
    Ok(())
}

/// Takes a webhook out of use, and cancels what waits for it; `false` if it was out of use already.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn disable(
    tx: &mut Tx<'_>,
    webhook: WebhookSerial,
    why: DisabledWhy,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .prepare_cached(sql!("webhooks/disable"))?
        .execute(named_params! { ":webhook_serial": webhook, ":why": why })?;
    if changed > 0 {
        tx.prepare_cached(sql!("webhook_deliveries/cancel"))?
            .execute(named_params! { ":webhook_serial": webhook, ":now_s": now })?;
    }
    Ok(changed > 0)
}

/// Gives a webhook other keys.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn set_secrets(tx: &mut Tx<'_>, webhook: WebhookSerial, secrets: &Secrets) -> Result<()> {
    tx.prepare_cached(sql!("webhooks/set_secret"))?.execute(named_params! {
        ":webhook_serial": webhook,
        ":secret": secrets.current,
        ":old_secret": secrets.old.as_ref().map(|(old, _)| old),
        ":old_secret_until_s": secrets.old.as_ref().map(|(_, until)| until),
    })?;
    Ok(())
}

/// Deletes a webhook with its deliveries, and the events that no other is told of.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, webhook: WebhookSerial) -> Result<()> {
    tx.prepare_cached(sql!("webhook_events/delete_of_webhook"))?
        .execute(named_params! { ":webhook_serial": webhook })?;
    tx.prepare_cached(sql!("webhooks/delete"))?
        .execute(named_params! { ":webhook_serial": webhook })?;
    Ok(())
}

/// A delivery that waits and may be the next of its webhook.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The delivery.
    pub serial: DeliverySerial,
    /// Its webhook.
    pub webhook: WebhookSerial,
    /// The webhook's URL, a template.
    pub url: String,
    /// Whether the webhook's last attempt has failed.
    pub is_failing: bool,
    /// When it may be attempted.
    pub next_attempt: Timestamp,
}

/// The deliveries that may be the next of each webhook in use: the first of those in order, and the
/// first due of those that later ones may overtake.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn candidates(db: &Connection) -> Result<Vec<Candidate>> {
    let mut statement = db.prepare_cached(sql!("webhook_deliveries/candidates"))?;
    let rows = statement.query_map([], |row| {
        Ok(Candidate {
            serial: row.get("serial")?,
            webhook: row.get("webhook_serial")?,
            url: row.get("url")?,
            is_failing: row.get("is_failing")?,
            next_attempt: row.get("next_attempt_s")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// An event as it is kept.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// At which shop.
    pub instance: InstanceSerial,
    /// What has happened.
    pub kind: EventType,
    /// Its name for receivers.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// To which order.
    pub order: Option<OrderSerial>,
    /// What templates can insert and no other row has.
    pub variables: Map<String, Value>,
}

/// A delivery that waits, with all that it is made of.
#[derive(Clone, Debug)]
pub struct WaitingDelivery {
    /// The webhook.
    pub webhook: Webhook,
    /// The event.
    pub event: EventRow,
    /// How many attempts were made.
    pub attempts: u32,
}

/// A delivery that waits; `None` if it does not any more.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn delivery(db: &Connection, serial: DeliverySerial) -> Result<Option<WaitingDelivery>> {
    let mut statement = db.prepare_cached(sql!("webhook_deliveries/find"))?;
    let found = statement
        .query_row(named_params! { ":serial": serial }, |row| {
            Ok((row.get("webhook_serial")?, row.get("event_serial")?, row.get("attempts")?))
        })
        .optional()?;
    let Some((webhook, event, attempts)) = found else { return Ok(None) };
    let (webhook, event) = (find_by_serial(db, webhook)?, find_event(db, event)?);
    Ok(webhook.zip(event).map(|(webhook, event)| WaitingDelivery { webhook, event, attempts }))
}

fn find_event(db: &Connection, event: EventSerial) -> Result<Option<EventRow>> {
    let mut statement = db.prepare_cached(sql!("webhook_events/find"))?;
    let read = |row: &Row<'_>| {
        let variables: String = row.get("variables")?;
        let variables = serde_json::from_str(&variables).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into())
        })?;
        Ok(EventRow {
            instance: row.get("instance_serial")?,
            kind: row.get("event_type")?,
            id: row.get("event_id")?,
            at: row.get("at_s")?,
            order: row.get("order_serial")?,
            variables,
        })
    };
    Ok(statement.query_row(named_params! { ":event_serial": event }, read).optional()?)
}

/// What an attempt has come to.
#[derive(Clone, Debug)]
pub struct AttemptRow {
    /// How far the delivery has come with it.
    pub state: DeliveryState,
    /// When it is attempted again; `None` if it does not wait any more.
    pub next_attempt: Option<Timestamp>,
    /// When the attempt ended, by the sender's clock.
    pub now: Timestamp,
    /// When the attempt ended, by the wall clock.
    pub at: Timestamp,
    /// HTTP status of the answer.
    pub http_status: Option<u16>,
    /// Why it failed, in words.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// The beginning of the answer's body.
    pub answer_head: Option<String>,
}

/// Records an attempt, with the state of its webhook; `false` if the delivery does not wait any more.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn record(
    tx: &mut Tx<'_>,
    webhook: WebhookSerial,
    serial: DeliverySerial,
    attempt: &AttemptRow,
) -> Result<bool> {
    let ended_at = (attempt.state != DeliveryState::Waiting).then_some(attempt.at);
    let changed = tx.prepare_cached(sql!("webhook_deliveries/record"))?.execute(named_params! {
        ":serial": serial,
        ":state": attempt.state,
        ":next_attempt_s": attempt.next_attempt,
        ":now_s": attempt.now,
        ":last_attempt_s": attempt.at,
        ":last_http_status": attempt.http_status,
        ":last_error": attempt.error,
        ":took_ms": attempt.took_ms,
        ":answer_head": attempt.answer_head,
        ":ended_at_s": ended_at,
    })?;
    let mark = match attempt.state {
        DeliveryState::Delivered => sql!("webhooks/mark_working"),
        DeliveryState::Waiting | DeliveryState::GivenUp | DeliveryState::Cancelled => {
            sql!("webhooks/mark_failing")
        }
    };
    tx.prepare_cached(mark)?
        .execute(named_params! { ":webhook_serial": webhook, ":now_s": attempt.at })?;
    Ok(changed > 0)
}

/// Deliveries to a webhook, the newest first: at most `limit` before the one called `before`, in this
/// state if one is named.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn deliveries(
    db: &Connection,
    webhook: WebhookSerial,
    state: Option<DeliveryState>,
    before: Option<DeliverySerial>,
    limit: u32,
) -> Result<Vec<Delivery>> {
    let mut statement = db.prepare_cached(sql!("webhook_deliveries/list"))?;
    let params = named_params! {
        ":webhook_serial": webhook,
        ":before": before.unwrap_or(DeliverySerial(i64::MAX)),
        ":state": state,
        ":limit": limit,
    };
    let rows = statement.query_map(params, |row| {
        Ok(Delivery {
            serial: row.get("serial")?,
            event_id: row.get("event_id")?,
            event_type: row.get("event_type")?,
            order_id: row.get("order_id")?,
            state: row.get("state")?,
            attempts: row.get("attempts")?,
            next_attempt: row.get("next_attempt_s")?,
            last_attempt: row.get("last_attempt_s")?,
            last_http_status: row.get("last_http_status")?,
            last_error: row.get("last_error")?,
            took_ms: row.get("took_ms")?,
            answer_head: row.get("answer_head")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Lets a delivery wait as if it were new; `false` if the webhook has no such delivery.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn redeliver(
    tx: &mut Tx<'_>,
    webhook: WebhookSerial,
    serial: DeliverySerial,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .prepare_cached(sql!("webhook_deliveries/redeliver"))?
        .execute(named_params! { ":webhook_serial": webhook, ":serial": serial, ":now_s": now })?;
    tx.announce([Topic::Webhooks]);
    Ok(changed > 0)
}

/// The same for up to `limit` deliveries that were given up or cancelled since then, the oldest first; how
/// many there were.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn redeliver_since(
    tx: &mut Tx<'_>,
    webhook: WebhookSerial,
    since: Timestamp,
    now: Timestamp,
    limit: u32,
) -> Result<usize> {
    let changed =
        tx.prepare_cached(sql!("webhook_deliveries/redeliver_since"))?.execute(named_params! {
            ":webhook_serial": webhook,
            ":since_s": since,
            ":now_s": now,
            ":limit": limit,
        })?;
    tx.announce([Topic::Webhooks]);
    Ok(changed)
}

/// Was any delivery that waits scheduled by a clock ahead of `now`?
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_any_scheduled_after(db: &Connection, now: Timestamp) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("webhook_deliveries/is_any_scheduled_after"))?;
    Ok(statement.exists(named_params! { ":now_s": now })?)
}

/// Lets deliveries that were scheduled by a clock ahead of `now` wait no longer than they would have by
/// that clock. For the sender when it starts.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn reschedule(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
    tx.prepare_cached(sql!("webhook_deliveries/reschedule"))?
        .execute(named_params! { ":now_s": now })?;
    Ok(())
}

/// Has any delivery come to this end before that time?
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_any_ended(db: &Connection, state: DeliveryState, before: Timestamp) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("webhook_deliveries/is_any_ended"))?;
    Ok(statement.exists(named_params! { ":state": state, ":before_s": before })?)
}

/// Deletes up to `limit` deliveries that came to this end before that time, and the events that no
/// other delivery is of; how many deliveries.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete_ended(
    tx: &mut Tx<'_>,
    state: DeliveryState,
    before: Timestamp,
    limit: u32,
) -> Result<usize> {
    let params = named_params! { ":state": state, ":before_s": before, ":limit": limit };
    let mut events = tx.prepare_cached(sql!("webhook_events/delete_ended"))?;
    let gone = events.execute(params)?;
    let left = tx.prepare_cached(sql!("webhook_deliveries/delete_ended"))?.execute(params)?;
    Ok(gone.saturating_add(left))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{Fixture, fixture, order};
    use super::super::{Error, Options, OutboxLimits, orders};
    use super::*;
    use crate::model::webhook::{ATTEMPTS_IN_ORDER, HttpMethod};

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs).unwrap()
    }

    fn settings(event_type: EventType) -> WebhookSettings {
        WebhookSettings {
            event_type,
            url: "https://shop.example/hook".into(),
            http_method: HttpMethod::Post,
            header_template: None,
            body_template: None,
        }
    }

    fn event(text: &str) -> Event {
        let Value::Object(variables) = json!({ "text": text }) else { panic!("an object") };
        Event { at: at(100), order: None, variables }
    }

    async fn with_webhooks(limits: OutboxLimits, kinds: &[EventType]) -> Fixture {
        let f = fixture(Options { outbox: limits, ..Options::default() }).await;
        for (kind, number) in kinds.iter().copied().zip(0..) {
            let (instance, id) = (f.instance, WebhookId::parse(format!("w{number}")).unwrap());
            let secret = Secret::new([7; 32]).unwrap();
            let added =
                f.store.write(move |tx| insert(tx, instance, &id, &settings(kind), &secret, at(1)));
            assert!(added.await.unwrap());
        }
        f
    }

    async fn told(f: &Fixture, kind: EventType, text: &'static str) {
        let instance = f.instance;
        f.store.write(move |tx| enqueue(tx, instance, kind, || event(text))).await.unwrap();
    }

    fn rows(f: &Fixture) -> (u32, u32, u32) {
        f.store
            .read_in_place::<_, Error>(|db| {
                let count = |table: &str| -> Result<u32> {
                    let statement = format!("SELECT count(*) FROM {table}");
                    Ok(db.prepare_cached(&statement)?.query_row([], |row| row.get(0))?)
                };
                Ok((count("orders")?, count("webhook_events")?, count("webhook_deliveries")?))
            })
            .unwrap()
    }

    #[actix_web::test]
    async fn an_event_is_written_once_and_told_to_each_webhook_of_its_type() {
        let kinds = [EventType::Pay, EventType::Pay, EventType::Refund];
        let f = with_webhooks(OutboxLimits::default(), &kinds).await;
        told(&f, EventType::Pay, "a").await;
        assert_eq!(rows(&f), (0, 1, 2));
        // Nobody wants to hear of this one, and nothing is made of it.
        let instance = f.instance;
        let unheard = f.store.write(move |tx| {
            enqueue(tx, instance, EventType::OrderCreated, || panic!("nobody asked"))
        });
        unheard.await.unwrap();
        assert_eq!(rows(&f), (0, 1, 2));
        // What is rolled back is not told.
        let undone = f.store.write::<(), _>(move |tx| {
            enqueue(tx, instance, EventType::Pay, || event("b"))?;
            Err(Error::Busy)
        });
        assert!(undone.await.is_err());
        assert_eq!(rows(&f), (0, 1, 2));
    }

    /// Red before the event was inserted by SELECT: SQLite undid the whole transaction.
    #[actix_web::test]
    async fn a_full_disk_costs_the_event_and_not_what_has_happened() {
        let f = with_webhooks(OutboxLimits::default(), &[EventType::Pay]).await;
        let (instance, before) = (f.instance, losses().lost);
        let paid = f.store.write(move |tx| {
            assert!(orders::insert(tx, instance, &order("A"))?);
            // As many pages as there are now.
            let pages: u32 = tx.pragma_query_value(None, "page_count", |row| row.get(0))?;
            let _: u32 = tx
                .prepare_cached(&format!("PRAGMA max_page_count = {pages}"))?
                .query_row([], |row| row.get(0))?;
            let long = || Event {
                variables: json!({ "text": "x".repeat(1 << 20) }).as_object().unwrap().clone(),
                ..event("")
            };
            enqueue(tx, instance, EventType::Pay, long)?;
            Ok::<_, Error>(tx.is_autocommit())
        });
        assert!(!paid.await.unwrap());
        assert_eq!(rows(&f), (1, 0, 0));
        assert!(losses().lost > before);
    }

    #[actix_web::test]
    async fn an_event_that_cannot_be_written_costs_nothing_else() {
        let f = with_webhooks(OutboxLimits::default(), &[EventType::Pay]).await;
        let (instance, before) = (f.instance, losses().lost);
        let paid = f.store.write(move |tx| {
            assert!(orders::insert(tx, instance, &order("A"))?);
            // No time that a row could have.
            let timeless = || Event { at: Timestamp::NEVER, ..event("") };
            enqueue(tx, instance, EventType::Pay, timeless)
        });
        paid.await.unwrap();
        assert_eq!(rows(&f), (1, 0, 0));
        assert!(losses().lost > before);
    }

    #[actix_web::test]
    async fn no_event_takes_the_rest_of_the_disk() {
        let limits = OutboxLimits { disk_reserve_bytes: u64::MAX, ..OutboxLimits::default() };
        let f = with_webhooks(limits, &[EventType::Pay]).await;
        let before = losses().lost;
        told(&f, EventType::Pay, "a").await;
        assert_eq!(rows(&f), (0, 0, 0));
        assert!(losses().lost > before);
    }

    #[actix_web::test]
    async fn beyond_the_bounds_stock_is_dropped_first_and_money_never() {
        let limits = OutboxLimits { max_waiting: 10, ..OutboxLimits::default() };
        let kinds = [EventType::InventoryUpdated, EventType::Pay, EventType::OrderCreated];
        let f = with_webhooks(limits, &kinds).await;
        for _ in 0..8 {
            told(&f, EventType::InventoryUpdated, "stock").await;
        }
        for _ in 0..12 {
            told(&f, EventType::Pay, "money").await;
        }
        // All stock is gone, and all money is there.
        assert_eq!(rows(&f), (0, 12, 12));
        // The webhook of orders works as far as is known: nothing of it is dropped.
        told(&f, EventType::OrderCreated, "order").await;
        assert_eq!(rows(&f).2, 13);
        let failing = f.store.write::<_, Error>(|tx| {
            tx.execute_batch("UPDATE webhooks SET failing_since_s = 1")?;
            Ok(())
        });
        failing.await.unwrap();
        let instance = f.instance;
        let later = f.store.write(move |tx| {
            let late = Event { at: at(200_000), ..event("order") };
            enqueue(tx, instance, EventType::OrderCreated, || late)
        });
        later.await.unwrap();
        assert_eq!(rows(&f).2, 12);
    }

    #[actix_web::test]
    async fn long_variables_are_bounded_by_their_bytes() {
        let limits = OutboxLimits { max_variables_bytes: 10_000, ..OutboxLimits::default() };
        let f = with_webhooks(limits, &[EventType::InventoryUpdated]).await;
        let long = "x".repeat(4_000);
        let instance = f.instance;
        for _ in 0..9 {
            let long = long.clone();
            let write = f.store.write(move |tx| {
                enqueue(tx, instance, EventType::InventoryUpdated, || event(&long))
            });
            write.await.unwrap();
        }
        let waiting = f.store.read_in_place(|db| waiting(db, instance)).unwrap();
        assert!(waiting.variables_bytes <= 10_000, "{waiting:?}");
    }

    #[actix_web::test]
    async fn a_deleted_webhook_takes_its_deliveries_and_lonely_events_along() {
        let f = with_webhooks(OutboxLimits::default(), &[EventType::Pay, EventType::Pay]).await;
        told(&f, EventType::Pay, "a").await;
        let instance = f.instance;
        for left in [(0, 1, 1), (0, 0, 0)] {
            let gone = f.store.write::<_, Error>(move |tx| {
                let first = list(tx, instance)?.swap_remove(0);
                delete(tx, first.serial)
            });
            gone.await.unwrap();
            assert_eq!(rows(&f), left);
        }
    }

    #[actix_web::test]
    async fn old_deliveries_are_deleted_by_their_end_and_an_event_with_its_last_one() {
        let f = with_webhooks(OutboxLimits::default(), &[EventType::Pay, EventType::Pay]).await;
        told(&f, EventType::Pay, "a").await;
        let ended = |state| AttemptRow {
            state,
            next_attempt: None,
            now: at(200),
            at: at(200),
            http_status: Some(200),
            error: None,
            took_ms: 1,
            answer_head: None,
        };
        let done = f.store.write::<_, Error>(move |tx| {
            let all = candidates(tx)?;
            record(tx, all[0].webhook, all[0].serial, &ended(DeliveryState::Delivered))?;
            record(tx, all[1].webhook, all[1].serial, &ended(DeliveryState::GivenUp))?;
            assert!(candidates(tx)?.is_empty());
            assert_eq!(delete_ended(tx, DeliveryState::Delivered, at(200), 10)?, 0);
            assert_eq!(delete_ended(tx, DeliveryState::Delivered, at(201), 10)?, 1);
            Ok(())
        });
        done.await.unwrap();
        assert_eq!(rows(&f), (0, 1, 1));
        let rest = f.store.write(|tx| delete_ended(tx, DeliveryState::GivenUp, at(201), 10));
        assert!(rest.await.unwrap() > 0);
        assert_eq!(rows(&f), (0, 0, 0));
    }

    #[test]
    fn statements_and_indexes_say_when_a_delivery_may_be_overtaken() {
        let (young, old) =
            (format!("attempts < {ATTEMPTS_IN_ORDER}"), format!("attempts >= {ATTEMPTS_IN_ORDER}"));
        for text in [
            sql!("migrations/0011_webhooks"),
            sql!("webhook_deliveries/candidates"),
            sql!("webhook_deliveries/count_waiting"),
        ] {
            assert!(text.contains(&young) && text.contains(&old), "{text}");
        }
    }
}
