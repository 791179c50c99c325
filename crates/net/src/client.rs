//! HTTP clients that follow no redirects and read answers up to a limit.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Response, redirect};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::Instant;

/// A client that is not made yet. It follows no redirects: the server that was asked must answer. One that is
/// `secure` speaks TLS only, and trusts whom the system trusts; to read those certificates takes longer than
/// all the rest, so one that is not has none.
pub fn builder(user_agent: &str, secure: bool) -> ClientBuilder {
    // The first call decides for the process, and all calls decide alike.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().user_agent(user_agent).redirect(redirect::Policy::none());
    if secure { builder.https_only(true) } else { builder.tls_certs_only([]) }
}

/// Whom the system trusts, read and ready for many clients.
#[derive(Clone, Debug)]
pub struct TrustedRoots(rustls::ClientConfig);

/// Reads whom the system trusts. It takes as long as some ten requests.
///
/// # Errors
/// Why it cannot be read, as on a system without certificates.
pub fn trusted_roots() -> Result<TrustedRoots, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_platform_verifier())
        .map_err(|error| error.to_string())?;
    Ok(TrustedRoots(config.with_no_client_auth()))
}

/// As [`builder`] for TLS only, but nothing is read from the system: for a client that is made for one request.
pub fn builder_trusting(user_agent: &str, roots: &TrustedRoots) -> ClientBuilder {
    builder(user_agent, false).https_only(true).tls_backend_preconfigured(roots.0.clone())
}

/// The pauses between the tries of a request: each is twice as long as the one before, up to a limit, until the
/// tries or the time are used up.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The next pause.
    pub pause: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How many tries are left after the one that is made now.
    pub tries_left: u32,
    /// When no further try begins.
    pub deadline: Instant,
}

impl Backoff {
    /// How long to wait before the next try, or `None` when it was the last one. `shortened` may cut the
    /// pause, so that clients that failed together do not come back together.
    pub fn next(&mut self, shortened: impl Fn(Duration) -> Duration) -> Option<Duration> {
        let wait = shortened(self.pause);
        let is_late = Instant::now().checked_add(wait).is_none_or(|then| then >= self.deadline);
        self.tries_left = self.tries_left.checked_sub(1).filter(|_| !is_late)?;
        self.pause = self.pause.saturating_mul(2).min(self.longest);
        Some(wait)
    }
}

/// Why an answer was not read to its end.
#[derive(Debug)]
pub enum BadAnswer {
    /// It is longer than the limit.
    TooLong,
    /// The connection failed.
    Broken(reqwest::Error),
}

/// The body of `response`, if it is no more than `limit` bytes.
///
/// # Errors
/// [`BadAnswer`].
pub async fn body(response: &mut Response, limit: usize) -> Result<Vec<u8>, BadAnswer> {
    let announced = response.content_length().map(usize::try_from);
    if announced.is_some_and(|length| length.map_or(true, |length| length > limit)) {
        return Err(BadAnswer::TooLong);
    }
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(BadAnswer::Broken)? {
        if bytes.len().saturating_add(piece.len()) > limit {
            return Err(BadAnswer::TooLong);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// The deepest cause: it says most, and has no address in it, which may be secret.
pub fn cause(error: &reqwest::Error) -> String {
    let mut cause = std::error::Error::source(error);
    let mut deepest = None;
    while let Some(deeper) = cause {
        deepest = Some(deeper.to_string());
        cause = deeper.source();
    }
    deepest.unwrap_or_else(|| "the connection failed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_tries_or_time_are_used_up() {
        let ms = Duration::from_millis;
        let far = Instant::now() + Duration::from_secs(3600);
        let mut backoff =
            Backoff { pause: ms(200), longest: ms(500), tries_left: 4, deadline: far };
        let waits: Vec<_> = std::iter::from_fn(|| backoff.next(|pause| pause)).collect();
        assert_eq!(waits, [200, 400, 500, 500].map(ms));

        let mut late = Backoff { deadline: Instant::now(), tries_left: 9, ..backoff };
        assert_eq!(late.next(|pause| pause), None);
        // A pause that chance has cut may still fit.
        let mut cut = Backoff { deadline: far, tries_left: 1, pause: ms(200), ..backoff };
        assert_eq!(cut.next(|pause| pause / 2), Some(ms(100)));
        assert_eq!(cut.next(|pause| pause), None);
    }
}
