//! The trusted exchanges: their list and their state
//! (merchant-api 1.8).
//!
//! Some are in the settings file, which is read at the start; others were added by the operator, in a
//! browser or by a command, and are in the database. The daemon reads those again at
//! intervals (`jobs`), so that commands take effect without a restart. A removed exchange
//! is not offered in new orders, but it is still known: coins for orders that name it are accepted,
//! and pending work with it is completed.
//!
//! Only two functions here wait for the network: [`Till::refresh_exchange`], which `jobs` calls, and
//! [`Till::introduce_exchange`], for which the operator waits.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Notify;

use super::{Error, Policy, Till};
use crate::exchange::{self, Exchange, Http, PersistedKeys, Times};
use crate::model::contract::BadOrder;
use crate::store::exchanges::{self, KeptExchange, KeysRow};
use crate::store::{Store, coin_refunds, deposits};
use system::clock::Clock;
use system::log_limit;
use taler::amount::{Amount, Currency};
use taler::currency::CurrencySpecification;
use taler::exchange::Trusted;
use taler::payto::Payto;
use taler::sign::PublicKey;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Most exchanges that the database holds, removed ones included: a shop has a few, and each is asked
/// for its keys day and night.
pub const MAX_EXCHANGES: usize = 32;

/// Limits of the request to an exchange that the operator adds: one attempt with a short time limit.
pub const INTRODUCTION: Times = Times {
    connect: Duration::from_secs(5),
    request: Duration::from_secs(10),
    download: Duration::from_secs(15),
    overall: Duration::from_secs(15),
    attempts: 1,
    pause: Duration::ZERO,
};

/// State of an exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct ExchangeState {
    /// Base URL.
    pub base_url: BaseUrl,
    /// When the keys in use were fetched; `None` if there are none.
    pub fetched_at: Option<Timestamp>,
    /// Until when they are good.
    pub expires: Option<Timestamp>,
    /// When they are fetched next.
    pub next_download: Timestamp,
    /// The error of the last fetch of the keys; `None` if it succeeded or there was none.
    pub failure: Option<ExchangeFailure>,
    /// The kinds of accounts that it pays to, such as `iban`, as far as is known.
    pub wire_methods: BTreeSet<String>,
}

impl ExchangeState {
    /// Whether its keys are valid.
    pub fn is_ready(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires > now)
    }
}

/// Why an exchange's keys could not be fetched.
#[derive(Clone, Debug, PartialEq)]
pub struct ExchangeFailure {
    /// When that was.
    pub at: Timestamp,
    /// In plain words.
    pub reason: String,
    /// The HTTP status of its answer, if it gave one.
    pub status: Option<u16>,
    /// Taler's code for the reason, if it gave one.
    pub code: Option<u32>,
}

/// An exchange that is or was trusted, and who said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedExchange {
    /// Whom the operator trusts.
    pub trusted: Trusted,
    /// Whether it is in the settings file; otherwise it is in the database.
    pub is_in_settings: bool,
    /// No new order offers it; what was begun with it is finished.
    pub is_removed: bool,
    /// The master key that the database has for the same address, if it is another one than that of the
    /// settings file, which counts.
    pub other_key: Option<PublicKey>,
}

/// The exchanges of the settings file and of the database together, those of the file first. Where both
/// have an address, the file counts.
pub fn listed(settings: &[Trusted], kept: &[KeptExchange]) -> Vec<ListedExchange> {
    let of_settings = settings.iter().map(|trusted| {
        let twin = kept.iter().find(|kept| kept.trusted.base_url == trusted.base_url);
        let twin = twin.filter(|kept| !kept.is_removed).map(|kept| kept.trusted.master_public_key);
        ListedExchange {
            trusted: trusted.clone(),
            is_in_settings: true,
            is_removed: false,
            other_key: twin.filter(|key| *key != trusted.master_public_key),
        }
    });
    let others = kept
        .iter()
        .filter(|kept| !settings.iter().any(|trusted| trusted.base_url == kept.trusted.base_url));
    let of_database = others.map(|kept| ListedExchange {
        trusted: kept.trusted.clone(),
        is_in_settings: false,
        is_removed: kept.is_removed,
        other_key: None,
    });
    of_settings.chain(of_database).collect()
}

/// Why an exchange is not added or removed.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeRefusal {
    /// It is not reached by https, and not on this machine.
    #[error(
        "an exchange's address begins with https://; without it, others on the network could \
         give you another key"
    )]
    Insecure,
    /// It did not answer, or not as an exchange does.
    #[error("the exchange cannot be added: {0}")]
    Exchange(exchange::Error),
    /// It is in the settings file.
    #[error("the exchange is in the settings file")]
    InSettings,
    /// This address is trusted with another master key, which is this.
    #[error(
        "this address is trusted already, with another master key: {0}; if the operator of \
         the exchange says that the key has changed, remove the exchange first"
    )]
    OtherKey(PublicKey),
    /// This address was trusted with another master key, which is this, and payments or refunds with it
    /// are not finished.
    #[error(
        "this address was trusted before with another master key ({0}), and payments or \
         refunds with it are not finished"
    )]
    Unfinished(PublicKey),
    /// There are as many as there may be.
    #[error(
        "there are {max_exchanges} exchanges already, removed ones included, and there can be \
         no more", max_exchanges = MAX_EXCHANGES
    )]
    TooMany,
    /// There is no such exchange.
    #[error("there is no such exchange")]
    Unknown,
    /// Something else.
    #[error("{0}")]
    Till(#[from] Error),
}

impl From<crate::store::Error> for ExchangeRefusal {
    fn from(error: crate::store::Error) -> Self {
        Self::Till(error.into())
    }
}

/// Whether the keys of an exchange at this address may be fetched to trust it. Without https others could answer
/// in its place; connections to this machine itself cannot be intercepted.
///
/// # Errors
/// [`ExchangeRefusal::Insecure`].
pub fn check_address(base_url: &BaseUrl) -> Result<(), ExchangeRefusal> {
    match base_url.is_https() || base_url.names_this_machine() {
        true => Ok(()),
        false => Err(ExchangeRefusal::Insecure),
    }
}

/// The exchanges that the till knows. What is in it changes while the daemon runs.
#[derive(Debug)]
pub(super) struct Directory {
    http: Http,
    list: RwLock<Arc<[Entry]>>,
    changed: Notify,
}

/// One of them.
#[derive(Clone, Debug)]
struct Entry {
    listed: ListedExchange,
    exchange: Exchange,
}

impl Directory {
    /// The exchanges that are trusted, with what is kept of their keys.
    pub(super) fn open(terms: &Policy, store: &Store, clock: &Clock) -> Self {
        let http = Http::new(terms.exchange_times);
        let directory = Self { http, list: RwLock::new(Arc::new([])), changed: Notify::new() };
        let kept = store.read_in_place(|db| exchanges::list(db)).unwrap_or_else(|error| {
            log::warn!("the exchanges in the database cannot be read: {error}");
            Vec::new()
        });
        directory.update(listed(&terms.exchanges, &kept), store, clock);
        directory
    }

    fn entries(&self) -> Arc<[Entry]> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the list by `wanted`; exchanges that stay keep their cached keys. Whether anything has changed.
    fn update(&self, wanted: Vec<ListedExchange>, store: &Store, clock: &Clock) -> bool {
        let before = self.entries();
        if before.iter().map(|entry| &entry.listed).eq(wanted.iter()) {
            return false;
        }
        let entry = |listed: ListedExchange| {
            let known = before.iter().find(|entry| entry.listed.trusted == listed.trusted);
            let exchange = match known {
                Some(entry) => entry.exchange.clone(),
                None => open(&listed.trusted, &self.http, store, clock),
            };
            if let Some(key) = listed.other_key {
                let url = &listed.trusted.base_url;
                log::warn!(
                    "exchange {url}: the settings file has its master public key as {}, the database \
                     as {key}; the settings file is used",
                    listed.trusted.master_public_key
                );
            }
            Entry { listed, exchange }
        };
        let list = wanted.into_iter().map(entry).collect();
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = list;
        self.changed.notify_one();
        true
    }
}

/// The client of an exchange, with what is kept of its keys.
fn open(trusted: &Trusted, http: &Http, store: &Store, clock: &Clock) -> Exchange {
    let kept = store.read_in_place(|db| exchanges::keys(db, trusted)).unwrap_or_else(|error| {
        log::warn!("{}: stored keys cannot be read: {error}", trusted.base_url);
        None
    });
    let remembered = kept.map(|KeysRow { text, fetched_at, expires }| PersistedKeys {
        text: text.into(),
        fetched_at,
        expires,
    });
    let (store, owner) = (store.clone(), trusted.clone());
    Exchange::new(trusted.clone(), http.clone(), clock.clone(), remembered, move |keys| {
        remember(&store, &owner, keys);
    })
}

/// Keeps keys for the next start. Called where blocking is allowed.
fn remember(store: &Store, exchange: &Trusted, keys: &PersistedKeys) {
    let (owner, keys) = (exchange.clone(), keys.clone());
    let kept = tokio::runtime::Handle::current().block_on(store.write(move |tx| {
        exchanges::keep_keys(tx, &owner, &keys.text, keys.fetched_at, keys.expires)
    }));
    if let Err(error) = kept {
        let line = format_args!("{}: keys cannot be stored: {error}", exchange.base_url);
        log_limit::warn("keys of exchanges that could not be stored", line);
    }
}

fn state(exchange: &Exchange) -> ExchangeState {
    let state = exchange.state();
    ExchangeState {
        base_url: exchange.trusted().base_url.clone(),
        fetched_at: state.fetched_at,
        expires: state.expires,
        next_download: state.next_download,
        failure: state.failure.map(|(at, error)| ExchangeFailure {
            at,
            reason: error.to_string(),
            status: error.status(),
            code: error.code(),
        }),
        wire_methods: exchange.known_keys().map(|keys| keys.wire_methods()).unwrap_or_default(),
    }
}

impl Till {
    /// The exchanges that new orders offer, those of the settings file first.
    pub fn offered_exchanges(&self) -> Vec<Exchange> {
        let entries = self.exchanges.entries();
        let offered = entries.iter().filter(|entry| !entry.listed.is_removed);
        offered.map(|entry| entry.exchange.clone()).collect()
    }

    /// All exchanges that are or were trusted.
    pub(super) fn known_exchanges(&self) -> Vec<Exchange> {
        self.exchanges.entries().iter().map(|entry| entry.exchange.clone()).collect()
    }

    /// State of the exchanges that new orders offer.
    pub fn exchange_states(&self) -> Vec<ExchangeState> {
        self.offered_exchanges().iter().map(state).collect()
    }

    /// State of all exchanges that are or were trusted.
    pub fn listed_exchanges(&self) -> Vec<(ListedExchange, ExchangeState)> {
        let entries = self.exchanges.entries();
        entries.iter().map(|entry| (entry.listed.clone(), state(&entry.exchange))).collect()
    }

    /// Reads anew which exchanges are in the database: a command may have changed them.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn read_exchanges(&self) -> Result<(), Error> {
        let kept = self.store.read_in_place::<_, Error>(|db| Ok(exchanges::list(db)?))?;
        let wanted = listed(&self.terms.exchanges, &kept);
        if self.exchanges.update(wanted, &self.store, &self.clock) {
            log::debug!("the exchanges in the database have changed");
        }
        Ok(())
    }

    /// Waits until other exchanges are trusted than before.
    pub async fn exchanges_changed(&self) {
        self.exchanges.changed.notified().await;
    }

    /// Fetches from the exchange at `base_url`, which is not trusted yet, its master key and its
    /// currency, for the operator to compare. Nothing is kept.
    ///
    /// # Errors
    /// [`ExchangeRefusal::Insecure`], [`ExchangeRefusal::Exchange`].
    pub async fn introduce_exchange(&self, base_url: &BaseUrl) -> Result<Trusted, ExchangeRefusal> {
        check_address(base_url)?;
        let asked = exchange::introduce(&Http::new(INTRODUCTION), base_url).await;
        asked.map(|(trusted, _)| trusted).map_err(ExchangeRefusal::Exchange)
    }

    /// Trusts an exchange from now on, whose master key the operator has compared.
    ///
    /// # Errors
    /// [`ExchangeRefusal`].
    pub async fn trust_exchange(&self, trusted: Trusted) -> Result<(), ExchangeRefusal> {
        check_address(&trusted.base_url)?;
        let settings = self.terms.exchanges.iter();
        match settings.into_iter().find(|known| known.base_url == trusted.base_url) {
            Some(known) if known.master_public_key != trusted.master_public_key => {
                return Err(ExchangeRefusal::OtherKey(known.master_public_key));
            }
            Some(_) => return Err(ExchangeRefusal::InSettings),
            None => {}
        }
        let now = self.clock.now();
        let (url, key) = (trusted.base_url.clone(), trusted.master_public_key);
        self.store
            .write(move |tx| {
                let kept = exchanges::list(tx)?;
                let twin = kept.iter().find(|kept| kept.trusted.base_url == trusted.base_url);
                match twin {
                    Some(twin) if !twin.is_removed && twin.trusted == trusted => return Ok(()),
                    Some(twin) if twin.trusted.master_public_key != trusted.master_public_key => {
                        let key = twin.trusted.master_public_key;
                        if !twin.is_removed {
                            return Err(ExchangeRefusal::OtherKey(key));
                        }
                        let url = &trusted.base_url;
                        let open = deposits::unfinished(tx)?.into_iter();
                        if open.chain(coin_refunds::open(tx)?).any(|(_, with)| with == *url) {
                            return Err(ExchangeRefusal::Unfinished(key));
                        }
                    }
                    None if kept.len() >= MAX_EXCHANGES => return Err(ExchangeRefusal::TooMany),
                    Some(_) | None => {}
                }
                Ok(exchanges::keep(tx, &trusted, now)?)
            })
            .await?;
        // The holder of this key can make coins that the shops accept.
        log::info!("exchange {url} is trusted, with the master key {key}");
        Ok(self.read_exchanges()?)
    }

    /// Offers an exchange in no new order any more. What was begun with it is finished.
    ///
    /// # Errors
    /// [`ExchangeRefusal::InSettings`], [`ExchangeRefusal::Unknown`].
    pub async fn remove_exchange(&self, base_url: &BaseUrl) -> Result<(), ExchangeRefusal> {
        let in_settings = self.terms.exchanges.iter().any(|known| known.base_url == *base_url);
        let (url, now) = (base_url.clone(), self.clock.now());
        let is_there = self
            .store
            .write::<_, ExchangeRefusal>(move |tx| {
                let kept = exchanges::list(tx)?;
                let was_offered = exchanges::remove(tx, &url, now)?;
                let is_there = kept.iter().any(|kept| kept.trusted.base_url == url);
                // One that is in both places can be taken out of the database.
                Ok(if in_settings { was_offered } else { is_there })
            })
            .await?;
        self.read_exchanges()?;
        match (is_there, in_settings) {
            (true, _) => {
                log::info!("exchange {base_url} removed");
                Ok(())
            }
            (false, true) => Err(ExchangeRefusal::InSettings),
            (false, false) => Err(ExchangeRefusal::Unknown),
        }
    }

    /// Fetches the keys of `exchange` if it is about time. How long until it is again; `None` if it is
    /// not offered any more. What goes wrong is logged, and seen in [`Self::exchange_states`].
    pub async fn refresh_exchange(&self, exchange: &Exchange) -> Option<Refreshed> {
        let trusted = exchange.trusted();
        if !self.offered_exchanges().iter().any(|offered| offered.trusted() == trusted) {
            return None;
        }
        let outcome = exchange.refresh().await;
        let state = exchange.state();
        let wait = self.clock.until(state.next_download).unwrap_or(Duration::MAX);
        Some(Refreshed { wait, failed: outcome.is_err() || state.failure.is_some() })
    }

    /// The exchange at this address, if it is or was trusted.
    pub fn exchange(&self, base_url: &BaseUrl) -> Option<Exchange> {
        let entries = self.exchanges.entries();
        let found = entries.iter().find(|entry| entry.listed.trusted.base_url == *base_url)?;
        Some(found.exchange.clone())
    }

    /// The exchange at this address, if coins of it may pay an order whose contract names it or not: it
    /// is offered, or was when the contract was made.
    pub(super) fn exchange_for(&self, base_url: &BaseUrl, is_named: bool) -> Option<Exchange> {
        let entries = self.exchanges.entries();
        let found = entries.iter().find(|entry| entry.listed.trusted.base_url == *base_url)?;
        (is_named || !found.listed.is_removed).then(|| found.exchange.clone())
    }

    /// Whether `currency` is known: it is built in, or set, or an exchange uses it.
    fn knows_currency(&self, currency: &Currency) -> bool {
        let entries = self.exchanges.entries();
        let of_exchange = entries.iter().any(|one| one.listed.trusted.currency == *currency);
        of_exchange || self.terms.currencies.iter().any(|known| known.currency() == currency)
    }

    /// Refuses a currency in which no order can be made.
    ///
    /// # Errors
    /// [`Error::Order`] when the till does not know it, [`Error::NoExchange`] when there are exchanges and
    /// none of them has it.
    pub(super) fn check_currency(&self, currency: &Currency) -> Result<(), Error> {
        if !self.knows_currency(currency) {
            return Err(BadOrder::Currency.into());
        }
        let offered = self.offered_currencies();
        match offered.is_empty() || offered.contains(currency) {
            true => Ok(()),
            false => Err(Error::NoExchange),
        }
    }

    /// How amounts in `currency` are written.
    pub fn specification(&self, currency: &Currency) -> CurrencySpecification {
        let known = self.terms.currencies.iter().find(|known| known.currency() == currency);
        known.cloned().unwrap_or_else(|| CurrencySpecification::shipped(*currency))
    }

    /// The currencies in which the till accepts coins, each once, the default
    /// first: that of the settings if an exchange has it, else that of the first exchange.
    /// Empty without any exchange.
    pub fn offered_currencies(&self) -> Vec<Currency> {
        let mut currencies: Vec<Currency> = Vec::new();
        for entry in self.exchanges.entries().iter().filter(|entry| !entry.listed.is_removed) {
            let currency = entry.listed.trusted.currency;
            if !currencies.contains(&currency) {
                currencies.push(currency);
            }
        }
        // The sort keeps the order of the others.
        currencies.sort_by_key(|currency| *currency != self.terms.currency);
        currencies
    }

    /// The default currency of amounts: the first of [`Self::offered_currencies`], without
    /// any exchange that of the settings.
    pub fn default_currency(&self) -> Currency {
        self.offered_currencies().first().copied().unwrap_or(self.terms.currency)
    }

    /// Every currency that is known, those of exchanges included, and how to show it.
    pub fn known_currencies(&self) -> Vec<CurrencySpecification> {
        let mut all = self.terms.currencies.clone();
        for entry in self.exchanges.entries().iter() {
            let currency = entry.listed.trusted.currency;
            if !all.iter().any(|known| *known.currency() == currency) {
                all.push(CurrencySpecification::shipped(currency));
            }
        }
        all
    }

    /// The most that exchanges give back at a time, of those that say so.
    pub(super) fn refund_limits(&self) -> Vec<(BaseUrl, Amount)> {
        let limit = |entry: &Entry| {
            let most = entry.exchange.known_keys()?.most_refunded()?;
            Some((entry.listed.trusted.base_url.clone(), most))
        };
        self.exchanges.entries().iter().filter_map(limit).collect()
    }

    /// Whether money of `exchange` can reach `account`, as far as is known: an exchange that was
    /// never reached is given the benefit of the doubt.
    pub(super) fn may_reach(exchange: &Exchange, account: &Payto) -> bool {
        exchange.known_keys().is_none_or(|keys| keys.may_pay(account))
    }
}

/// The result of fetching keys.
#[derive(Clone, Copy, Debug)]
pub struct Refreshed {
    /// How long until they should be fetched again.
    pub wait: Duration,
    /// They could not be fetched; older ones may serve meanwhile.
    pub failed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(name: &str, key: u8) -> Trusted {
        Trusted {
            base_url: BaseUrl::parse(format!("https://{name}.example/")).unwrap(),
            master_public_key: PublicKey::new([key; 32]),
            currency: Currency::parse("CHF").unwrap(),
        }
    }

    #[test]
    fn the_settings_file_counts_where_both_have_an_address_and_another_key_is_named() {
        let kept = |name, key, is_removed| KeptExchange { trusted: trusted(name, key), is_removed };
        let settings = [trusted("one", 1), trusted("two", 1)];
        let list = listed(
            &settings,
            &[kept("two", 2, false), kept("three", 3, false), kept("four", 4, true)],
        );
        let reported: Vec<_> = list
            .iter()
            .map(|one| {
                let name = one.trusted.base_url.host_and_path().split('.').next().unwrap();
                (name, one.is_in_settings, one.is_removed, one.other_key.is_some())
            })
            .collect();
        assert_eq!(
            reported,
            [
                ("one", true, false, false),
                ("two", true, false, true),
                ("three", false, false, false),
                ("four", false, true, false)
            ]
        );
        assert_eq!(list[1].trusted.master_public_key, PublicKey::new([1; 32]));
        // The same key, or one that is removed, is no conflict.
        assert_eq!(listed(&settings, &[kept("two", 1, false)])[1].other_key, None);
        assert_eq!(listed(&settings, &[kept("two", 2, true)])[1].other_key, None);
    }

    #[test]
    fn only_the_machine_itself_is_asked_without_https() {
        let may = |text: &str| check_address(&BaseUrl::parse(text).unwrap()).is_ok();
        assert!(may("https://exchange.example/") && may("http://127.0.0.1:8081/"));
        assert!(may("http://[::1]:8081/") && may("http://localhost/x/"));
        assert!(!may("http://exchange.example/") && !may("http://192.168.1.2/"));
    }
}
