//! Metrics for Prometheus: requests, polls and the store.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::till::{Health, Till, TransferCounts};

/// Label values come from short lists, so that no client can make the metrics grow.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Labels {
    method: &'static str,
    status: u16,
}

/// Counters of the web's side, shared by all workers.
#[derive(Debug)]
pub struct Metrics {
    requests: Family<Labels, Counter>,
    seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let buckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0];
        Self { requests: Family::default(), seconds: Histogram::new(buckets) }
    }
}

impl Metrics {
    /// A request was answered.
    pub(super) fn answered(&self, method: &Method, status: StatusCode, took: Duration) {
        let method = match method.as_str() {
            "GET" => "GET",
            "HEAD" => "HEAD",
            "POST" => "POST",
            "PATCH" => "PATCH",
            "DELETE" => "DELETE",
            "OPTIONS" => "OPTIONS",
            _ => "other",
        };
        self.requests.get_or_create(&Labels { method, status: status.as_u16() }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// Everything, in OpenMetrics text.
    ///
    /// # Errors
    /// [`std::fmt::Error`] when the text cannot be written, which memory alone could cause.
    pub(super) fn text(
        &self,
        till: &Till,
        webhooks: Health,
        transfers: TransferCounts,
    ) -> Result<String, std::fmt::Error> {
        let mut registry = Registry::with_prefix("tilld");
        registry.register("http_requests", "Requests answered", self.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time until the answer",
            Unit::Seconds,
            self.seconds.clone(),
        );
        let store = till.store_stats();
        let hub = till.hub_stats();
        let losses = till.webhook_losses();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let gauges = [
            ("polls_parked", "Requests that wait for a change", count(hub.parked)),
            ("polls_topics", "Different things that they wait for", count(hub.topics)),
            ("store_queue_jobs", "Changes that wait to be written", store.queued),
            ("store_wal_pages", "Pages in the write-ahead log", store.wal_pages),
            ("webhooks_waiting", "Calls of webhooks that wait to be sent", webhooks.waiting.into()),
            ("webhooks_failing", "Webhooks whose last call failed", webhooks.failing.into()),
            (
                "transfers_waiting",
                "Transfers of which no exchange has said what they paid for",
                transfers.waiting.into(),
            ),
            (
                "transfers_conflicting",
                "Transfers that are not what the shops know",
                transfers.conflicting.into(),
            ),
        ];
        for (name, help, value) in gauges {
            registry.register(
                name,
                help,
                ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)),
            );
        }
        let counters = [
            ("store_jobs", "Changes written since the start", store.jobs),
            ("store_commits", "Transactions committed since the start", store.batches),
            ("webhooks_lost", "Events lost since the start because the disk was full", losses.lost),
            (
                "webhooks_dropped",
                "Events dropped since the start because too many waited",
                losses.dropped,
            ),
        ];
        for (name, help, value) in counters {
            registry.register(name, help, ConstCounter::new(value));
        }
        let last_commit = Duration::from_micros(store.last_commit_us).as_secs_f64();
        registry.register_with_unit(
            "store_last_commit",
            "How long the last transaction took",
            Unit::Seconds,
            ConstGauge::new(last_commit),
        );
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }
}
