//! One attempt to deliver a call (webhooks 4): connect, send, judge the answer.
//!
//! Each attempt has a client of its own: no connection, cookie or looked-up address outlives it, so that what
//! was checked is what is connected to. The certificates that are trusted are read once.

use std::error::Error as _;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use net::client::{self, TrustedRoots};
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use taler::characters::is_control_or_format;
use tokio::time::Instant;
use url::Url;

use super::address::{AddressGuard, CheckedResolver, Lookup, Refused, SystemLookup};
use super::signature::signature_header;
use super::template::Request;
use crate::model::webhook::{HttpMethod, Secret};

/// Who calls.
pub const USER_AGENT: &str = concat!("tilld/", env!("CARGO_PKG_VERSION"));
/// Longest part of an answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// Longest part of an answer that is kept, in bytes.
pub const MAX_ANSWER_HEAD: usize = 256;
/// Longest pause that a receiver can ask for: a day.
const MAX_RETRY_AFTER_S: u64 = 24 * 3600;
/// Longest sentence about what failed, in bytes.
const MAX_ERROR: usize = 200;

/// How long the parts of an attempt may take.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// To be connected, TLS included.
    pub connect: Duration,
    /// All of it, up to the head of the answer.
    pub whole: Duration,
    /// To read the answer's body, within `whole`.
    pub body: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            whole: Duration::from_secs(15),
            body: Duration::from_secs(2),
        }
    }
}

/// Who says that a call is ours, and when it is made.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// The event's id, the same in all attempts.
    pub event_id: &'a str,
    /// Seconds since 1970, of this attempt.
    pub at_s: u64,
    /// The newest first.
    pub secrets: &'a [Secret],
    /// Whether it is about an event that was.
    pub purpose: Purpose,
}

/// Why a call is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Something happened.
    Event,
    /// The shop tries its receiver.
    Test,
}

/// A call as it is sent.
#[derive(Clone, Debug)]
pub struct SignedRequest {
    /// How it asks.
    pub method: HttpMethod,
    /// Where it goes.
    pub url: Url,
    /// All headers but those of the connection.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Request {
    /// The call with the headers of the scheme.
    pub fn signed(self, signing: &Signing<'_>) -> SignedRequest {
        let Signing { event_id, at_s, secrets, purpose } = *signing;
        let signature = signature_header(secrets, event_id, at_s, self.body.as_bytes());
        let mut headers = self.headers;
        for (name, text) in [
            ("webhook-id", event_id),
            ("webhook-timestamp", &at_s.to_string()),
            ("webhook-signature", &signature),
            ("user-agent", USER_AGENT),
        ] {
            // Ids, numbers and base64 are values of headers.
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        }
        if purpose == Purpose::Test {
            headers.insert("webhook-test", HeaderValue::from_static("yes"));
        }
        SignedRequest { method: self.method, url: self.url, headers, body: self.body }
    }
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered,
    /// It is to be tried again; if the receiver says when, not before.
    Retry {
        /// The pause that the receiver asks for.
        not_before: Option<Duration>,
    },
    /// The receiver wants no more calls (410).
    Disabled,
}

/// What came of an attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// What follows.
    pub outcome: Outcome,
    /// The status of the answer, if there was one.
    pub http_status: Option<u16>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The beginning of the answer's body, at most [`MAX_ANSWER_HEAD`] bytes, printable.
    pub answer_head: Option<String>,
    /// Why it is not delivered; at most 200 bytes, printable.
    pub error: Option<String>,
}

/// Makes attempts. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    guard: Arc<AddressGuard>,
    lookup: Arc<dyn Lookup>,
    times: Times,
    // Read when first needed: it takes longer than all the rest.
    roots: Arc<OnceLock<Result<TrustedRoots, String>>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("guard", &self.guard).finish_non_exhaustive()
    }
}

/// Why there is no answer.
enum Failed {
    Refused(Refused),
    Certificates(String),
    TimeOut,
    Http(reqwest::Error),
}

impl Client {
    /// Connects to nothing yet.
    pub fn new(guard: AddressGuard, times: Times) -> Self {
        Self::with_lookup(guard, times, Arc::new(SystemLookup))
    }

    /// The same, with another way to find addresses.
    pub fn with_lookup(guard: AddressGuard, times: Times, lookup: Arc<dyn Lookup>) -> Self {
        Self { guard: Arc::new(guard), lookup, times, roots: Arc::default() }
    }

    /// Says which addresses may be called.
    pub fn guard(&self) -> &AddressGuard {
        &self.guard
    }

    /// Sends the call once. `now_s` is the time, in seconds since 1970.
    pub async fn attempt(&self, request: SignedRequest, now_s: u64) -> Attempt {
        let begun = Instant::now();
        let answered = match tokio::time::timeout(self.times.whole, self.send(request)).await {
            Ok(answered) => answered,
            Err(_) => Err(Failed::TimeOut),
        };
        let left = self.times.whole.saturating_sub(begun.elapsed());
        let mut attempt = match answered {
            Ok(response) => judge(response, self.times.body.min(left), now_s).await,
            Err(failed) => Attempt {
                outcome: Outcome::Retry { not_before: None },
                http_status: None,
                took_ms: 0,
                answer_head: None,
                error: Some(printable(&reason(&failed), MAX_ERROR)),
            },
        };
        attempt.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        attempt
    }

    async fn send(&self, request: SignedRequest) -> Result<Response, Failed> {
        // A name is checked again by the resolver; an address that is written out never gets there.
        self.guard.check_url(&request.url).map_err(Failed::Refused)?;
        let resolver = CheckedResolver {
            guard: self.guard.clone(),
            lookup: self.lookup.clone(),
            port: request.url.port_or_known_default().unwrap_or_default(),
        };
        let builder = match request.url.scheme() {
            "https" => client::builder_trusting(USER_AGENT, &self.roots().await?),
            _ => client::builder(USER_AGENT, false),
        };
        let client = builder
            .no_proxy()
            .referer(false)
            .http1_only()
            .connect_timeout(self.times.connect)
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(resolver))
            .build()
            .map_err(Failed::Http)?;
        let SignedRequest { method, url, headers, body } = request;
        let mut builder = client.request(verb(method), url).headers(headers);
        if !body.is_empty()
            || matches!(method, HttpMethod::Post | HttpMethod::Put | HttpMethod::Patch)
        {
            builder = builder.body(body);
        }
        builder.send().await.map_err(Failed::Http)
    }

    async fn roots(&self) -> Result<TrustedRoots, Failed> {
        let read = match self.roots.get() {
            Some(read) => read.clone(),
            None => {
                let roots = self.roots.clone();
                let reading = tokio::task::spawn_blocking(move || {
                    roots.get_or_init(client::trusted_roots).clone()
                });
                reading.await.unwrap_or_else(|_| Err("the daemon is stopping".into()))
            }
        };
        read.map_err(Failed::Certificates)
    }
}

fn verb(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Options => Method::OPTIONS,
    }
}

async fn judge(mut response: Response, time: Duration, now_s: u64) -> Attempt {
    let status = response.status();
    let outcome = match status {
        status if status.is_success() => Outcome::Delivered,
        StatusCode::GONE => Outcome::Disabled,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Outcome::Retry { not_before: retry_after(response.headers(), now_s) }
        }
        _ => Outcome::Retry { not_before: None },
    };
    let error = match outcome {
        Outcome::Delivered => None,
        _ if status.is_redirection() => {
            Some("the receiver answered with another address, which is not followed".to_owned())
        }
        Outcome::Retry { .. } | Outcome::Disabled => {
            Some(format!("the receiver answered {}", status.as_u16()))
        }
    };
    // The status decides. Of the body, what comes in time is kept.
    let (mut head, mut read) = (Vec::new(), 0_usize);
    let reading = async {
        while let Ok(Some(piece)) = response.chunk().await {
            read = read.saturating_add(piece.len());
            let room = MAX_ANSWER_HEAD.saturating_sub(head.len());
            head.extend(piece.iter().take(room));
            if read >= MAX_ANSWER {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(time, reading).await;
    let head = printable(&String::from_utf8_lossy(&head), MAX_ANSWER_HEAD);
    Attempt {
        outcome,
        http_status: Some(status.as_u16()),
        took_ms: 0,
        answer_head: Some(head).filter(|head| !head.is_empty()),
        error,
    }
}

/// The pause that an answer asks for, in seconds or as a date.
fn retry_after(headers: &HeaderMap, now_s: u64) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = httpdate::parse_http_date(text).ok()?;
            let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
            since.as_secs().saturating_sub(now_s)
        }
    };
    Some(Duration::from_secs(seconds.min(MAX_RETRY_AFTER_S)))
}

/// Why there is no answer, in words that tell nothing of what may be behind an address.
fn reason(failed: &Failed) -> String {
    let error = match failed {
        Failed::Refused(refused) => return refused.to_string(),
        Failed::Certificates(why) => return format!("certificates cannot be checked: {why}"),
        Failed::TimeOut => return "no answer in time".into(),
        Failed::Http(error) => error,
    };
    let mut cause = error.source();
    while let Some(deeper) = cause {
        if let Some(refused) = deeper.downcast_ref::<Refused>() {
            return refused.to_string();
        }
        cause = deeper.source();
    }
    match error {
        error if error.is_timeout() && error.is_connect() => "no connection in time".into(),
        error if error.is_timeout() => "no answer in time".into(),
        error if error.is_connect() => format!("no connection: {}", client::cause(error)),
        error => format!("no answer: {}", client::cause(error)),
    }
}

/// `text` without what only steers a terminal, at most `most` bytes.
fn printable(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        if is_control_or_format(c) {
            continue;
        }
        if out.len() + c.len_utf8() > most {
            break;
        }
        out.push(c);
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests;
