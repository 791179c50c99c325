//! A made-up event, sent to a webhook at once and answered to the shop (webhooks 5.4).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{events, find, signing_keys, template};
use crate::model::instance::InstanceSerial;
use crate::model::webhook::EventId;
use crate::till::{Error, Principal, Till};
use crate::webhook::client::{Purpose, Signing};
use crate::webhook::{HttpMethod, Outcome};
use system::random;
use taler::ids::WebhookId;

/// Most test calls of an instance in [`WINDOW`]: a person who tries a receiver needs no more.
const MAX_TESTS: usize = 6;
/// See [`MAX_TESTS`].
const WINDOW: Duration = Duration::from_secs(60);
/// How long to wait while another test call of the instance is made: no attempt takes longer.
const ONE_AT_A_TIME: Duration = Duration::from_secs(15);

/// What was sent, as the receiver sees it.
#[derive(Clone, Debug)]
pub struct TestCall {
    /// How.
    pub method: HttpMethod,
    /// Where.
    pub url: String,
    /// The headers, those of the connection excepted.
    pub headers: Vec<(String, String)>,
    /// The body; empty: none.
    pub body: String,
}

/// What a test call has come to.
#[derive(Clone, Debug)]
pub struct TestedWebhook {
    /// Whether the receiver has taken it.
    pub is_delivered: bool,
    /// HTTP status of its answer.
    pub http_status: Option<u16>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Why it failed, or what was left out, in words.
    pub error: Option<String>,
    /// The beginning of the answer's body.
    pub answer_head: Option<String>,
    /// What was sent.
    pub request: TestCall,
}

/// The recent test calls of each instance.
#[derive(Debug, Default)]
pub(super) struct Tests(Mutex<HashMap<InstanceSerial, Recent>>);

#[derive(Debug, Default)]
struct Recent {
    is_running: bool,
    begun: VecDeque<Instant>,
}

/// A test call that is being made.
struct Running<'a> {
    tests: &'a Tests,
    instance: InstanceSerial,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(recent) = self.tests.all().get_mut(&self.instance) {
            recent.is_running = false;
        }
    }
}

impl Tests {
    fn all(&self) -> MutexGuard<'_, HashMap<InstanceSerial, Recent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a test call of `instance`.
    ///
    /// # Errors
    /// How long to wait.
    fn begin(&self, instance: InstanceSerial, now: Instant) -> Result<Running<'_>, Duration> {
        let mut all = self.all();
        let is_recent = |begun: &Instant| now.saturating_duration_since(*begun) < WINDOW;
        all.retain(|_, recent| {
            recent.begun.retain(is_recent);
            recent.is_running || !recent.begun.is_empty()
        });
        let recent = all.entry(instance).or_default();
        if recent.is_running {
            return Err(ONE_AT_A_TIME);
        }
        if let Some(oldest) = recent.begun.front().filter(|_| recent.begun.len() >= MAX_TESTS) {
            return Err(WINDOW.saturating_sub(now.saturating_duration_since(*oldest)));
        }
        recent.is_running = true;
        recent.begun.push_back(now);
        Ok(Running { tests: self, instance })
    }
}

impl Till {
    /// Sends a made-up event of its type to a webhook, in use or not, and waits for the answer. It is in no
    /// log and changes nothing.
    ///
    /// # Errors
    /// [`Error::WebhookUnknown`], [`Error::TooManyTests`].
    pub async fn test_webhook(
        &self,
        principal: &Principal,
        id: WebhookId,
    ) -> Result<TestedWebhook, Error> {
        let instance = principal.instance.serial;
        let webhook = self.store.read(move |db| find(db, instance, &id)).await?;
        let begun = self.outgoing.tests.begin(instance, self.clock.instant());
        let _running = begun.map_err(Error::TooManyTests)?;
        let event_id = EventId(random::<16>()?).to_string();
        let now = self.clock.now();
        let kind = webhook.settings.event_type;
        let variables = events::sample(kind, &event_id, &principal.instance.id, now);
        let request = template(&webhook.settings)?.expand(&variables);
        let request = request.map_err(|bad| Error::WebhookRefused(bad.to_string()))?;
        let notes = request.notes.join("; ");
        let (at_s, secrets) = (now.secs().unwrap_or_default(), signing_keys(&webhook.secrets, now));
        let signing =
            Signing { event_id: &event_id, at_s, secrets: &secrets, purpose: Purpose::Test };
        let signed = request.signed(&signing);
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = signed.headers.iter();
        let sent = TestCall {
            method: signed.method,
            url: signed.url.to_string(),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            body: signed.body.clone(),
        };
        let attempt = self.outgoing.client().attempt(signed, at_s).await;
        Ok(TestedWebhook {
            is_delivered: attempt.outcome == Outcome::Delivered,
            http_status: attempt.http_status,
            took_ms: attempt.took_ms,
            error: attempt.error.or(Some(notes).filter(|notes| !notes.is_empty())),
            answer_head: attempt.answer_head,
            request: sent,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_tests_one_at_a_time_and_six_a_minute() {
        let (tests, start) = (Tests::default(), Instant::now());
        let (one, other) = (InstanceSerial(1), InstanceSerial(2));
        let first = tests.begin(one, start).unwrap();
        assert_eq!(tests.begin(one, start).err(), Some(ONE_AT_A_TIME));
        assert!(tests.begin(other, start).is_ok());
        drop(first);
        for _ in 1..MAX_TESTS {
            drop(tests.begin(one, start).unwrap());
        }
        let later = start + Duration::from_secs(20);
        assert_eq!(tests.begin(one, later).err(), Some(Duration::from_secs(40)));
        assert!(tests.begin(one, start + WINDOW).is_ok());
        assert_eq!(tests.all().len(), 1);
    }
}
