//! The commands about webhooks: list, try, look at the log, send again.

use super::shop::{named, principal, with_till};
use super::{Error, output};
use crate::config::Config;
use crate::model::webhook::{DeliverySerial, DeliveryState, WebhookStatus};
use crate::store::Role;
use crate::till::{self, MAX_DELIVERIES, TestedWebhook};
use system::clock::show;
use taler::ids::WebhookId;
use taler::time::Timestamp;

fn webhook_id(text: &str) -> Result<WebhookId, Error> {
    WebhookId::parse(text).map_err(|error| Error::Usage(format!("\"{text}\": {error}")))
}

/// The time, or `nothing`.
fn time(at: Option<Timestamp>, nothing: &str) -> String {
    at.map_or_else(|| nothing.to_owned(), show)
}

/// Whether it is told, in a few words.
fn state(status: &WebhookStatus) -> String {
    let webhook = &status.webhook;
    match (webhook.disabled_why, webhook.active, webhook.failing_since) {
        (Some(why), ..) => format!("out of use: {why}"),
        (None, false, _) => "out of use".into(),
        (None, true, Some(since)) => format!("failing since {}", show(since)),
        (None, true, None) => "active".into(),
    }
}

/// `tilld webhook list INSTANCE`
pub(super) fn list(config: &Config, instance: &str) -> Result<(), Error> {
    let id = named(instance)?;
    with_till(config, Role::Guest, |till| async move {
        let principal = principal(&till, &id).await?;
        for status in till.webhooks(&principal).await? {
            let webhook = &status.webhook;
            let last = time(webhook.last_success, "never delivered");
            let waiting = format!("{} waiting", status.waiting);
            let event = webhook.settings.event_type;
            let url = &webhook.settings.url;
            output::row(&[&webhook.id, &event, &state(&status), &last, &waiting, url])?;
        }
        Ok(())
    })
}

/// `tilld webhook test INSTANCE WEBHOOK`: fails when the receiver does not take the call.
pub(super) fn test(config: &Config, instance: &str, webhook: &str) -> Result<(), Error> {
    let (id, webhook) = (named(instance)?, webhook_id(webhook)?);
    with_till(config, Role::Guest, |till| async move {
        let principal = principal(&till, &id).await?;
        print_test(&till.test_webhook(&principal, webhook).await?)
    })
}

fn print_test(tested: &TestedWebhook) -> Result<(), Error> {
    let TestedWebhook { request, .. } = tested;
    output::line(format_args!("{} {}", request.method, request.url))?;
    for (name, value) in &request.headers {
        output::line(format_args!("{name}: {value}"))?;
    }
    if !request.body.is_empty() {
        output::line(&request.body)?;
    }
    let status = tested.http_status.map_or("no answer".to_owned(), |status| status.to_string());
    output::line(format_args!("answer: {status}, after {} ms", tested.took_ms))?;
    if let Some(head) = &tested.answer_head {
        output::line(format_args!("it begins: {head}"))?;
    }
    match (tested.is_delivered, &tested.error) {
        (true, None) => Ok(()),
        (true, Some(note)) => output::line(format_args!("note: {note}")),
        (false, error) => {
            let why = error.as_deref().unwrap_or("the receiver did not take the call");
            Err(Error::Other(format!("not delivered: {why}")))
        }
    }
}

/// `tilld webhook log INSTANCE WEBHOOK`, the newest first.
pub(super) fn log(
    config: &Config,
    instance: &str,
    webhook: &str,
    only: Option<&str>,
    limit: u32,
) -> Result<(), Error> {
    let (id, webhook) = (named(instance)?, webhook_id(webhook)?);
    let only = match only {
        Some(text) => Some(text.parse::<DeliveryState>().map_err(|_| {
            let all: Vec<_> = DeliveryState::ALL.iter().map(|state| state.as_str()).collect();
            Error::Usage(format!("\"{text}\" is not a state; they are: {}", all.join(", ")))
        })?),
        None => None,
    };
    with_till(config, Role::Guest, |till| async move {
        let principal = principal(&till, &id).await?;
        let limit = limit.min(MAX_DELIVERIES);
        for delivery in till.webhook_deliveries(&principal, webhook, only, None, limit).await? {
            let order = delivery.order_id.as_ref().map_or("", |id| id.as_str());
            let answer = match (delivery.last_http_status, &delivery.last_error) {
                (_, Some(error)) => error.clone(),
                (Some(status), None) => format!("answered {status}"),
                (None, None) => "not attempted yet".into(),
            };
            let when = match delivery.state {
                DeliveryState::Waiting => {
                    format!("next attempt {}", time(delivery.next_attempt, "soon"))
                }
                DeliveryState::Delivered | DeliveryState::GivenUp | DeliveryState::Cancelled => {
                    time(delivery.last_attempt, "never attempted")
                }
            };
            let attempts = format!("{} attempts", delivery.attempts);
            let (serial, state) = (delivery.serial.0, delivery.state.as_str());
            output::row(&[
                &serial,
                &state,
                &delivery.event_type,
                &order,
                &attempts,
                &when,
                &answer,
            ])?;
        }
        Ok(())
    })
}

/// `tilld webhook resend INSTANCE WEBHOOK [NUMBER]`: one call, or all that were given up or cancelled.
pub(super) fn resend(
    config: &Config,
    instance: &str,
    webhook: &str,
    serial: Option<i64>,
) -> Result<(), Error> {
    let (id, webhook) = (named(instance)?, webhook_id(webhook)?);
    with_till(config, Role::Guest, |till| async move {
        let principal = principal(&till, &id).await?;
        let asked = webhook.clone();
        let count = match serial {
            Some(serial) => {
                let delivery = DeliverySerial(serial);
                till.redeliver(&principal, webhook.clone(), delivery).await.map_err(|error| {
                    match error {
                        till::Error::DeliveryUnknown(_) => Error::Other(format!(
                            "{webhook} has no call {serial}; see: tilld webhook log {id} {webhook}"
                        )),
                        other => other.into(),
                    }
                })?;
                1
            }
            None => till.redeliver_since(&principal, webhook, Timestamp::ZERO).await?,
        };
        let is_active = till.webhook(&principal, asked).await?.webhook.active;
        output::line(format_args!(
            "{count} waiting to be sent; {}",
            match is_active {
                true => "a running daemon sends them within a minute",
                false =>
                    "the webhook is out of use: use it again in the back office, on the page Webhooks",
            }
        ))
    })
}
