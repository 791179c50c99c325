//! HTTP clients that follow no redirects and read answers up to a limit.

use std::sync::Arc;

use reqwest::{Client, ClientBuilder, Response, redirect};
use rustls_platform_verifier::BuilderVerifierExt;

/// A client that is not made yet. It follows nobody elsewhere: whoever was asked must answer. One that is
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
