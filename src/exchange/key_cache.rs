//! An exchange's keys: fetched on demand, cached until they expire (crypto 14.1).
//!
//! Concurrent payments share one fetch. Keys that are
//! slightly out of date are better than none: when the exchange does not answer, the old ones are used
//! for another day, while one of its signing keys is valid.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Error, Exchange};
use taler::base32::HashCode;
use taler::exchange::{BadKeys, Keys};
use taler::time::{RelativeTime, Timestamp};

/// How long keys are good when the exchange does not say, in seconds.
const USUAL_S: u64 = 3600;
/// How long they are good at least.
const SHORTEST_S: u64 = 120;
/// How long they are good at most: what the exchange revokes must reach us some day.
const LONGEST_S: u64 = 86_400;
/// How long they serve beyond that when there are no newer ones.
const GRACE_S: u64 = 86_400;
/// How long an exchange is left alone after keys could not be fetched, while none are known.
const PAUSE_S: u64 = 5;
/// The same while old keys are in use, and between requests for unknown keys: a client that makes
/// up denominations must not make us a nuisance.
const RETRY_S: u64 = 60;

/// A list of keys to be stored: the text is verified again when it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersistedKeys {
    /// What the exchange answered.
    pub text: Arc<str>,
    /// When the exchange sent it.
    pub fetched_at: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
}

/// State of an exchange's keys.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyState {
    /// When the keys in use were fetched; `None` if there are none.
    pub fetched_at: Option<Timestamp>,
    /// Until when they are good.
    pub expires: Option<Timestamp>,
    /// When and why they could not be fetched the last time; `None` if they could.
    pub failure: Option<(Timestamp, Error)>,
    /// When they should be fetched next.
    pub next_download: Timestamp,
}

type PersistKeys = Arc<dyn Fn(&PersistedKeys) + Send + Sync>;

pub(super) struct KeyCache {
    cache: Mutex<CacheState>,
    /// Held by the task that fetches.
    fetching: tokio::sync::Mutex<()>,
    remember: PersistKeys,
}

#[derive(Default)]
struct CacheState {
    kept: Option<CachedKeys>,
    /// From an earlier process, not verified yet.
    unread: Option<PersistedKeys>,
    failure: Option<(Timestamp, Error)>,
    /// When the exchange was last asked, whatever came of it.
    asked: Option<Timestamp>,
}

#[derive(Clone)]
struct CachedKeys {
    keys: Arc<Keys>,
    fetched_at: Timestamp,
    expires: Timestamp,
}

impl CachedKeys {
    fn is_good(&self, now: Timestamp) -> bool {
        // Fetched while the clock was ahead, they would be good until it gets there.
        let is_of_future = self.fetched_at > later(now, RETRY_S);
        now < self.expires && !is_of_future && self.keys.can_sign(now)
    }

    /// Out of date, but better than nothing.
    fn serves(&self, now: Timestamp) -> bool {
        now < later(self.expires, GRACE_S) && self.keys.can_sign(now)
    }

    /// When they should be fetched anew: with a tenth of their time left.
    fn refresh(&self) -> Timestamp {
        let life = self.expires.saturating_since(self.fetched_at).micros().unwrap_or_default();
        later(self.fetched_at, life / 1_000_000 / 10 * 9)
    }
}

impl KeyCache {
    pub(super) fn new(unread: Option<PersistedKeys>, remember: PersistKeys) -> Self {
        let cache = Mutex::new(CacheState { unread, ..CacheState::default() });
        Self { cache, fetching: tokio::sync::Mutex::default(), remember }
    }

    fn cache_state(&self) -> MutexGuard<'_, CacheState> {
        // What a panic left behind are still keys.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Exchange {
    /// The exchange's keys. The cached ones are used while they are good; then they are fetched.
    ///
    /// # Errors
    /// When they cannot be fetched, and the cached ones are of no use any more.
    pub async fn keys(&self) -> Result<Arc<Keys>, Error> {
        match self.good_keys() {
            Some(keys) => Ok(keys),
            None => self.fetched(Wanted::Good).await,
        }
    }

    /// The same; but if one of these denominations is unknown, the exchange is asked again, at most
    /// once a minute. It may still be unknown then.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub async fn keys_with(&self, wanted: &[HashCode]) -> Result<Arc<Keys>, Error> {
        let keys = self.keys().await?;
        if wanted.iter().all(|h_denom| keys.denomination(h_denom).is_some()) {
            return Ok(keys);
        }
        // That there are no newer ones is no reason to do without the cached ones.
        Ok(self.newer_keys().await.unwrap_or(keys))
    }

    /// Fetches the keys if they are due, and reads those that an earlier process stored. For the job that
    /// sees to it that no payment has to wait.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub async fn refresh(&self) -> Result<Arc<Keys>, Error> {
        self.fetched(Wanted::Fresh).await
    }

    /// The cached keys, if they are valid; sends no request.
    pub fn known_keys(&self) -> Option<Arc<Keys>> {
        let now = self.0.clock.now();
        let cache = self.0.key_cache.cache_state();
        cache.kept.as_ref().filter(|kept| kept.serves(now)).map(|kept| kept.keys.clone())
    }

    /// State of the keys.
    pub fn state(&self) -> KeyState {
        let now = self.0.clock.now();
        let cache = self.0.key_cache.cache_state();
        let due = cache.kept.as_ref().map_or(now, CachedKeys::refresh);
        let after_failure = cache.failure.as_ref().map(|(failed, _)| later(*failed, RETRY_S));
        KeyState {
            fetched_at: cache.kept.as_ref().map(|kept| kept.fetched_at),
            expires: cache.kept.as_ref().map(|kept| kept.expires),
            failure: cache.failure.clone(),
            next_download: after_failure.map_or(due, |calm| calm.max(due)),
        }
    }

    /// Keys that are newer than a minute, if the exchange gives any.
    pub(super) async fn newer_keys(&self) -> Result<Arc<Keys>, Error> {
        self.fetched(Wanted::Newer).await
    }

    /// Has the keys fetched, in the background, if `refusal` of a deposit says that the cached ones are
    /// out of date: of a denomination that they list, the exchange knows nothing, or says that it is
    /// not valid (observed-exchange 8). An exchange may let its list be kept for a day.
    ///
    /// Clients with such coins must not cause many requests: the exchange rests for a minute after each
    /// question, and one that is being asked is not asked once more.
    pub(super) fn renew_keys_after(&self, refusal: &Error) {
        let is_outdated = matches!(
            (refusal.status(), refusal.code()),
            (Some(404), Some(1005)) | (Some(410 | 412), Some(1008..=1010))
        );
        if !is_outdated || self.0.key_cache.fetching.try_lock().is_err() {
            return;
        }
        if self.0.key_cache.cache_state().in_backoff(self.0.clock.now(), Wanted::Newer) {
            return;
        }
        let exchange = self.clone();
        tokio::spawn(async move {
            if let Err(error) = exchange.newer_keys().await {
                log::debug!("{}: no newer keys: {error}", exchange.0.trusted.base_url);
            }
        });
    }

    fn good_keys(&self) -> Option<Arc<Keys>> {
        let now = self.0.clock.now();
        let cache = self.0.key_cache.cache_state();
        cache.kept.as_ref().filter(|kept| kept.is_good(now)).map(|kept| kept.keys.clone())
    }

    /// Fetches, or waits for the task that does.
    async fn fetched(&self, wanted: Wanted) -> Result<Arc<Keys>, Error> {
        let fetching = &self.0.key_cache.fetching;
        let _one = match fetching.try_lock() {
            Ok(one) => one,
            Err(_) => match (wanted, self.known_keys()) {
                // Another task fetches already. It may take long, and old keys suffice for now.
                (Wanted::Good, Some(keys)) => return Ok(keys),
                (Wanted::Good | Wanted::Fresh | Wanted::Newer, _) => fetching.lock().await,
            },
        };
        self.read_persisted().await;
        let now = self.0.clock.now();
        {
            let cache = self.0.key_cache.cache_state();
            let good = cache.kept.as_ref().filter(|kept| match wanted {
                Wanted::Good => kept.is_good(now),
                Wanted::Fresh => kept.is_good(now) && now < kept.refresh(),
                Wanted::Newer => false,
            });
            if let Some(kept) = good {
                return Ok(kept.keys.clone());
            }
            if cache.in_backoff(now, wanted) {
                return cache.stale_or_error(now);
            }
        }
        self.0.key_cache.cache_state().asked = Some(now);
        let outcome = self.fetch(now).await;
        let mut cache = self.0.key_cache.cache_state();
        match outcome {
            Ok(kept) => {
                if cache.failure.take().is_some() {
                    log::info!("{}: fetching keys succeeds again", self.0.trusted.base_url);
                }
                let keys = kept.keys.clone();
                cache.kept = Some(kept);
                Ok(keys)
            }
            Err(error) => {
                let is_news = cache.failure.as_ref().is_none_or(|(_, known)| *known != error);
                if is_news {
                    log::warn!("{}: cannot fetch keys: {error}", self.0.trusted.base_url);
                }
                cache.failure = Some((now, error));
                cache.stale_or_error(now)
            }
        }
    }

    /// Verifies what an earlier process kept, the first time.
    async fn read_persisted(&self) {
        // Taken only when it is read: the caller may be dropped in between.
        let Some(remembered) = self.0.key_cache.cache_state().unread.clone() else { return };
        let PersistedKeys { text, fetched_at, expires } = remembered;
        let read = self.read(text).await;
        let mut cache = self.0.key_cache.cache_state();
        cache.unread = None;
        match read {
            Ok(keys) => cache.kept = Some(CachedKeys { keys, fetched_at, expires }),
            Err(error) => {
                log::warn!("{}: stored keys are invalid: {error}", self.0.trusted.base_url);
            }
        }
    }

    async fn fetch(&self, now: Timestamp) -> Result<CachedKeys, Error> {
        let download = self.0.http.download(&self.url(&["keys"])).await?;
        let now_s = now.secs().unwrap_or_default();
        let life = download.expires_s.map_or(USUAL_S, |expires| expires.saturating_sub(now_s));
        let expires = later(now, life.clamp(SHORTEST_S, LONGEST_S));
        let text = download.text;
        let keys = self.read(text.clone()).await?;
        if !keys.can_sign(now) {
            // Deposits there could not be confirmed with a valid key.
            return Err(BadKeys::NoSigningKey.into());
        }
        if keys.left_out() > 0 {
            log::warn!(
                "{}: ignored {} denominations with invalid signatures",
                self.0.trusted.base_url,
                keys.left_out()
            );
        }
        let remembered = PersistedKeys { text, fetched_at: now, expires };
        let remember = self.0.key_cache.remember.clone();
        // The function that stores them logs errors; the keys are valid anyway.
        let _ = tokio::task::spawn_blocking(move || remember(&remembered)).await;
        Ok(CachedKeys { keys, fetched_at: now, expires })
    }

    /// Verifies a list on a thread that may block.
    async fn read(&self, text: Arc<str>) -> Result<Arc<Keys>, Error> {
        let exchange = self.clone();
        let reading = tokio::task::spawn_blocking(move || {
            Ok(Arc::new(Keys::read(exchange.trusted(), text.as_bytes())?))
        });
        reading.await.map_err(|_| Error::Unreachable("we are stopping".into()))?
    }
}

impl CacheState {
    /// Whether the exchange was asked so lately that it is not asked again.
    fn in_backoff(&self, now: Timestamp, wanted: Wanted) -> bool {
        let pause = match wanted {
            Wanted::Newer => RETRY_S,
            Wanted::Good | Wanted::Fresh if self.failure.is_some() => self.pause(now),
            Wanted::Good | Wanted::Fresh => return false,
        };
        self.asked.is_some_and(|asked| asked <= now && now < later(asked, pause))
    }

    fn pause(&self, now: Timestamp) -> u64 {
        let serves = self.kept.as_ref().is_some_and(|kept| kept.serves(now));
        if serves { RETRY_S } else { PAUSE_S }
    }

    /// The cached keys, or why there are no better ones.
    fn stale_or_error(&self, now: Timestamp) -> Result<Arc<Keys>, Error> {
        match (&self.kept, &self.failure) {
            (Some(kept), _) if kept.serves(now) => Ok(kept.keys.clone()),
            (_, Some((_, error))) => Err(error.clone()),
            // Fetched a moment ago, and out of date already: the exchange has no key to sign with.
            (_, None) => Err(Error::Malformed("none of its signing keys is good now".into())),
        }
    }
}

/// How new keys must be.
#[derive(Clone, Copy)]
enum Wanted {
    /// Not out of date.
    Good,
    /// Not soon out of date either.
    Fresh,
    /// As new as may be.
    Newer,
}

fn later(time: Timestamp, secs: u64) -> Timestamp {
    time.saturating_add(RelativeTime::from_secs(secs).unwrap_or(RelativeTime::FOREVER))
}
