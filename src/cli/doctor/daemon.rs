//! Checks that the daemon answers at the base URL of contracts, and that a long-polling request comes back
//! through the reverse proxy in front of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Client;

use super::Line;
use crate::cli;
use crate::config::Listen;
use crate::store;
use net::client::{self, BadAnswer};
use system::random;
use taler::base32;
use taler::web::BaseUrl;

/// Time limit for name lookup and connection.
const CONNECT: Duration = Duration::from_secs(3);
/// Time limit for the first answer.
const ANSWER: Duration = Duration::from_secs(4);
/// How long the test request waits by default: long
/// enough to show whether waiting works, and short enough for a person at the terminal.
const USUAL_WAIT: Duration = Duration::from_secs(3);
/// Tolerance for the time at which the test request comes back.
const TOLERANCE: Duration = Duration::from_millis(1500);
/// Taler's code for an instance that does not exist (`MERCHANT_GENERIC_INSTANCE_UNKNOWN`).
const INSTANCE_UNKNOWN: u64 = 2000;
/// Longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// How long the test request waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    asked: Duration,
    /// The longest wait that the daemon allows (`polls.max_wait_s`).
    longest: Duration,
}

impl Wait {
    /// The longest wait allowed if `slow`, else a short one.
    pub(super) fn of(longest: Duration, slow: bool) -> Self {
        let asked = if slow { longest } else { USUAL_WAIT.min(longest) };
        Self { asked, longest }
    }
}

/// The result of the two requests to the daemon.
#[derive(Debug)]
enum Seen {
    /// The daemon could not be reached; the reason.
    Silent(String),
    /// Another program answers; its status.
    Other(u16),
    /// It answers after this time, and has no shop yet: nobody could wait for a payment.
    NoShop(Duration),
    /// The time of the first answer; and the status and time of the long-polling request, or
    /// the reason why it failed.
    Answers { after: Duration, waited: Result<(u16, Duration), String> },
}

/// Sends the test requests to the daemon at `url`, as a wallet would.
///
/// # Errors
/// When no HTTP client can be created.
pub(super) fn check(url: &BaseUrl, wait: Wait) -> Result<Line, cli::Error> {
    let other = |error: &dyn std::fmt::Display| cli::Error::Other(error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| other(&error))?;
    let client =
        client::builder(concat!("tilld-doctor/", env!("CARGO_PKG_VERSION")), url.is_https())
            .connect_timeout(CONNECT)
            .build()
            .map_err(|error| other(&error))?;
    let session = base32::encode(&random::<16>().map_err(|error| other(&error))?);
    let seen = runtime.block_on(try_poll(&client, url, &session, wait));
    // A name lookup in progress must not delay the end of the program.
    runtime.shutdown_background();
    Ok(judge(url, &seen, wait))
}

/// Tests the daemon at its first listening address, if no base URL is set:
/// it may be running nevertheless.
///
/// # Errors
/// As [`check`].
pub(super) fn check_listening(listens: &[Listen], wait: Wait) -> Result<Line, cli::Error> {
    match own_address(listens) {
        Ok(url) => check(&url, wait),
        Err(why) => Ok(Line::Warn(
            format!("daemon: not tested: {why}"),
            "set server.base_url (or TILLD_SERVER__BASE_URL) to the address that wallets use"
                .into(),
        )),
    }
}

/// The line about the daemon at `url`, if it is the one of the database at `path`: two daemons on a machine are
/// easily mistaken for each other.
pub(super) fn of_database(line: Line, url: &BaseUrl, path: &Path) -> Line {
    match line {
        Line::Ok(_) if store::listened_addresses(path).is_empty() => Line::Warn(
            format!(
                "daemon: {url} answers, but no daemon runs with the database {}",
                path.display()
            ),
            "start the daemon of this database; or another one has its address".into(),
        ),
        line => line,
    }
}

/// The address by which this machine reaches a daemon with this listening address, or why there is none.
fn own_address(listens: &[Listen]) -> Result<BaseUrl, &'static str> {
    let tcp = listens.iter().find_map(|listen| match listen {
        Listen::Tcp(address) => Some(*address),
        Listen::Unix(_) => None,
    });
    let mut address = tcp.ok_or("it listens at Unix sockets only")?;
    if address.port() == 0 {
        return Err("the system chooses its port");
    }
    match address.ip().to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    BaseUrl::parse(format!("http://{address}/")).map_err(|_| "its address cannot be used in a URL")
}

async fn try_poll(client: &Client, url: &BaseUrl, session: &str, wait: Wait) -> Seen {
    let begun = Instant::now();
    let (status, body) = match ask(client, url.join(&["config"]), ANSWER).await {
        Ok(answer) => answer,
        Err(why) => return Seen::Silent(why),
    };
    let after = begun.elapsed();
    if status != 200 || !body.contains("\"taler-merchant\"") {
        return Seen::Other(status);
    }
    let page = utf8_percent_encode("https://doctor.invalid/", NON_ALPHANUMERIC);
    let place = url.join(&["sessions", session]);
    let wait_ms = wait.asked.as_millis();
    let place = format!("{place}?fulfillment_url={page}&timeout_ms={wait_ms}");
    let begun = Instant::now();
    let waited = ask(client, place, wait.asked.saturating_add(ANSWER)).await;
    let has_no_shop = |body: &str| {
        serde_json::from_str::<serde_json::Value>(body).is_ok_and(|body| {
            body.get("code").and_then(serde_json::Value::as_u64) == Some(INSTANCE_UNKNOWN)
        })
    };
    if waited.as_ref().is_ok_and(|(status, body)| *status == 404 && has_no_shop(body)) {
        return Seen::NoShop(after);
    }
    Seen::Answers { after, waited: waited.map(|(status, _)| (status, begun.elapsed())) }
}

/// Status and body of the answer, or why there is none.
async fn ask(client: &Client, url: String, limit: Duration) -> Result<(u16, String), String> {
    let asking = async {
        let mut response = client.get(url).send().await.map_err(|error| client::cause(&error))?;
        let bytes = client::body(&mut response, MAX_ANSWER).await.map_err(|bad| match bad {
            BadAnswer::TooLong => "the answer is too long".to_owned(),
            BadAnswer::Broken(error) => client::cause(&error),
        })?;
        let status = response.status().as_u16();
        Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
    };
    let late = || Err(format!("no answer within {} s", limit.as_secs()));
    tokio::time::timeout(limit, asking).await.unwrap_or_else(|_| late())
}

/// Judges the results.
fn judge(url: &BaseUrl, seen: &Seen, wait: Wait) -> Line {
    let name = url.as_str();
    let (after, waited) = match seen {
        Seen::Silent(why) => {
            return Line::Warn(
                format!("daemon: no answer at {name}: {why}"),
                "start it if it does not run (systemctl start tilld, or tilld serve); else check that the \
                 name leads to this machine, and the web server in front of the daemon"
                    .into(),
            );
        }
        Seen::Other(status) => {
            return Line::Fail(
                format!("daemon: the server at {name} is not tilld (status {status})"),
                "have the web server in front pass all requests below this address to the daemon, or \
                 correct server.base_url"
                    .into(),
            );
        }
        Seen::NoShop(after) => {
            return Line::Ok(format!(
                "daemon: {name} answers in {} ms; whether requests can wait is tested once there is a shop",
                after.as_millis()
            ));
        }
        Seen::Answers { after, waited } => (after, waited),
    };
    let remedy = || {
        format!(
            "the web server in front of the daemon must let requests wait for a minute and pass answers on \
             at once, see packaging/examples; or set a shorter wait: polls.max_wait_s, now {}",
            wait.longest.as_secs()
        )
    };
    let wanted = wait.asked;
    let asked = format!("daemon: a request that waits {} s at {name}", wanted.as_secs());
    match waited {
        Err(why) => Line::Warn(format!("{asked} does not come back: {why}"), remedy()),
        // The daemon answers 404 for the unknown session when the time is over.
        Ok((404, time)) if time.abs_diff(wanted) <= TOLERANCE => Line::Ok(format!(
            "daemon: {name} answers in {} ms, and a request that waits {} s comes back after {}{}",
            after.as_millis(),
            wanted.as_secs(),
            secs(*time),
            // A proxy may still cut off longer requests.
            if wanted < wait.longest {
                format!(
                    "; requests wait up to {} s: to test this, tilld doctor --slow",
                    wait.longest.as_secs()
                )
            } else {
                String::new()
            }
        )),
        Ok((status, time)) => Line::Warn(
            format!("{asked} comes back after {}, with status {status}", secs(*time)),
            remedy(),
        ),
    }
}

/// Seconds, to tenths: `3.0 s`.
fn secs(time: Duration) -> String {
    let tenths = time.as_millis() / 100;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daemon_is_found_where_it_listens() {
        let at = |texts: &[&str]| {
            let listens: Vec<_> = texts.iter().map(|text| text.parse().unwrap()).collect();
            own_address(&listens).map(|url| url.to_string())
        };
        assert_eq!(at(&["127.0.0.1:9966"]).unwrap(), "http://127.0.0.1:9966/");
        assert_eq!(at(&["unix:/run/x", "0.0.0.0:80"]).unwrap(), "http://127.0.0.1/");
        assert_eq!(at(&["[::]:9966"]).unwrap(), "http://[::1]:9966/");
        assert!(at(&["unix:/run/x"]).is_err() && at(&["127.0.0.1:0"]).is_err());
    }

    #[test]
    fn what_the_daemon_does_at_its_address_is_judged() {
        let url: BaseUrl = "https://shop.example/".parse().unwrap();
        let after = Duration::from_millis(12);
        let usual = Wait::of(Duration::from_secs(50), false);
        let reported = |seen| judge(&url, &seen, usual).to_string();
        let waited = |status, ms| {
            reported(Seen::Answers { after, waited: Ok((status, Duration::from_millis(ms))) })
        };
        assert!(
            waited(404, 3040).starts_with("ok    daemon: https://shop.example/ answers in 12 ms")
        );
        assert!(waited(404, 3040).ends_with(
            "comes back after 3.0 s; requests wait up to 50 s: to test this, tilld doctor --slow"
        ));
        // The longest one has been tried, and another daemon has no longer ones.
        for (longest, slow) in [(50, true), (2, false)] {
            let wait = Wait::of(Duration::from_secs(longest), slow);
            let seen = Seen::Answers { after, waited: Ok((404, wait.asked)) };
            let reported = judge(&url, &seen, wait).to_string();
            assert!(reported.ends_with(&format!("comes back after {longest}.0 s")), "{reported}");
        }
        let wait = Wait::of(Duration::from_secs(50), true);
        let seen = Seen::Answers { after, waited: Ok((504, Duration::from_secs(30))) };
        let told_slow = judge(&url, &seen, wait).to_string();
        assert!(
            told_slow
                .starts_with("warn  daemon: a request that waits 50 s at https://shop.example/")
                && told_slow.contains("comes back after 30.0 s, with status 504")
                && told_slow.ends_with("polls.max_wait_s, now 50"),
            "{told_slow}"
        );
        assert!(waited(504, 900).starts_with("warn  daemon: a request that waits 3 s"));
        assert!(waited(404, 100).starts_with("warn"), "nobody waited");
        assert!(waited(404, 6000).starts_with("warn"), "something holds answers back");
        assert!(reported(Seen::Silent("refused".into())).starts_with("warn  daemon: no answer"));
        assert!(reported(Seen::Other(200)).starts_with("FAIL  daemon: the server at"));
        let lost = Seen::Answers { after, waited: Err("connection reset".into()) };
        assert!(reported(lost).contains("does not come back: connection reset"));
    }
}
