//! Use cases of webhooks: the shop's own (webhooks 1 and 5.4), what they are told, and how that is sent.
//!
//! `events` writes what has happened, in its transaction, and gathers the variables later. `sender` is the
//! task that sends it, `test_call` sends a made-up event at once.

mod events;
mod sender;
mod test_call;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::lookup::still_there;
use super::{Error, Principal, Till};
use crate::model::instance::InstanceSerial;
use crate::model::invalid_field::InvalidField;
use crate::model::webhook::{
    Delivery, DeliverySerial, DeliveryState, MAX_WEBHOOKS, Secret, Secrets, Webhook,
    WebhookSettings, WebhookStatus,
};
use crate::store::{Read, Tx, webhooks};
use crate::webhook::{self, AddressGuard, BadWebhook, Escaping, Parts, RequestTemplate};
use system::random;
use taler::ids::WebhookId;
use taler::time::{RelativeTime, Timestamp};

pub(super) use events::{Settled, tell_created, tell_paid, tell_refunded, tell_settled};
pub use test_call::{TestCall, TestedWebhook};

/// Most deliveries in one list, and how many a list has of which nobody says how many.
pub const MAX_DELIVERIES: u32 = 1_000;
/// See [`MAX_DELIVERIES`].
pub const USUAL_DELIVERIES: u32 = 20;
/// Most deliveries that one request sends again: as many as may wait.
const MAX_REDELIVERIES: u32 = 10_000;
/// For how long the old secret signs as well if nobody says otherwise, in seconds: a day, in which the
/// receiver is changed.
pub const OLD_SECRET_S: u64 = 86_400;
/// For how long it may do so at most, in seconds: a month.
pub(crate) const MAX_OLD_SECRET_S: u64 = 30 * 86_400;
/// Bytes of a secret.
const SECRET_BYTES: usize = 32;
/// Most deliveries deleted in one change, for which others wait.
const DELETED_AT_ONCE: u32 = 256;

/// The settings of webhooks for all instances.
#[derive(Clone, Debug)]
pub struct WebhookPolicy {
    /// Which addresses are called; those of the daemon itself are added when it listens.
    pub guard: AddressGuard,
    /// How long a delivered event stays in the log.
    pub delivered_kept: Duration,
    /// How long one that was given up or cancelled does.
    pub undelivered_kept: Duration,
}

impl Default for WebhookPolicy {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Self { guard: AddressGuard::default(), delivered_kept: days(7), undelivered_kept: days(60) }
    }
}

/// What sending needs. All clones of a till share it.
#[derive(Debug)]
pub(super) struct Outgoing {
    policy: WebhookPolicy,
    /// Where the daemon itself answers.
    own: OnceLock<Vec<SocketAddr>>,
    client: OnceLock<webhook::Client>,
    tests: test_call::Tests,
}

impl Outgoing {
    pub(super) fn new(policy: WebhookPolicy) -> Arc<Self> {
        let (own, client) = (OnceLock::new(), OnceLock::new());
        Arc::new(Self { policy, own, client, tests: test_call::Tests::default() })
    }

    /// The client, which knows the daemon's own addresses if they were told before the first call.
    fn client(&self) -> &webhook::Client {
        self.client.get_or_init(|| {
            let own = self.own.get().cloned().unwrap_or_default();
            let guard = AddressGuard { own, ..self.policy.guard.clone() };
            webhook::Client::new(guard, webhook::client::Times::default())
        })
    }
}

/// The texts of a webhook, parsed.
///
/// # Errors
/// [`BadWebhook`].
fn template(settings: &WebhookSettings) -> Result<RequestTemplate, BadWebhook> {
    RequestTemplate::parse(Parts {
        url: &settings.url,
        method: settings.http_method,
        header_template: settings.header_template.as_deref(),
        body_template: settings.body_template.as_deref(),
        escaping: match settings.event_type.escapes_html() {
            true => Escaping::Html,
            false => Escaping::Raw,
        },
    })
}

/// The keys that sign at this time, the newest first.
fn signing_keys(secrets: &Secrets, now: Timestamp) -> Vec<Secret> {
    secrets.at(now).cloned().collect()
}

fn find(db: &Read<'_>, instance: InstanceSerial, id: &WebhookId) -> Result<Webhook, Error> {
    webhooks::find(db, instance, id)?.ok_or_else(|| Error::WebhookUnknown(id.clone()))
}

fn with_status(db: &Read<'_>, webhook: Webhook) -> Result<WebhookStatus, Error> {
    Ok(WebhookStatus { waiting: webhooks::waiting_for(db, webhook.serial)?, webhook })
}

impl Till {
    /// Tells the till where its daemon answers: no webhook may go there. Once, before the first is sent.
    pub fn set_own_addresses(&self, addresses: Vec<SocketAddr>) {
        // A second call would come too late anyway.
        let _ = self.outgoing.own.set(addresses);
    }

    /// Which addresses webhooks may call.
    pub fn webhook_guard(&self) -> &AddressGuard {
        self.outgoing.client().guard()
    }

    /// Whether a webhook can be so.
    fn check_webhook(&self, settings: &WebhookSettings) -> Result<(), Error> {
        let template = template(settings)?;
        let checked = self.webhook_guard().check_url(template.target());
        checked.map_err(|refused| Error::WebhookRefused(refused.to_string()))
    }

    /// The principal's webhooks, the oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn webhooks(&self, principal: &Principal) -> Result<Vec<WebhookStatus>, Error> {
        let instance = principal.instance.serial;
        self.store
            .read(move |db| {
                let all = webhooks::list(db, instance)?.into_iter();
                all.map(|webhook| with_status(db, webhook)).collect()
            })
            .await
    }

    /// One of the principal's webhooks.
    ///
    /// # Errors
    /// [`Error::WebhookUnknown`].
    pub async fn webhook(
        &self,
        principal: &Principal,
        id: WebhookId,
    ) -> Result<WebhookStatus, Error> {
        let instance = principal.instance.serial;
        self.store.read(move |db| with_status(db, find(db, instance, &id)?)).await
    }

    /// One of the principal's webhooks with the newest of its deliveries before the one called `before`, as
    /// both are at one moment.
    ///
    /// # Errors
    /// [`Error::WebhookUnknown`].
    pub async fn webhook_with_log(
        &self,
        principal: &Principal,
        id: WebhookId,
        before: Option<DeliverySerial>,
        limit: u32,
    ) -> Result<(WebhookStatus, Vec<Delivery>), Error> {
        let instance = principal.instance.serial;
        let limit = limit.min(MAX_DELIVERIES);
        self.store
            .read(move |db| {
                let webhook = find(db, instance, &id)?;
                let log = webhooks::deliveries(db, webhook.serial, None, before, limit)?;
                Ok((with_status(db, webhook)?, log))
            })
            .await
    }

    /// Keeps a new webhook, with a secret of its own. The same one again is no error.
    ///
    /// # Errors
    /// [`Error::WebhookExists`] when the name has other content, [`Error::TooManyWebhooks`],
    /// [`Error::Webhook`], [`Error::WebhookRefused`].
    pub async fn add_webhook(
        &self,
        principal: &Principal,
        id: WebhookId,
        settings: WebhookSettings,
    ) -> Result<(), Error> {
        self.check_webhook(&settings)?;
        let secret = Secret::new(random::<SECRET_BYTES>()?)?;
        let (instance, shop) = (principal.instance.serial, principal.instance.id.clone());
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                still_there(tx, instance, &shop)?;
                if let Some(there) = webhooks::find(tx, instance, &id)? {
                    return match there.settings == settings {
                        true => Ok(()),
                        false => Err(Error::WebhookExists(id)),
                    };
                }
                if webhooks::count(tx, instance)? >= MAX_WEBHOOKS {
                    return Err(Error::TooManyWebhooks);
                }
                webhooks::insert(tx, instance, &id, &settings, &secret, now)?;
                log::info!("{shop}: added the webhook {id}");
                Ok(())
            })
            .await
    }

    /// Replaces what the shop says of a webhook, and takes it into use. Its secret stays.
    ///
    /// # Errors
    /// [`Error::WebhookUnknown`], [`Error::Webhook`], [`Error::WebhookRefused`].
    pub async fn change_webhook(
        &self,
        principal: &Principal,
        id: WebhookId,
        settings: WebhookSettings,
    ) -> Result<(), Error> {
        self.check_webhook(&settings)?;
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| match webhooks::update(tx, instance, &id, &settings)? {
                true => Ok(()),
                false => Err(Error::WebhookUnknown(id)),
            })
            .await
    }

    /// Takes a webhook into use again that tilld has taken out of use. What was cancelled stays so, see
    /// [`Till::redeliver_since`].
    ///
    /// # Errors
    /// [`Error::WebhookUnknown`].
    pub async fn resume_webhook(&self, principal: &Principal, id: WebhookId) -> Result<(), Error> {
        self.with_webhook(principal, id, |tx, webhook| Ok(webhooks::resume(tx, webhook.serial)?))
            .await
    }

    /// Deletes a webhook, with its log and what waits for it.
    ///
    /// # Errors
    /// [`Error::WebhookUnknown`].
    pub async fn delete_webhook(&self, principal: &Principal, id: WebhookId) -> Result<(), Error> {
        self.with_webhook(principal, id, |tx, webhook| Ok(webhooks::delete(tx, webhook.serial)?))
            .await
    }

    /// Gives a webhook a new secret, which is returned once and never shown again. The old one signs as
    /// well for `keep_old_s` seconds.
    ///
    /// # Errors
    /// [`Error::WebhookUnknown`]; [`Error::InvalidField`] for more than a month.
    pub async fn new_webhook_secret(
        &self,
        principal: &Principal,
        id: WebhookId,
        keep_old_s: Option<u64>,
    ) -> Result<Secret, Error> {
        let keep_old_s = keep_old_s.unwrap_or(OLD_SECRET_S);
        let keep =
            RelativeTime::from_secs(keep_old_s).ok().filter(|_| keep_old_s <= MAX_OLD_SECRET_S);
        let keep = keep.ok_or(InvalidField("keep_old_s"))?;
        let current = Secret::new(random::<SECRET_BYTES>()?)?;
        let made = current.clone();
        let now = self.clock.now();
        self.with_webhook(principal, id, move |tx, webhook| {
            let until = now.saturating_add(keep);
            let old = (until > now).then_some((webhook.secrets.current, until));
            Ok(webhooks::set_secrets(tx, webhook.serial, &Secrets { current, old })?)
        })
        .await?;
        Ok(made)
    }

    /// The log of a webhook, the newest deliveries first: before the one called `before`, in this state
    /// if one is named.
    ///
    /// # Errors
    /// [`Error::WebhookUnknown`].
    pub async fn webhook_deliveries(
        &self,
        principal: &Principal,
        id: WebhookId,
        state: Option<DeliveryState>,
        before: Option<DeliverySerial>,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        let instance = principal.instance.serial;
        let limit = limit.min(MAX_DELIVERIES);
        self.store
            .read(move |db| {
                let webhook = find(db, instance, &id)?;
                Ok(webhooks::deliveries(db, webhook.serial, state, before, limit)?)
            })
            .await
    }

    /// Sends a delivery again, whatever came of it, as if it were new.
    ///
    /// # Errors
    /// [`Error::WebhookUnknown`], [`Error::DeliveryUnknown`].
    pub async fn redeliver(
        &self,
        principal: &Principal,
        id: WebhookId,
        serial: DeliverySerial,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        self.with_webhook(principal, id, move |tx, webhook| {
            match webhooks::redeliver(tx, webhook.serial, serial, now)? {
                true => Ok(()),
                false => Err(Error::DeliveryUnknown(serial)),
            }
        })
        .await
    }

    /// Sends all deliveries again that were given up or cancelled since then, the oldest first; how many.
    ///
    /// # Errors
    /// [`Error::WebhookUnknown`].
    pub async fn redeliver_since(
        &self,
        principal: &Principal,
        id: WebhookId,
        since: Timestamp,
    ) -> Result<usize, Error> {
        let now = self.clock.now();
        self.with_webhook(principal, id, move |tx, webhook| {
            Ok(webhooks::redeliver_since(tx, webhook.serial, since, now, MAX_REDELIVERIES)?)
        })
        .await
    }

    /// Changes a webhook of the principal's.
    async fn with_webhook<T: Send + 'static>(
        &self,
        principal: &Principal,
        id: WebhookId,
        change: impl FnOnce(&mut Tx<'_>, Webhook) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| {
                let webhook = find(tx, instance, &id)?;
                change(tx, webhook)
            })
            .await
    }

    /// Deletes some of the log's deliveries that are old enough, with their events; whether there may be
    /// more.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn delete_old_deliveries(&self) -> Result<bool, Error> {
        // What is deleted by a wrong clock cannot be sent again.
        if !self.is_time_sure() {
            return Ok(false);
        }
        let now = self.clock.now().secs().unwrap_or_default();
        let policy = &self.outgoing.policy;
        let before = |kept: Duration| {
            Timestamp::from_secs(now.saturating_sub(kept.as_secs())).unwrap_or(Timestamp::ZERO)
        };
        let ends = [
            (DeliveryState::Delivered, before(policy.delivered_kept)),
            (DeliveryState::GivenUp, before(policy.undelivered_kept)),
            (DeliveryState::Cancelled, before(policy.undelivered_kept)),
        ];
        let is_any = self.store.read::<_, Error>(move |db| {
            for (state, before) in ends {
                if webhooks::is_any_ended(db, state, before)? {
                    return Ok(true);
                }
            }
            Ok(false)
        });
        if !is_any.await? {
            return Ok(false);
        }
        let deleted = self.store.write::<_, Error>(move |tx| {
            let mut most = 0;
            for (state, before) in ends {
                most = most.max(webhooks::delete_ended(tx, state, before, DELETED_AT_ONCE)?);
            }
            Ok(most)
        });
        Ok(u32::try_from(deleted.await?).is_ok_and(|most| most >= DELETED_AT_ONCE))
    }

    /// The waiting deliveries and failing webhooks of all shops, for the operator.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn webhook_health(&self) -> Result<webhooks::Health, Error> {
        self.store.read(|db| Ok(webhooks::health(db)?)).await
    }

    /// How many events no webhook is told of, since the daemon has started.
    pub fn webhook_losses(&self) -> webhooks::Losses {
        webhooks::losses()
    }
}
