//! One request to an exchange: its time limit, the size limit of the answer, and its
//! retries.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, EXPIRES, HeaderMap, HeaderName};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::time::Instant;

use super::Error;
use net::client::{self, Backoff, BadAnswer};
use system::random;

/// Largest answer to anything but `GET /keys`, in bytes.
const MAX_REPLY: usize = 256 * 1024;
/// Largest list of what a transfer paid for, in bytes: a deposit takes half a kilobyte.
const MAX_TRANSFER: usize = 8 * 1024 * 1024;
/// Largest list of keys, in bytes.
const MAX_KEYS: usize = 16 * 1024 * 1024;
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// Most unused connections to one exchange.
const IDLE_CONNECTIONS: usize = 4;

/// How long things may take, and how often they are tried.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// To be connected.
    pub connect: Duration,
    /// One request, from the first byte to the last of the answer.
    pub request: Duration,
    /// One download of the list of keys, which may be large.
    pub download: Duration,
    /// All tries of a request together, pauses included.
    pub overall: Duration,
    /// How often a request is tried.
    pub attempts: u32,
    /// The first pause between two tries; each next one is twice as long. Chance takes up to a half
    /// of it, so that those who failed together do not come back together.
    pub pause: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(15),
            download: Duration::from_secs(60),
            overall: Duration::from_secs(30),
            attempts: 4,
            pause: Duration::from_millis(250),
        }
    }
}

/// Speaks HTTP. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct Http(Arc<Clients>);

struct Clients {
    times: Times,
    // Made when first used: to read the system's certificates takes longer than all the rest of a
    // start, and without any there may still be an exchange on this machine.
    plain: OnceLock<Result<Client, Error>>,
    secure: OnceLock<Result<Client, Error>>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Http({:?})", self.0.times)
    }
}

/// A list of keys as it was sent.
pub(super) struct Download {
    pub(super) text: Arc<str>,
    /// The header `Expires`, as seconds since 1970.
    pub(super) expires_s: Option<u64>,
    /// The header `Date`, likewise.
    pub(super) date_s: Option<u64>,
}

impl Http {
    /// Connects to nothing yet.
    pub fn new(times: Times) -> Self {
        let (plain, secure) = (OnceLock::new(), OnceLock::new());
        Self(Arc::new(Clients { times, plain, secure }))
    }

    /// Sends JSON and returns the JSON of a 200; tries again what may pass. `sent` counts the tries that
    /// may have reached the exchange.
    pub(super) async fn post_counted(
        &self,
        url: &str,
        body: &Value,
        sent: &Sent,
    ) -> Result<Value, Error> {
        let (body, times) = (&body.to_string(), &self.0.times);
        let ask = move || async move {
            let request = self.request(Method::POST, url).await?;
            let request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
            // Counted before: the caller may be dropped at any moment.
            sent.one_more();
            let fetching = async {
                fetch(request, MAX_REPLY).await.inspect_err(|failed| {
                    if failed.is_before_sending {
                        sent.one_less();
                    }
                })
            };
            let (_, status, bytes) = within(times.request, fetching).await?;
            reply(status, &bytes)
        };
        self.patiently(times.request, ask).await
    }

    /// Asks, and returns the status and the JSON of an answer with one of `statuses`; tries again
    /// what may pass.
    pub(super) async fn get(&self, url: &str, statuses: &[u16]) -> Result<(u16, Value), Error> {
        self.get_up_to(MAX_REPLY, url, statuses).await
    }

    /// The same for the list of what a transfer paid for, which may be longer.
    pub(super) async fn get_transfer(&self, url: &str) -> Result<Value, Error> {
        self.get_up_to(MAX_TRANSFER, url, &[200]).await.map(|(_, reply)| reply)
    }

    /// The same as [`Self::get`] with a header; an answer without a body is null.
    pub(super) async fn get_with(
        &self,
        url: &str,
        statuses: &[u16],
        header: (HeaderName, String),
    ) -> Result<(u16, Value), Error> {
        let (times, header) = (&self.0.times, &header);
        let ask = move || async move {
            let request = self.request(Method::GET, url).await?;
            let request = request.header(header.0.clone(), &header.1);
            let (_, status, bytes) = within(times.request, fetch(request, MAX_REPLY)).await?;
            match statuses.contains(&status) {
                true if bytes.is_empty() => Ok((status, Value::Null)),
                true => {
                    let reply = serde_json::from_slice(&bytes);
                    Ok((status, reply.map_err(|_| Error::NotJson { status })?))
                }
                false => Err(refusal(status, &bytes)),
            }
        };
        self.patiently(times.request, ask).await
    }

    async fn get_up_to(
        &self,
        most: usize,
        url: &str,
        statuses: &[u16],
    ) -> Result<(u16, Value), Error> {
        let times = &self.0.times;
        let ask = move || async move {
            let request = self.request(Method::GET, url).await?;
            let (_, status, bytes) = within(times.request, fetch(request, most)).await?;
            match statuses.contains(&status) {
                true => {
                    let reply = serde_json::from_slice(&bytes);
                    Ok((status, reply.map_err(|_| Error::NotJson { status })?))
                }
                false => Err(refusal(status, &bytes)),
            }
        };
        self.patiently(times.request, ask).await
    }

    /// Fetches a list of keys; tries again what may pass.
    pub(super) async fn download(&self, url: &str) -> Result<Download, Error> {
        let ask = move || async move {
            let request = self.request(Method::GET, url).await?;
            let answer = within(self.0.times.download, fetch(request, MAX_KEYS)).await?;
            let (headers, status, bytes) = answer;
            if status != 200 {
                // Never a success: what is not 200 is refused, or not JSON.
                reply(status, bytes.get(..MAX_REPLY).unwrap_or(&bytes))?;
            }
            let text = String::from_utf8(bytes).map_err(|_| Error::NotJson { status })?;
            Ok(Download {
                text: text.into(),
                expires_s: seconds(&headers, &EXPIRES),
                date_s: seconds(&headers, &DATE),
            })
        };
        self.patiently(self.0.times.download, ask).await
    }

    /// Asks until there is an answer that does not pass, all tries are used up, or the time is.
    async fn patiently<T, F: Future<Output = Result<T, Error>> + Send>(
        &self,
        each: Duration,
        ask: impl Fn() -> F + Send,
    ) -> Result<T, Error> {
        let times = &self.0.times;
        let deadline = Instant::now() + times.overall.max(each);
        let (pause, longest) = (times.pause, LONGEST_PAUSE);
        let tries_left = times.attempts.saturating_sub(1);
        let mut backoff = Backoff { pause, longest, tries_left, deadline };
        loop {
            let Ok(answer) = tokio::time::timeout_at(deadline, ask()).await else {
                return Err(Error::Timeout);
            };
            let Err(error) = answer else { return answer };
            let wait = if error.may_pass() { backoff.next(jitter) } else { None };
            let Some(wait) = wait else { return Err(error) };
            log::debug!(
                "request to an exchange failed ({error}); retrying in {} ms",
                wait.as_millis()
            );
            tokio::time::sleep(wait).await;
        }
    }

    /// A request by the client that fits the address.
    async fn request(&self, method: Method, url: &str) -> Result<RequestBuilder, Error> {
        let secure = url.starts_with("https:");
        let place = |clients: &Clients| match secure {
            true => clients.secure.get().cloned(),
            false => clients.plain.get().cloned(),
        };
        let client = match place(&self.0) {
            Some(client) => client?,
            None => {
                let clients = self.0.clone();
                let making = tokio::task::spawn_blocking(move || match secure {
                    true => clients.secure.get_or_init(|| made(clients.times, true)).clone(),
                    false => clients.plain.get_or_init(|| made(clients.times, false)).clone(),
                });
                making.await.map_err(|_| Error::Unreachable("we are stopping".into()))??
            }
        };
        Ok(client.request(method, url))
    }
}

/// A client, with the system's certificates or with none.
fn made(times: Times, secure: bool) -> Result<Client, Error> {
    // Redirects are not followed: an exchange that has moved needs the operator's attention.
    client::builder(concat!("tilld/", env!("CARGO_PKG_VERSION")), secure)
        .connect_timeout(times.connect)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build()
        .map_err(|error| Error::Unreachable(client::cause(&error)))
}

async fn within<T>(
    limit: Duration,
    ask: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Error> {
    match tokio::time::timeout(limit, ask).await {
        Ok(outcome) => outcome.map_err(|failed| failed.error),
        Err(_) => Err(Error::Timeout),
    }
}

/// How many tries of a request may have reached the exchange.
#[derive(Debug, Default)]
pub(super) struct Sent(AtomicU32);

impl Sent {
    fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn one_less(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn times(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why there is no whole answer to one try.
struct Failed {
    error: Error,
    /// There was no connection, so nothing of the request has left this machine.
    is_before_sending: bool,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, is_before_sending: false }
    }
}

/// Headers, status and body of the answer.
async fn fetch(request: RequestBuilder, most: usize) -> Result<(HeaderMap, u16, Vec<u8>), Failed> {
    let mut response = request.send().await.map_err(|error| failure(&error))?;
    let bytes = client::body(&mut response, most).await.map_err(|bad| match bad {
        BadAnswer::TooLong => Error::TooLarge.into(),
        BadAnswer::Broken(error) => failure(&error),
    })?;
    let status = Response::status(&response).as_u16();
    Ok((std::mem::take(response.headers_mut()), status, bytes))
}

/// The JSON of a 200; any other answer is an error.
fn reply(status: u16, bytes: &[u8]) -> Result<Value, Error> {
    match status {
        200 => serde_json::from_slice(bytes).map_err(|_| Error::NotJson { status }),
        _ => Err(refusal(status, bytes)),
    }
}

/// What an answer says that grants nothing.
fn refusal(status: u16, bytes: &[u8]) -> Error {
    let Ok(reply) = serde_json::from_slice::<Value>(bytes) else {
        return Error::NotJson { status };
    };
    let code = reply.get("code").and_then(Value::as_u64).and_then(|code| u32::try_from(code).ok());
    Error::Refused { status, code, reply }
}

/// The time in this header, as seconds since 1970.
fn seconds(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let date = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    Some(date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs())
}

fn failure(error: &reqwest::Error) -> Failed {
    let is_before_sending = error.is_connect();
    let error =
        if error.is_timeout() { Error::Timeout } else { Error::Unreachable(client::cause(error)) };
    Failed { error, is_before_sending }
}

/// `pause`, less up to a half of it.
fn jitter(pause: Duration) -> Duration {
    // Without chance all wait the same: no harm but a crowd.
    let [chance] = random::<1>().unwrap_or([0]);
    pause.saturating_sub(pause / 2 * u32::from(chance) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_cut_by_half_at_most() {
        let pause = Duration::from_millis(200);
        for _ in 0..100 {
            assert!((Duration::from_millis(100)..=pause).contains(&jitter(pause)));
        }
        assert!(jitter(LONGEST_PAUSE) >= LONGEST_PAUSE / 2);
    }

    #[test]
    fn a_client_can_be_made_for_either_kind_of_address() {
        for secure in [false, true] {
            // A system without certificates is a reason, not a panic.
            match made(Times::default(), secure) {
                Ok(_) => {}
                Err(error) => assert!(secure && matches!(error, Error::Unreachable(_)), "{error}"),
            }
        }
    }
}
