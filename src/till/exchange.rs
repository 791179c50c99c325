//! The exchanges whose coins the till takes: which there are, and how it stands with them
//! (merchant-api 1.8).
//!
//! Nothing here waits for a network but [`Till::refresh_exchange`], which is for the clock's door.

use std::sync::Arc;
use std::time::Duration;

use super::{Terms, Till};
use crate::exchange::{Exchange, Http, Remembered};
use crate::store::Store;
use crate::store::exchanges::{self, KeptKeys};
use system::clock::Clock;
use system::log_limit;
use taler::amount::Amount;
use taler::exchange::Trusted;
use taler::payto::Payto;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// How it stands with an exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct ExchangeState {
    /// Where it is.
    pub base_url: BaseUrl,
    /// When the keys in use were fetched; `None` if there are none.
    pub fetched_at: Option<Timestamp>,
    /// Until when they are good.
    pub expires: Option<Timestamp>,
    /// When they are fetched next.
    pub next_download: Timestamp,
    /// Why they could not be fetched the last time; `None` if they could, or nobody tried.
    pub failure: Option<ExchangeFailure>,
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

/// The exchanges that are trusted, with what is kept of their keys.
pub(super) fn open(terms: &Terms, store: &Store, clock: &Clock) -> Arc<[Exchange]> {
    let http = Http::new(terms.exchange_times);
    let open = |trusted: &Trusted| {
        let kept = store.glance(|db| exchanges::keys(db, trusted)).unwrap_or_else(|error| {
            log::warn!("{}: its kept keys cannot be read: {error}", trusted.base_url);
            None
        });
        let remembered = kept.map(|KeptKeys { text, fetched_at, expires }| Remembered {
            text: text.into(),
            fetched_at,
            expires,
        });
        let (store, owner) = (store.clone(), trusted.clone());
        Exchange::new(trusted.clone(), http.clone(), clock.clone(), remembered, move |keys| {
            remember(&store, &owner, keys);
        })
    };
    terms.exchanges.iter().map(open).collect()
}

/// Keeps keys for the next start. Called where blocking is allowed.
fn remember(store: &Store, exchange: &Trusted, keys: &Remembered) {
    let (owner, keys) = (exchange.clone(), keys.clone());
    let kept = tokio::runtime::Handle::current().block_on(store.write(move |tx| {
        exchanges::keep_keys(tx, &owner, &keys.text, keys.fetched_at, keys.expires)
    }));
    if let Err(error) = kept {
        let line = format_args!("{}: its keys cannot be kept: {error}", exchange.base_url);
        log_limit::warn("keys of exchanges that could not be kept", line);
    }
}

impl Till {
    /// The exchanges that are trusted, in the operator's order.
    pub fn exchange_states(&self) -> Vec<ExchangeState> {
        let state = |exchange: &Exchange| {
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
            }
        };
        self.exchanges.iter().map(state).collect()
    }

    /// Fetches the keys of the exchange at this place of the operator's list, if it is about time.
    /// How long until it is again; `None` if there is no such exchange. What goes wrong is logged,
    /// and seen in [`Self::exchange_states`].
    pub async fn refresh_exchange(&self, place: usize) -> Option<Refreshed> {
        let exchange = self.exchanges.get(place)?;
        let outcome = exchange.refresh().await;
        let state = exchange.state();
        let wait = self.clock.until(state.next_download).unwrap_or(Duration::MAX);
        Some(Refreshed { wait, failed: outcome.is_err() || state.failure.is_some() })
    }

    /// The exchange at this address, if it is trusted.
    pub fn exchange(&self, base_url: &BaseUrl) -> Option<&Exchange> {
        self.exchanges.iter().find(|exchange| exchange.trusted().base_url == *base_url)
    }

    /// The most that exchanges give back at a time, of those that say so.
    pub(super) fn refund_limits(&self) -> Vec<(BaseUrl, Amount)> {
        let limit = |exchange: &Exchange| {
            let most = exchange.known_keys()?.most_refunded()?;
            Some((exchange.trusted().base_url.clone(), most))
        };
        self.exchanges.iter().filter_map(limit).collect()
    }

    /// Whether money of `exchange` can reach `account`, as far as is known: an exchange that was
    /// never reached is given the benefit of the doubt.
    pub(super) fn may_reach(exchange: &Exchange, account: &Payto) -> bool {
        exchange.known_keys().is_none_or(|keys| keys.may_pay(account))
    }
}

/// What came of fetching keys.
#[derive(Clone, Copy, Debug)]
pub struct Refreshed {
    /// How long until they should be fetched again.
    pub wait: Duration,
    /// They could not be fetched; older ones may serve meanwhile.
    pub failed: bool,
}
