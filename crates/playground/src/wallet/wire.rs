//! The wallet's HTTP client for shops and exchanges: time limits, size limits,
//! retries, and messages for their error responses.

use std::sync::OnceLock;
use std::time::Duration;

use net::client::{self, Backoff, BadAnswer};
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::Error;

/// Largest answer of a shop, or of an exchange to anything but `GET /keys`, in bytes.
const MAX_REPLY: usize = 2 * 1024 * 1024;
/// Largest list of an exchange's keys, in bytes.
const MAX_KEYS: usize = 16 * 1024 * 1024;
/// Longest hint that is passed on, in characters: it comes from strangers.
const MAX_HINT: usize = 300;
/// How long it may take to be connected.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one request may take, up to the last byte of the answer.
const REQUEST: Duration = Duration::from_secs(20);
/// The pause before the second try; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Speaks HTTP. What only encrypted connections need is made when the first one is.
#[derive(Default)]
pub(super) struct Http {
    plain: OnceLock<Result<Client, String>>,
    secure: OnceLock<Result<Client, String>>,
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: u16,
    body: Vec<u8>,
}

impl Http {
    /// `POST url`, once.
    pub(super) async fn post(&self, url: &str, body: &Value) -> Result<Reply, Error> {
        self.ask(url, Some(body), MAX_REPLY).await
    }

    /// `GET url`, and again as long as it may pass and `patience` lasts.
    pub(super) async fn insist_get(&self, url: &str, patience: Duration) -> Result<Reply, Error> {
        self.request_with_retries(url, None, MAX_KEYS, patience).await
    }

    /// `POST url`, and again as long as it may pass and `patience` lasts. Only for what can be said
    /// twice.
    pub(super) async fn insist_post(
        &self,
        url: &str,
        body: &Value,
        patience: Duration,
    ) -> Result<Reply, Error> {
        self.request_with_retries(url, Some(body), MAX_REPLY, patience).await
    }

    async fn request_with_retries(
        &self,
        url: &str,
        body: Option<&Value>,
        most: usize,
        patience: Duration,
    ) -> Result<Reply, Error> {
        let mut backoff = Backoff {
            pause: FIRST_PAUSE,
            longest: LONGEST_PAUSE,
            // Only the time ends it.
            tries_left: u32::MAX,
            deadline: Instant::now() + patience,
        };
        loop {
            let tried = self.ask(url, body, most).await;
            let passes = match &tried {
                Ok(reply) => reply.passes(),
                Err(error) => matches!(error, Error::Unreachable(..)),
            };
            let wait = if passes { backoff.next(|pause| pause) } else { None };
            let Some(wait) = wait else { return tried };
            tokio::time::sleep(wait).await;
        }
    }

    async fn ask(&self, url: &str, body: Option<&Value>, most: usize) -> Result<Reply, Error> {
        let failed = |why: String| Error::Unreachable(without_query(url), why);
        let broken = |error: reqwest::Error| failed(cause(&error));
        let bad = |bad| match bad {
            BadAnswer::TooLong => Error::Nonsense("the answer is too long"),
            BadAnswer::Broken(error) => broken(error),
        };
        let client = self.client(url.starts_with("https:")).map_err(failed)?;
        let request = match body {
            Some(body) => {
                client.post(url).header("content-type", "application/json").body(body.to_string())
            }
            None => client.get(url),
        };
        let mut response =
            request.header("accept", "application/json").send().await.map_err(broken)?;
        let status = response.status().as_u16();
        let body = client::body(&mut response, most).await.map_err(bad)?;
        Ok(Reply { status, body })
    }

    fn client(&self, secure: bool) -> Result<Client, String> {
        let place = if secure { &self.secure } else { &self.plain };
        place.get_or_init(|| made(secure)).clone()
    }
}

fn made(secure: bool) -> Result<Client, String> {
    // Addresses are compared byte for byte; who moves them is not who was asked for.
    let builder = client::builder(concat!("tilld-wallet/", env!("CARGO_PKG_VERSION")), secure)
        .connect_timeout(CONNECT)
        .timeout(REQUEST);
    // The demonstration is on this machine, where no proxy is needed and some are in the way.
    let builder = if secure { builder } else { builder.no_proxy() };
    builder.build().map_err(|error| cause(&error))
}

/// The address without what may be secret in it.
fn without_query(url: &str) -> String {
    url.split('?').next().unwrap_or(url).to_owned()
}

fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() { "no answer in time".into() } else { client::cause(error) }
}

/// What a refusal looks like (merchant-api 1.5).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: u32,
    hint: String,
    detail: Option<String>,
}

impl Reply {
    /// Whether the same request may do better later.
    pub(super) fn passes(&self) -> bool {
        matches!(self.status, 408 | 429 | 500 | 502..=599)
    }

    /// The body, if it is JSON of this shape.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|_| Error::Nonsense("the answer has not the shape that the protocol asks for"))
    }

    /// The body as it came.
    pub(super) fn bytes(self) -> Vec<u8> {
        self.body
    }

    /// The Taler code of a refusal; 0 if it has none.
    pub(super) fn code(&self) -> u32 {
        serde_json::from_slice::<Refusal>(&self.body).unwrap_or_default().code
    }

    /// The body of a 200, if it has this shape; any other answer is a refusal.
    pub(super) fn success<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if self.status == 200 { self.json() } else { Err(self.refusal()) }
    }

    /// The refusal that it is.
    pub(super) fn refusal(&self) -> Error {
        let refusal: Refusal = serde_json::from_slice(&self.body).unwrap_or_default();
        let words = match refusal.detail {
            Some(detail) if !detail.is_empty() => format!("{} ({detail})", refusal.hint),
            Some(_) | None => refusal.hint,
        };
        let visible = words.chars().filter(|c| !c.is_control()).take(MAX_HINT).collect();
        Error::Refused { status: self.status, code: refusal.code, hint: visible }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, body: body.into() }
    }

    #[test]
    fn a_refusal_is_told_in_words_that_cannot_harm_a_terminal() {
        let reported = |body: &str| reply(404, body).refusal().to_string();
        assert_eq!(
            reported(r#"{"code":2005,"hint":"no such order","detail":"O-1"}"#),
            "refused: no such order (O-1) [404/2005]"
        );
        assert_eq!(reported("<h1>Not found</h1>"), "refused [404]");
        assert_eq!(reported(r#"{"code":1,"hint":"\u001b[2Jx"}"#), "refused: [2Jx [404/1]");
        let long = format!(r#"{{"code":1,"hint":"{}"}}"#, "x".repeat(5_000));
        assert!(reported(&long).len() < 400);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (status, expected) in [
            (200, false),
            (400, false),
            (408, true),
            (409, false),
            (410, false),
            (429, true),
            (451, false),
            (500, true),
            (501, false),
            (503, true),
            (504, true),
        ] {
            assert_eq!(reply(status, "").passes(), expected, "{status}");
        }
    }

    #[tokio::test]
    async fn nobody_there_is_told_without_the_query() {
        let http = Http::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let failed =
            http.insist_get(&format!("http://{address}/a?token=secret"), Duration::ZERO).await;
        let Err(Error::Unreachable(url, _)) = failed else { panic!("somebody answered") };
        assert_eq!(url, format!("http://{address}/a"));
    }
}
