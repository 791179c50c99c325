//! HTTP clients that follow no redirects and read answers up to a limit.

use reqwest::{Client, ClientBuilder, Response, redirect};

/// A client that is not made yet. It follows nobody elsewhere: whoever was asked must answer. One that is
/// `secure` speaks TLS only, and trusts whom the system trusts; to read those certificates takes longer than
/// all the rest, so one that is not has none.
pub fn builder(user_agent: &str, secure: bool) -> ClientBuilder {
    // The first call decides for the process, and all calls decide alike.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().user_agent(user_agent).redirect(redirect::Policy::none());
    if secure { builder.https_only(true) } else { builder.tls_certs_only([]) }
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
