//! Logs when an exchange stops answering and when it answers again.

use std::fmt;
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::client::Sent;
use super::{Error, Exchange};
use system::log_limit;

impl Exchange {
    /// Sends JSON to the exchange; see `Http::post`. Requests of wallets come here, so the log hears
    /// only when the exchange stops answering and when it answers again.
    pub(super) async fn post(&self, url: &str, body: &Value) -> Result<Value, Error> {
        self.post_counted(url, body, &Sent::default()).await
    }

    /// The same, and `sent` counts the tries that may have reached the exchange.
    pub(super) async fn post_counted(
        &self,
        url: &str,
        body: &Value,
        sent: &Sent,
    ) -> Result<Value, Error> {
        let reply = self.0.http.post_counted(url, body, sent).await;
        match &reply {
            Err(error) if error.may_pass() => self.note_silence(error),
            _ => self.note_answer(),
        }
        reply
    }

    fn note_silence(&self, error: &Error) {
        if !self.0.is_silent.swap(true, Ordering::Relaxed) {
            let line = self.line(format_args!("it does not do what it is asked: {error}"));
            log_limit::warn("exchanges that stopped answering", format_args!("{line}"));
        }
    }

    fn note_answer(&self) {
        // Read first: nothing is written while the exchange answers.
        if self.0.is_silent.load(Ordering::Relaxed)
            && self.0.is_silent.swap(false, Ordering::Relaxed)
        {
            let line = self.line(format_args!("it answers again"));
            log_limit::log(log::Level::Info, "exchanges that answer again", format_args!("{line}"));
        }
    }

    /// Says that an answer is asked for once more because it is not one that counts.
    pub(super) fn warn_unconfirmed(&self, error: &Error) {
        let line = self.line(format_args!("{error}; asking again"));
        log_limit::warn("answers of exchanges that do not count", format_args!("{line}"));
    }

    fn line(&self, what: fmt::Arguments<'_>) -> String {
        format!("exchange {}: {what}", self.0.trusted.base_url)
    }
}
