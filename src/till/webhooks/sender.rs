//! The one task that sends what webhooks are to be told (webhooks 4).
//!
//! It sleeps until the store announces something, an attempt ends, or the next one is due. What an attempt
//! has come to is written before the webhook's next one begins; an attempt that the daemon's end cuts is
//! made again. So a receiver gets every event at least once, whenever the daemon ends.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::{Map, Value};
use url::Url;

use super::{events, signing_keys, template};
use crate::model::webhook::{DeliveryState, DisabledWhy, MAX_ATTEMPTS, Webhook, WebhookSerial};
use crate::store::webhooks::{self, AttemptRow, Candidate};
use crate::till::{Error, Till};
use crate::webhook::client::{Purpose, Signing};
use crate::webhook::{Attempt, Outcome, Request};
use system::clock::Clock;
use system::{log_limit, random};
use taler::time::{RelativeTime, Timestamp};

/// Most attempts at the same time: so many that a slow receiver does not stop the others, and so few that
/// the sender is no burden for the shop.
const AT_ONCE: usize = 4;
/// Most of those to webhooks whose last attempt has failed: receivers that do not answer hold no more.
const FAILING_AT_ONCE: usize = 2;
/// From the beginning of an attempt to that of the next one: two hundred a second. An attempt takes more of the
/// processor than a payment does, and what is told must not hold up what is sold.
const SPACING: Duration = Duration::from_millis(5);
/// How long to wait after each failed attempt until the next one, in seconds: twelve attempts in three days.
const PAUSES_S: &[u64] = &[5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// By how many thousandths a pause is shorter or longer, so that not all webhooks of a receiver that was
/// down come at the same moment.
const JITTER: u64 = 200;
/// The longest pause that a receiver can ask for, in seconds.
const MAX_PAUSE_S: u64 = 86_400;
/// After so many seconds without a success a webhook is taken out of use: five days.
const PATIENCE_S: u64 = 5 * 86_400;
/// The longest sleep: a command in another process wakes nobody, nor does a machine that was suspended. It
/// costs one read.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How long to wait when the store could not be read or written.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// The sender's clock: it never goes back while the daemon runs, whatever is done to the machine's clock,
/// and it goes on with that if the machine was suspended.
#[derive(Clone, Debug)]
struct SteadyClock {
    clock: Clock,
    seen: Timestamp,
    at: Instant,
}

impl SteadyClock {
    fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), seen: clock.now(), at: clock.instant() }
    }

    fn now(&self) -> Timestamp {
        let passed = self.clock.instant().saturating_duration_since(self.at);
        let steady = match RelativeTime::from_secs(passed.as_secs()) {
            Ok(passed) => self.seen.saturating_add(passed),
            Err(_) => self.seen,
        };
        self.clock.now().max(steady)
    }

    /// The time, and from here on it counts from this.
    fn advance(&mut self) -> Timestamp {
        let now = self.now();
        // Whole seconds only, so that no part of one is lost each time.
        if now > self.seen {
            let by =
                now.secs().unwrap_or_default().saturating_sub(self.seen.secs().unwrap_or_default());
            self.at = self.at.checked_add(Duration::from_secs(by)).unwrap_or(self.at);
            // The machine's clock may have gone ahead of the time that has passed.
            self.at = self.at.min(self.clock.instant());
            self.seen = now;
        }
        now
    }
}

/// An attempt under way.
#[derive(Debug)]
struct Busy {
    webhook: WebhookSerial,
    host: String,
    is_failing: bool,
}

/// Which attempts are under way, and whose turn was when.
#[derive(Debug, Default)]
struct Turns {
    busy: Vec<Busy>,
    /// The number of the turn that each webhook had last; those that wait for nothing have none.
    last: HashMap<WebhookSerial, u64>,
    next: u64,
}

impl Turns {
    /// Takes the one of `candidates` that can be attempted now and has waited longest for its turn; if there is
    /// none, when the first of them is due.
    fn take(
        &mut self,
        mut candidates: Vec<Candidate>,
        now: Timestamp,
    ) -> Result<Candidate, Option<Timestamp>> {
        let waiting: HashSet<_> = candidates.iter().map(|one| one.webhook).collect();
        self.last.retain(|webhook, _| waiting.contains(webhook));
        let turn = |one: &Candidate| self.last.get(&one.webhook).copied().unwrap_or_default();
        candidates.sort_by_key(|one| (turn(one), one.next_attempt, one.serial.0));
        let mut due = None::<Timestamp>;
        for candidate in candidates {
            if candidate.next_attempt > now {
                let next = candidate.next_attempt;
                due = Some(due.map_or(next, |due| due.min(next)));
                continue;
            }
            let host = host(&candidate.url);
            let failing = self.busy.iter().filter(|one| one.is_failing).count();
            let is_free = self.busy.len() < AT_ONCE
                && (!candidate.is_failing || failing < FAILING_AT_ONCE)
                && !self
                    .busy
                    .iter()
                    .any(|one| one.webhook == candidate.webhook || one.host == host);
            if is_free {
                self.next = self.next.saturating_add(1);
                self.last.insert(candidate.webhook, self.next);
                let (webhook, is_failing) = (candidate.webhook, candidate.is_failing);
                self.busy.push(Busy { webhook, host, is_failing });
                return Ok(candidate);
            }
        }
        Err(due)
    }

    fn end(&mut self, webhook: WebhookSerial) {
        self.busy.retain(|one| one.webhook != webhook);
    }
}

/// The host of a template of a URL, in which no tag stands before the path.
fn host(url: &str) -> String {
    let start: String = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let parsed = Url::parse(&start).ok();
    parsed.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or(start)
}

/// How long to wait after so many failed attempts, by a number of four random bytes; `None`: no more.
fn pause(attempts: u32, asked: Option<Duration>, random: u32) -> Option<RelativeTime> {
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    let step = usize::try_from(attempts.saturating_sub(1)).ok().and_then(|at| PAUSES_S.get(at))?;
    let span = JITTER.saturating_mul(2).saturating_add(1);
    let thousandths = 1_000_u64.saturating_sub(JITTER).saturating_add(u64::from(random) % span);
    let pause = step.saturating_mul(thousandths) / 1_000;
    let asked = asked.map_or(0, |asked| asked.as_secs().min(MAX_PAUSE_S));
    RelativeTime::from_secs(pause.max(asked)).ok()
}

/// A delivery as it is about to be attempted.
struct Prepared {
    webhook: Webhook,
    attempts: u32,
    event_id: String,
    request: Result<Request, String>,
}

impl Till {
    /// Sends what webhooks are to be told, until it is dropped.
    pub async fn tell_webhooks(&self) {
        let mut clock = SteadyClock::new(&self.clock);
        // A clock that was ahead before the start makes nobody wait longer than the pause was.
        let now = clock.now();
        if let Err(error) = self.reschedule(now).await {
            let line = format_args!("deliveries to webhooks could not be rescheduled: {error}");
            log_limit::warn("failures to record deliveries", line);
        }
        let (mut turns, mut attempts) = (Turns::default(), FuturesUnordered::new());
        let mut next_start = tokio::time::Instant::now();
        loop {
            // What happens meanwhile is announced still when it is waited for.
            tokio::select! {
                () = tokio::time::sleep_until(next_start) => {}
                Some(webhook) = attempts.next() => {
                    turns.end(webhook);
                    continue;
                }
            }
            let now = clock.advance();
            let wait = match self.store.read(|db| Ok::<_, Error>(webhooks::candidates(db)?)).await {
                Ok(candidates) => match turns.take(candidates, now) {
                    Ok(candidate) => {
                        attempts.push(self.tell(candidate, clock.clone()).boxed_local());
                        next_start = tokio::time::Instant::now() + SPACING;
                        continue;
                    }
                    Err(due) => due.map_or(LONGEST_SLEEP, |due| {
                        let wait = due.saturating_since(now).duration().unwrap_or(LONGEST_SLEEP);
                        wait.min(LONGEST_SLEEP)
                    }),
                },
                Err(error) => {
                    let line = format_args!("deliveries to webhooks could not be read: {error}");
                    log_limit::warn("failures to read deliveries", line);
                    STORE_PAUSE
                }
            };
            tokio::select! {
                () = self.hub.webhooks_changed() => {}
                () = tokio::time::sleep(wait) => {}
                Some(webhook) = attempts.next() => turns.end(webhook),
            }
        }
    }

    async fn reschedule(&self, now: Timestamp) -> Result<(), Error> {
        let is_any = self.store.read(move |db| webhooks::is_any_scheduled_after(db, now));
        if is_any.await? {
            self.store.write(move |tx| webhooks::reschedule(tx, now)).await?;
        }
        Ok(())
    }

    /// Attempts a delivery, and writes what it has come to.
    async fn tell(&self, candidate: Candidate, clock: SteadyClock) -> WebhookSerial {
        match self.attempt(&candidate, &clock).await {
            Ok(()) => {}
            Err(error) => {
                let line = format_args!("a delivery to a webhook could not be read: {error}");
                log_limit::warn("failures to read deliveries", line);
                // It is still due.
                tokio::time::sleep(STORE_PAUSE).await;
            }
        }
        candidate.webhook
    }

    async fn attempt(&self, candidate: &Candidate, clock: &SteadyClock) -> Result<(), Error> {
        let serial = candidate.serial;
        let prepared = self.store.read(move |db| {
            let Some(waiting) = webhooks::delivery(db, serial)? else { return Ok(None) };
            let request = match events::variables(db, &waiting.event) {
                Ok(variables) => request(&waiting.webhook, &variables),
                Err(Error::Store(error)) => return Err(Error::Store(error)),
                // A damaged order stays so; its webhook goes on with others.
                Err(error) => Err(error.to_string()),
            };
            Ok::<_, Error>(Some(Prepared {
                webhook: waiting.webhook,
                attempts: waiting.attempts,
                event_id: waiting.event.id.to_string(),
                request,
            }))
        });
        // It was deleted or cancelled just now.
        let Some(prepared) = prepared.await? else { return Ok(()) };
        let Prepared { webhook, attempts, event_id, request } = prepared;
        let (attempt, notes) = match request {
            Ok(request) => {
                let notes = request.notes.join("; ");
                let attempt = self.send(&webhook, &event_id, request, Purpose::Event).await;
                (attempt, Some(notes).filter(|notes| !notes.is_empty()))
            }
            Err(why) => (not_sent(why), None),
        };
        self.record(candidate, &webhook, attempts, attempt, notes, clock).await;
        Ok(())
    }

    /// Sends a request to a webhook once.
    pub(super) async fn send(
        &self,
        webhook: &Webhook,
        event_id: &str,
        request: Request,
        purpose: Purpose,
    ) -> Attempt {
        let now = self.clock.now();
        let at_s = now.secs().unwrap_or_default();
        let secrets = signing_keys(&webhook.secrets, now);
        let signing = Signing { event_id, at_s, secrets: &secrets, purpose };
        self.outgoing.client().attempt(request.signed(&signing), at_s).await
    }

    /// Writes what an attempt has come to. Until that is written nothing more is sent to the webhook: on a
    /// full disk the receiver would hear the same again and again.
    async fn record(
        &self,
        candidate: &Candidate,
        webhook: &Webhook,
        attempts: u32,
        attempt: Attempt,
        notes: Option<String>,
        clock: &SteadyClock,
    ) {
        let (now, at) = (clock.now(), self.clock.now());
        let attempts = attempts.saturating_add(1);
        let number = random::<4>().map_or(0, u32::from_ne_bytes);
        let (state, next_attempt) = match attempt.outcome {
            Outcome::Delivered => (DeliveryState::Delivered, None),
            Outcome::Disabled => (DeliveryState::GivenUp, None),
            Outcome::Retry { not_before } => match pause(attempts, not_before, number) {
                Some(pause) => (DeliveryState::Waiting, Some(now.saturating_add(pause))),
                None => (DeliveryState::GivenUp, None),
            },
        };
        let failing_s = webhook.failing_since.map(|since| at.saturating_since(since));
        let patience = RelativeTime::from_secs(PATIENCE_S).ok();
        let is_hopeless = failing_s.zip(patience).is_some_and(|(failing, most)| failing >= most);
        let disabled = match attempt.outcome {
            Outcome::Delivered => None,
            Outcome::Disabled => Some(DisabledWhy::Gone),
            // What is cancelled by a wrong clock would be lost.
            Outcome::Retry { .. } if is_hopeless && self.is_time_sure() => {
                Some(DisabledWhy::Failing)
            }
            Outcome::Retry { .. } => None,
        };
        let row = AttemptRow {
            state,
            next_attempt,
            now,
            at,
            http_status: attempt.http_status,
            error: attempt.error.or(notes),
            took_ms: u32::try_from(attempt.took_ms).unwrap_or(u32::MAX),
            answer_head: attempt.answer_head,
        };
        let (serial, webhook_serial) = (candidate.serial, candidate.webhook);
        loop {
            let row = row.clone();
            let written = self.store.write::<_, Error>(move |tx| {
                webhooks::record(tx, webhook_serial, serial, &row)?;
                match disabled {
                    Some(why) => Ok(webhooks::disable(tx, webhook_serial, why, row.at)?),
                    None => Ok(false),
                }
            });
            match written.await {
                Ok(true) => {
                    let why = disabled.map_or("", DisabledWhy::as_str);
                    let line =
                        format_args!("the webhook {} was taken out of use: {why}", webhook.id);
                    log_limit::warn("webhooks taken out of use", line);
                    return;
                }
                Ok(false) => return,
                Err(error) => {
                    let line =
                        format_args!("a delivery to a webhook could not be recorded: {error}");
                    log_limit::warn("failures to record deliveries", line);
                    tokio::time::sleep(STORE_PAUSE).await;
                }
            }
        }
    }
}

/// The request that tells a webhook of an event with these variables; if there can be none, why.
fn request(webhook: &Webhook, variables: &Map<String, Value>) -> Result<Request, String> {
    let template = template(&webhook.settings).map_err(|bad| bad.to_string())?;
    template.expand(variables).map_err(|bad| bad.to_string())
}

/// The attempt of an event of which no request can be made.
fn not_sent(why: String) -> Attempt {
    Attempt {
        outcome: Outcome::Retry { not_before: None },
        http_status: None,
        took_ms: 0,
        answer_head: None,
        error: Some(why),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::model::webhook::DeliverySerial;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs).unwrap()
    }

    fn candidate(webhook: i64, url: &str, is_failing: bool, next: u64) -> Candidate {
        Candidate {
            serial: DeliverySerial(webhook * 10),
            webhook: WebhookSerial(webhook),
            url: url.into(),
            is_failing,
            next_attempt: at(next),
        }
    }

    /// Whom all turns of this moment are given to, and when the next one is due.
    fn taken(turns: &mut Turns, all: &[Candidate], now: u64) -> (Vec<i64>, Option<Timestamp>) {
        let mut taken = vec![];
        loop {
            match turns.take(all.to_vec(), at(now)) {
                Ok(candidate) => taken.push(candidate.webhook.0),
                Err(due) => return (taken, due),
            }
        }
    }

    #[test]
    fn a_delivery_is_attempted_twelve_times_in_three_days() {
        let steps = (1..=MAX_ATTEMPTS).map(|attempts| pause(attempts, None, 200));
        let seconds: Vec<_> =
            steps.map(|step| step.map(|step| step.duration().unwrap().as_secs())).collect();
        let expected: Vec<_> = PAUSES_S.iter().map(|s| Some(*s)).chain([None]).collect();
        assert_eq!(seconds, expected);
        let all = Duration::from_secs(PAUSES_S.iter().sum());
        assert!(all > Duration::from_secs(3 * 86_400) && all < Duration::from_secs(4 * 86_400));
        // A fifth more or less.
        let bounds =
            [0, 400].map(|random| pause(2, None, random).unwrap().duration().unwrap().as_secs());
        assert_eq!(bounds, [24, 36]);
        // The receiver may ask for more, and for a day at most.
        let asked =
            |s| pause(1, Some(Duration::from_secs(s)), 200).unwrap().duration().unwrap().as_secs();
        assert_eq!([asked(1), asked(60), asked(1_000_000)], [5, 60, 86_400]);
    }

    #[test]
    fn webhooks_have_their_turns_and_those_that_fail_hold_half_of_the_places() {
        let mut turns = Turns::default();
        let url = |n: i64| format!("https://host{n}.example/hook/{{{{order_id}}}}");
        let all = || {
            let failing = (1..=3).map(|n| candidate(n, &url(n), true, 10));
            failing.chain((4..=8).map(|n| candidate(n, &url(n), false, 20))).collect::<Vec<_>>()
        };
        assert_eq!(taken(&mut turns, &all(), 15), (vec![1, 2], Some(at(20))));
        assert_eq!(taken(&mut turns, &all(), 20), (vec![4, 5], None));
        // The third one that fails comes before the first does again.
        turns.end(WebhookSerial(1));
        assert_eq!(taken(&mut turns, &all(), 20).0, [3]);
        for n in [2, 3, 4, 5] {
            turns.end(WebhookSerial(n));
        }
        assert_eq!(taken(&mut turns, &all(), 20).0, [6, 7, 8, 1]);
        // What waits for nothing is forgotten.
        assert_eq!(taken(&mut turns, &[], 20), (vec![], None));
        assert!(turns.last.is_empty());
    }

    #[test]
    fn a_host_is_called_once_at_a_time() {
        let mut turns = Turns::default();
        let urls = [
            "https://shop.example/a",
            "HTTPS://Shop.Example:8443/b/{{order_id}}",
            "http://b.example",
        ];
        let all: Vec<_> = (1..).zip(urls).map(|(n, url)| candidate(n, url, false, 0)).collect();
        assert_eq!(taken(&mut turns, &all, 1).0, [1, 3]);
    }

    #[test]
    fn the_senders_clock_never_goes_back_and_follows_the_machines() {
        let said = Arc::new(AtomicU64::new(1_000));
        let own = said.clone();
        let clock = Clock::from_fn(move || Duration::from_secs(own.load(Ordering::Relaxed)));
        let mut steady = SteadyClock::new(&clock);
        assert_eq!(steady.advance(), at(1_000));
        said.store(1_010, Ordering::Relaxed);
        assert_eq!(steady.advance(), at(1_010));
        said.store(500, Ordering::Relaxed);
        assert_eq!(steady.advance(), at(1_010));
        said.store(1_011, Ordering::Relaxed);
        assert_eq!(steady.now(), at(1_011));

        let said = Arc::new(AtomicU64::new(1_000));
        let own = said.clone();
        let clock = Clock::in_leaps(move || Duration::from_secs(own.load(Ordering::Relaxed)));
        let mut steady = SteadyClock::new(&clock);
        for now in [1_001, 1_001, 5_000, 90_000] {
            said.store(now, Ordering::Relaxed);
            assert_eq!(steady.advance(), at(now));
        }
    }
}
