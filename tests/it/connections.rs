//! Connections of slow clients, and the client's address behind proxies.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::shop::IBAN;
use crate::common::{Daemon, PATIENCE, Place, eventually};

const GET: &[u8] = b"GET /config HTTP/1.1\r\nHost: shop.example\r\n\r\n";
/// The beginning of a request, and how it goes on forever.
const BEGINNING: &[u8] = b"GET /config HTTP/1.1\r\nHost: shop.example\r\nX-Slow: ";

/// A daemon whose limits are short.
fn hasty(place: &Place) -> Daemon {
    place
        .start_with(&[("TILLD_SERVER__HEADER_TIMEOUT_S", "1"), ("TILLD_SERVER__KEEP_ALIVE_S", "3")])
}

fn connect(daemon: &Daemon) -> TcpStream {
    let stream = TcpStream::connect(daemon.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a whole request and reads its answer.
fn ask(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "it ended: {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&answer).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() == length.unwrap().parse::<usize>().unwrap() {
            return text;
        }
    }
}

/// Sends a byte now and then until the daemon ends the connection; what it said, and how long that
/// took.
fn trickle(mut stream: TcpStream) -> (String, Duration) {
    let begun = Instant::now();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut answer = Vec::new();
    loop {
        assert!(begun.elapsed() < PATIENCE, "it goes on for ever");
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // Whether it was taken, reading tells.
                let _ = stream.write(b"x");
            }
            Err(_) => break,
        }
    }
    (String::from_utf8(answer).unwrap(), begun.elapsed())
}

#[test]
fn the_head_of_any_request_has_its_time() {
    let daemon = hasty(&Place::new());
    let mut streams: Vec<_> = (0..3).map(|_| connect(&daemon)).collect();
    for (before, stream) in streams.iter_mut().enumerate() {
        (0..before).for_each(|_| assert!(ask(stream, GET).starts_with("HTTP/1.1 200")));
        stream.write_all(BEGINNING).unwrap();
    }
    for stream in streams {
        let (answer, took) = trickle(stream);
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}

#[test]
fn a_head_whose_beginning_came_with_the_request_before_has_its_time_too() {
    // Who sends nothing may wait for long, and who has begun a head may not.
    let place = Place::new();
    let daemon = place.start_with(&[
        ("TILLD_SERVER__HEADER_TIMEOUT_S", "1"),
        ("TILLD_SERVER__KEEP_ALIVE_S", "120"),
    ]);
    let mut stream = connect(&daemon);
    let answer = ask(&mut stream, &[GET, BEGINNING].concat());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (answer, took) = trickle(stream);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    // Also when nothing more ever comes, also behind a request that waits, and whether it came with that or
    // soon after.
    let waiting =
        b"GET /sessions/s?fulfillment_url=https%3A%2F%2Fx.example&timeout_ms=2500 HTTP/1.1\r\n\
                    Host: shop.example\r\n\r\n";
    let ends = |request: &[u8], more: &[u8]| {
        let mut stream = connect(&daemon);
        stream.write_all(request).unwrap();
        stream.write_all(more).unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "{answers}");
        assert!(answers.contains("HTTP/1.1 408"), "{answers}");
    };
    ends(&[GET, BEGINNING].concat(), b"");
    ends(&[waiting, BEGINNING].concat(), b"");
    ends(waiting, BEGINNING);
    // Who has ended the head has begun nothing, however the lines end.
    for end in ["\r\n\r\n", "\n\n"] {
        let mut stream = connect(&daemon);
        let request = format!("GET /config HTTP/1.1\r\nHost: shop.example{end}");
        ask(&mut stream, request.as_bytes());
        stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        let quiet = stream.read(&mut [0; 64]).unwrap_err();
        assert_eq!(quiet.kind(), ErrorKind::WouldBlock, "{end:?}");
    }
}

#[test]
fn who_has_asked_may_be_silent_for_longer_than_a_head_takes() {
    let place = Place::new();
    let daemon = hasty(&place);
    let post = b"POST /orders/x/claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                 Content-Length: 2\r\n\r\n";
    let mut silent: Vec<_> = (0..2).map(|_| connect(&daemon)).collect();
    assert!(ask(&mut silent[0], GET).starts_with("HTTP/1.1 200"));
    silent[1].write_all(post).unwrap();
    assert!(ask(&mut silent[1], b"{}").starts_with("HTTP/1.1 400"));
    // Who is as slow with a head as these with nothing is cut off meanwhile.
    let mut slow = connect(&daemon);
    slow.write_all(BEGINNING).unwrap();
    trickle(slow);
    for mut stream in silent {
        assert!(ask(&mut stream, GET).starts_with("HTTP/1.1 200"));
    }
}

#[test]
fn a_head_without_end_is_refused_before_it_takes_much_room() {
    let daemon = Place::new().start();
    let mut stream = connect(&daemon);
    let mut taken = 0;
    stream.write_all(BEGINNING).unwrap();
    // What the system takes off the client's hands is not the daemon's; the end comes with the reading.
    while taken < 64 * 1024 && stream.write_all(&[b'x'; 1024]).is_ok() {
        taken += 1024;
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 431"), "{answer:?}");
    // A body of any length comes along with a head, though.
    let body = vec![b' '; 60_000];
    let head = format!(
        "POST /orders/x/claim HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = daemon.raw(&[head.as_bytes(), &body].concat());
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[test]
fn many_requests_at_once_are_answered_one_after_the_other() {
    let daemon = Place::new().start();
    let last = b"GET /config HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";
    let mut all = GET.repeat(200);
    all.extend_from_slice(last);
    let answers = daemon.raw(&all);
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 201);
}

/// A shop with a template, at both kinds of listener, whose address is not configured.
struct Stand {
    place: Place,
    token: String,
    daemon: Daemon,
}

impl Stand {
    fn new() -> Self {
        let place = Place::new();
        place.instance("admin");
        place.ok(&["account", "add", "admin", IBAN]);
        let token = place.token("admin", "all");
        let daemon = Self::start(&place);
        let template = json!({
            "template_id": "tea",
            "template_description": "Tea",
            "template_contract": { "summary": "Tea", "amount": "KUDOS:1", "minimum_age": 0,
                "pay_duration": { "d_us": 3_600_000_000_u64 } },
        });
        let stand = Self { place, token, daemon };
        let made = stand.private("POST", "/private/templates", "till.example").json(&template);
        assert_eq!(made.send().status, 204);
        stand
    }

    fn start(place: &Place) -> Daemon {
        let socket = place.dir.path().join("tilld.sock");
        let listen = format!("127.0.0.1:0,unix:{}", socket.display());
        place.start_with(&[("TILLD_SERVER__LISTEN", &listen)])
    }

    fn private(&self, method: &str, path: &str, host: &str) -> crate::common::Ask<'_> {
        self.daemon.ask(method, path).header("Host", host).token(&self.token)
    }

    /// What wallets are told the address is, by an order that a stranger makes.
    fn address_for(&self, host: &str) -> String {
        let made = self.daemon.ask("POST", "/templates/tea").header("Host", host).json(&json!({}));
        let made = made.send();
        assert_eq!(made.status, 200, "{made:?}");
        let id = made.json()["order_id"].as_str().unwrap().to_owned();
        let path = format!("/private/orders/{id}");
        let status = self.daemon.ask("GET", &path).token(&self.token).send().json();
        let url = status["order_status_url"].as_str().unwrap();
        url.split_once("orders/").unwrap().0.to_owned()
    }

    /// The same, of a stranger who comes by the unix socket; `None` when there is no order.
    fn address_by_socket(&self, host: &str) -> Option<String> {
        let mut stream = UnixStream::connect(self.place.dir.path().join("tilld.sock")).unwrap();
        let request = format!(
            "POST /templates/tea HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        if !answer.starts_with("HTTP/1.1 200") {
            assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
            return None;
        }
        let id = answer.split_once("\"order_id\": \"").or(answer.split_once("\"order_id\":\""));
        let id = id.unwrap().1.split('"').next().unwrap().to_owned();
        let status = self.private("GET", &format!("/private/orders/{id}"), &self.daemon.socket());
        let status = status.send().json();
        let url = status["order_status_url"].as_str().unwrap();
        Some(url.split_once("orders/").unwrap().0.to_owned())
    }
}

#[test]
fn what_a_stranger_calls_us_is_signed_only_if_the_shop_calls_us_so() {
    let mut stand = Stand::new();
    let own = format!("{}/", stand.daemon.address);
    assert_eq!(stand.address_for(&stand.daemon.socket()), own, "the listener's own");
    assert_eq!(stand.address_for("till.example"), "http://till.example/", "the shop used it");
    assert_eq!(stand.address_for("evil.example"), "http://till.example/");
    assert_eq!(stand.address_by_socket("evil.example").unwrap(), "http://till.example/");
    // It is known after a start, too.
    let place = std::mem::replace(&mut stand.place, Place::new());
    stand.daemon.signal("TERM");
    eventually("the end", || stand.daemon.child.try_wait().unwrap().is_some());
    stand.daemon = Stand::start(&place);
    stand.place = place;
    assert_eq!(stand.address_for("evil.example"), "http://till.example/");
}

#[test]
fn without_any_word_of_the_shop_strangers_get_the_listeners_address_or_no_order() {
    let stand = Stand::new();
    // As if the shop had made its template in another way.
    let db = rusqlite::Connection::open(stand.place.db()).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    eventually("the address is kept", || {
        db.query_row("SELECT count(*) FROM addresses", [], |row| row.get::<_, i64>(0)).unwrap() == 1
    });
    db.prepare_cached("DELETE FROM addresses").unwrap().raw_execute().unwrap();
    assert_eq!(stand.address_by_socket("evil.example"), None);
    assert_eq!(stand.address_for("evil.example"), format!("{}/", stand.daemon.address));
}

#[test]
fn the_office_leads_to_an_order_by_its_path() {
    use crate::backoffice::{PASSWORD, Visitor};
    let stand = Stand::new();
    stand.place.passwd("admin", PASSWORD);
    let made = stand.private("POST", "/private/orders", "other.example");
    let made = made.json(&json!({ "order": { "summary": "x", "amount": "KUDOS:1" } })).send();
    let id = made.json()["order_id"].as_str().unwrap().to_owned();
    let page = Visitor::seated(&stand.daemon.address, "admin").get(&format!("/webui/orders/{id}"));
    assert!(page.text.contains(&format!("href=\"/orders/{id}?token=")), "{}", page.text);
    assert!(!page.text.contains("href=\"http://other.example"), "{}", page.text);
}
