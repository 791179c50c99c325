//! Tests of attempts against receivers on this machine that behave in all ways.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::address::{AllowEntry, LookingUp};
use super::super::template::{Escaping, Parts, RequestTemplate};
use super::*;

const TIMES: Times = Times {
    connect: Duration::from_secs(2),
    whole: Duration::from_millis(600),
    body: Duration::from_millis(200),
};

/// What a receiver does with a call.
#[derive(Clone)]
enum Does {
    /// Sends this and closes.
    Says(&'static str),
    /// Sends this, and then the same byte for ever.
    Streams(&'static str),
    /// Sends this, and keeps the connection.
    Hangs(&'static str),
}

/// A receiver; its port, what it was sent, how often it was connected to.
struct Receiver {
    port: u16,
    seen: tokio::sync::mpsc::UnboundedReceiver<String>,
    calls: Arc<AtomicUsize>,
}

async fn receiver(does: Does) -> Receiver {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, seen) = tokio::sync::mpsc::unbounded_channel();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(serve(stream, does.clone(), tell.clone()));
        }
    });
    Receiver { port, seen, calls }
}

async fn serve(
    mut stream: TcpStream,
    does: Does,
    tell: tokio::sync::mpsc::UnboundedSender<String>,
) {
    let (mut text, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut piece).await.unwrap_or(0);
        text.extend_from_slice(&piece[..read]);
        let whole = String::from_utf8_lossy(&text).into_owned();
        let length = whole
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next()?.parse().ok());
        let body = whole.split_once("\r\n\r\n").map(|(_, body)| body.len());
        if read == 0 || body.is_some_and(|body| body >= length.unwrap_or(0)) {
            let _ = tell.send(whole);
            break;
        }
    }
    match does {
        Does::Says(text) => drop(stream.write_all(text.as_bytes()).await),
        Does::Streams(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
        }
        Does::Hangs(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.read(&mut piece).await;
        }
    }
}

fn call(url: &str) -> SignedRequest {
    let parts = Parts {
        url,
        method: HttpMethod::Post,
        header_template: Some("X-Auth-Header: 8d96"),
        body_template: Some(r#"{"order_id":"{{order_id}}"}"#),
        escaping: Escaping::Raw,
    };
    let variables = serde_json::json!({ "order_id": "2026-1" });
    let request = RequestTemplate::parse(parts).unwrap().expand(variables.as_object().unwrap());
    let secrets = [Secret::new([1; 32]).unwrap()];
    let purpose = Purpose::Event;
    request.unwrap().signed(&Signing {
        event_id: "evt_1",
        at_s: 1_700_000_000,
        secrets: &secrets,
        purpose,
    })
}

fn here() -> Client {
    let guard = AddressGuard { allow: vec![AllowEntry::Localhost], ..AddressGuard::default() };
    Client::new(guard, TIMES)
}

async fn attempt(does: Does) -> Attempt {
    let receiver = receiver(does).await;
    here().attempt(call(&format!("http://127.0.0.1:{}/hook", receiver.port)), 1_700_000_000).await
}

#[tokio::test]
async fn a_call_is_one_request_with_the_headers_of_the_scheme_and_nothing_else() {
    let mut receiver = receiver(Does::Says("HTTP/1.1 204 No Content\r\n\r\n")).await;
    let url = format!("http://127.0.0.1:{}/hook?a=1", receiver.port);
    let attempt = here().attempt(call(&url), 1_700_000_000).await;
    assert_eq!((attempt.outcome, attempt.http_status), (Outcome::Delivered, Some(204)));
    assert_eq!((attempt.answer_head, attempt.error), (None, None));
    let seen = receiver.seen.recv().await.unwrap();
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().map(str::to_owned).collect();
    assert_eq!(lines.remove(0), "POST /hook?a=1 HTTP/1.1");
    lines.retain(|line| !line.starts_with("webhook-signature: v1,"));
    lines.sort();
    assert_eq!(
        lines,
        [
            "accept: */*".to_owned(),
            "content-length: 21".to_owned(),
            "content-type: application/json".to_owned(),
            format!("host: 127.0.0.1:{}", receiver.port),
            format!("user-agent: {USER_AGENT}"),
            "webhook-id: evt_1".to_owned(),
            "webhook-timestamp: 1700000000".to_owned(),
            "x-auth-header: 8d96".to_owned(),
        ]
    );
    assert_eq!(body, r#"{"order_id":"2026-1"}"#);
}

#[tokio::test]
async fn the_status_decides_what_follows() {
    let retry = |not_before: Option<u64>| Outcome::Retry {
        not_before: not_before.map(Duration::from_secs),
    };
    for (answer, outcome, status) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK", Outcome::Delivered, 200),
        ("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", Outcome::Delivered, 202),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
            retry(None),
            302,
        ),
        ("HTTP/1.1 304 Not Modified\r\n\r\n", retry(None), 304),
        ("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", retry(None), 400),
        (
            "HTTP/1.1 404 Not Found\r\nretry-after: 60\r\ncontent-length: 0\r\n\r\n",
            retry(None),
            404,
        ),
        ("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", Outcome::Disabled, 410),
        ("HTTP/1.1 429 Slow\r\nretry-after: 60\r\ncontent-length: 0\r\n\r\n", retry(Some(60)), 429),
        ("HTTP/1.1 429 Slow\r\ncontent-length: 0\r\n\r\n", retry(None), 429),
        ("HTTP/1.1 429 Slow\r\nretry-after: soon\r\ncontent-length: 0\r\n\r\n", retry(None), 429),
        ("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n", retry(None), 500),
        (
            "HTTP/1.1 503 Busy\r\nretry-after: 9999999\r\ncontent-length: 0\r\n\r\n",
            retry(Some(86_400)),
            503,
        ),
        (
            "HTTP/1.1 503 Busy\r\nretry-after: Tue, 14 Nov 2023 22:14:20 GMT\r\ncontent-length: 0\r\n\r\n",
            retry(Some(60)),
            503,
        ),
        (
            "HTTP/1.1 503 Busy\r\nretry-after: Tue, 14 Nov 2000 22:14:20 GMT\r\ncontent-length: 0\r\n\r\n",
            retry(Some(0)),
            503,
        ),
    ] {
        let attempt = attempt(Does::Says(answer)).await;
        assert_eq!((attempt.outcome, attempt.http_status), (outcome, Some(status)), "{answer}");
        assert_eq!(attempt.error.is_none(), outcome == Outcome::Delivered, "{answer}");
    }
}

#[tokio::test]
async fn of_an_answer_only_a_printable_beginning_is_kept() {
    let answer = "HTTP/1.1 500 Oops\r\n\r\n\u{1b}[31mred\n\u{202e}\u{0}end ";
    assert_eq!(attempt(Does::Says(answer)).await.answer_head.as_deref(), Some("[31mred end"));
    let long = "HTTP/1.1 200 OK\r\n\r\n";
    let attempt = attempt(Does::Streams(long)).await;
    assert_eq!(attempt.answer_head.unwrap().len(), MAX_ANSWER_HEAD);
    assert_eq!(printable(&"ä".repeat(200), 255).len(), 254);
}

#[tokio::test]
async fn an_answer_that_does_not_end_costs_no_more_than_its_limits() {
    for (does, outcome) in [
        (Does::Streams("HTTP/1.1 200 OK\r\n\r\n"), Outcome::Delivered),
        (Does::Hangs("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n1"), Outcome::Delivered),
        (Does::Streams("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n"), Outcome::Delivered),
        (Does::Hangs("HTTP/1.1 200 OK\r\n"), Outcome::Retry { not_before: None }),
        (Does::Hangs(""), Outcome::Retry { not_before: None }),
        (Does::Streams("HTTP/1.1 200 OK\r\nx: "), Outcome::Retry { not_before: None }),
    ] {
        let attempt = attempt(does).await;
        assert_eq!(attempt.outcome, outcome, "{attempt:?}");
        assert!(attempt.took_ms < 5_000, "{attempt:?}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_tried_again_and_said_in_few_words() {
    for (does, words) in [
        (Does::Says(""), "no answer"),
        (Does::Says("SSH-2.0-OpenSSH_9.2\r\n"), "no answer"),
        (Does::Hangs(""), "no answer in time"),
    ] {
        let attempt = attempt(does).await;
        assert_eq!(
            (attempt.outcome, attempt.http_status),
            (Outcome::Retry { not_before: None }, None)
        );
        let error = attempt.error.unwrap();
        assert!(error.starts_with(words) && !error.contains("127.0.0.1"), "{error}");
    }
    let free =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port();
    let attempt = here().attempt(call(&format!("http://127.0.0.1:{free}/")), 0).await;
    let error = attempt.error.unwrap();
    assert!(error.starts_with("no connection") && !error.contains(&free.to_string()), "{error}");
}

/// Answers the first question with an address of the Internet, later ones with this machine's.
struct Rebinding(AtomicUsize, Vec<IpAddr>);

impl Lookup for Rebinding {
    fn lookup(&self, _host: String) -> LookingUp {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let answer = match count {
            0 => vec![IpAddr::from([1, 1, 1, 1])],
            _ => self.1.clone(),
        };
        Box::pin(async move { Ok::<_, io::Error>(answer) })
    }
}

#[tokio::test]
async fn no_address_that_is_not_allowed_is_connected_to_however_it_is_named() {
    let receiver = receiver(Does::Says("HTTP/1.1 200 OK\r\n\r\n")).await;
    let port = receiver.port;
    // Plain HTTP is allowed anywhere, this machine is not.
    let guard = AddressGuard { allow_http: true, ..AddressGuard::default() };
    let near = vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
    let lookup = Arc::new(Rebinding(AtomicUsize::new(1), near));
    let client = Client::with_lookup(guard, TIMES, lookup.clone());
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "a.localhost",
        "localtest.example",
        "127.0.0.1.nip.example",
        "0.0.0.0",
    ] {
        let attempt = client.attempt(call(&format!("http://{host}:{port}/")), 0).await;
        assert_eq!(attempt.outcome, Outcome::Retry { not_before: None }, "{host}");
        assert_eq!(attempt.error.as_deref(), Some("address not allowed"), "{host}");
    }
    assert_eq!(receiver.calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_address_is_checked_each_time() {
    let receiver = receiver(Does::Says("HTTP/1.1 200 OK\r\n\r\n")).await;
    let guard = AddressGuard { allow_http: true, ..AddressGuard::default() };
    let lookup = Arc::new(Rebinding(AtomicUsize::new(0), vec![IpAddr::from([127, 0, 0, 1])]));
    let client = Client::with_lookup(guard, TIMES, lookup.clone());
    let url = format!("http://rebind.example:{}/", receiver.port);
    // The first answer passes; whether anybody is there does not matter. No second question is asked for it.
    let first = client.attempt(call(&url), 0).await;
    assert_ne!(first.error.as_deref(), Some("address not allowed"));
    assert_eq!(lookup.0.load(Ordering::Relaxed), 1);
    for _ in 0..3 {
        let attempt = client.attempt(call(&url), 0).await;
        assert_eq!(attempt.error.as_deref(), Some("address not allowed"));
    }
    assert_eq!(receiver.calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn of_the_addresses_of_a_name_only_the_permitted_ones_are_connected_to() {
    let receiver = receiver(Does::Says("HTTP/1.1 200 OK\r\n\r\n")).await;
    let guard = AddressGuard {
        allow_http: true,
        allow: vec!["127.0.0.1".parse().unwrap()],
        ..AddressGuard::default()
    };
    let addresses = vec![IpAddr::from([10, 0, 0, 1]), IpAddr::from([127, 0, 0, 1])];
    let lookup = Arc::new(Rebinding(AtomicUsize::new(1), addresses));
    let client = Client::with_lookup(guard, TIMES, lookup);
    let attempt = client.attempt(call(&format!("http://both.example:{}/", receiver.port)), 0).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
}

#[tokio::test]
async fn without_a_certificate_that_is_trusted_nothing_is_sent() {
    // A receiver that speaks no TLS stands for one with a wrong certificate: both fail in the handshake.
    let receiver = receiver(Does::Says("HTTP/1.1 200 OK\r\n\r\n")).await;
    let attempt = here().attempt(call(&format!("https://127.0.0.1:{}/", receiver.port)), 0).await;
    assert_eq!((attempt.outcome, attempt.http_status), (Outcome::Retry { not_before: None }, None));
}

#[test]
fn a_test_call_says_that_it_is_one() {
    let parts = Parts {
        url: "https://shop.example/",
        method: HttpMethod::Get,
        header_template: None,
        body_template: None,
        escaping: Escaping::Raw,
    };
    let request = RequestTemplate::parse(parts).unwrap().expand(&serde_json::Map::new()).unwrap();
    let signing = Signing { event_id: "evt_1", at_s: 1, secrets: &[], purpose: Purpose::Test };
    let signed = request.signed(&signing);
    assert_eq!(signed.headers["webhook-test"], "yes");
    assert_eq!(signed.body, "");
}
