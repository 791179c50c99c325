//! Whatever goes wrong, the body says so in Taler's words.

use std::io::{Read, Write};
use std::net::TcpStream;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::common::{Daemon, PATIENCE, Place};

const AT: &str = "/private/token";

fn post(daemon: &Daemon, body: impl Into<reqwest::blocking::Body>) -> (u16, u64) {
    daemon.ask("POST", AT).basic("admin", "x").body(body).send().failure()
}

/// Status and code of an answer read by hand.
fn read(answer: &str) -> (u16, u64) {
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
    assert!(json["hint"].is_string() && !json["request_id"].as_str().unwrap().is_empty());
    (status, json["code"].as_u64().unwrap())
}

#[test]
fn every_refusal_of_the_framework_has_a_body() {
    let place = Place::new();
    place.instance("admin");
    let daemon = place.start();

    assert_eq!(daemon.get("/nowhere").failure(), (404, 21));
    assert_eq!(daemon.get("/instances/admin/nowhere").failure(), (404, 21));
    assert_eq!(daemon.get("/private/orders/x/abort").failure(), (404, 21));
    let wrong = daemon.ask("PUT", "/config").send();
    assert_eq!(wrong.failure(), (405, 20));
    assert_eq!(wrong.headers["allow"], "GET, HEAD, OPTIONS");
    assert_eq!(daemon.ask("POST", "/instances/admin").send().failure(), (405, 20));
    let odd = daemon.ask("BREW", "/private/accounts").send();
    assert_eq!(odd.failure(), (405, 20));
    assert!(odd.headers["allow"].contains("POST"));

    assert_eq!(post(&daemon, "no json"), (400, 22));
    assert_eq!(post(&daemon, ""), (400, 22));
    assert_eq!(post(&daemon, &b"\xff"[..]), (400, 22));
    assert_eq!(post(&daemon, "[]"), (400, 26));
    assert_eq!(post(&daemon, "{}"), (400, 25));
    assert_eq!(post(&daemon, r#"{"scope":null}"#), (400, 25));
    assert_eq!(post(&daemon, r#"{"scope":5}"#), (400, 26));
    assert_eq!(post(&daemon, r#"{"scope":"root"}"#), (400, 26));
    assert_eq!(post(&daemon, r#"{"scope":"all","duration":{"d_us":-1}}"#), (400, 26));
    assert_eq!(post(&daemon, "[".repeat(100)), (400, 22));
    assert_eq!(post(&daemon, " ".repeat(70_000)), (413, 32));
    // A client that sends all of it before it reads gets the answer, too.
    let length =
        "Authorization: Basic YWRtaW46eA==\r\nConnection: close\r\nContent-Length: 3000000";
    let head = format!("POST {AT} HTTP/1.1\r\nHost: shop.example\r\n{length}\r\n\r\n");
    let all = [head.into_bytes(), vec![b' '; 3_000_000]].concat();
    assert_eq!(read(&daemon.raw(&all)), (413, 32));

    assert_eq!(daemon.get(&format!("/config?{}", "x".repeat(9000))).failure(), (414, 31));
    assert_eq!(daemon.get(&format!("/config?{}", "a=b&".repeat(101))).failure(), (400, 26));
    let long = daemon.ask("GET", "/config").header("X-Long", &"x".repeat(17_000)).send();
    assert_eq!(long.failure(), (431, 23));
    assert_eq!(daemon.get("/instances/%FF%FE/config").failure(), (400, 29));
    let nobody = daemon.raw(b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!(read(&nobody), (400, 23));
}

#[test]
fn the_name_of_what_is_missing_or_malformed_is_in_the_detail() {
    let place = Place::new();
    place.instance("admin");
    let daemon = place.start();
    let detail = |body: &'static str| {
        daemon.ask("POST", AT).basic("admin", "x").body(body).send().json()["detail"].clone()
    };
    assert_eq!(detail("{}"), "scope");
    assert_eq!(detail(r#"{"scope":"all","duration":5}"#), "duration");
    let token = place.token("admin", "readonly");
    let reply = daemon.ask("GET", "/private/tokens?limit=0").token(&token).send();
    assert_eq!(reply.failure(), (400, 26));
    assert_eq!(reply.json()["detail"], "limit");
}

#[test]
fn a_compressed_body_is_read_and_a_bomb_is_not() {
    let place = Place::new();
    place.instance("admin");
    let token = place.token("admin", "all:refreshable");
    let daemon = place.start();
    let pack = |text: &str| {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    let send = |body: Vec<u8>| {
        daemon.ask("POST", AT).token(&token).header("Content-Encoding", "deflate").body(body).send()
    };
    assert_eq!(send(pack(r#"{"scope":"readonly"}"#)).status, 200);
    assert_eq!(send(b"no zlib".to_vec()).failure(), (400, 28));
    assert_eq!(send(pack(&" ".repeat(10_000_000))).failure(), (413, 32));
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for_long() {
    let place = Place::new();
    place.instance("admin");
    let daemon = place.start_with(&[("TILLD_SERVER__BODY_TIMEOUT_S", "1")]);
    let head = "POST /private/token HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\
                Authorization: Basic YWRtaW46eA==\r\n\r\n{";
    assert_eq!(read(&daemon.raw(head.as_bytes())), (408, 11));
}

#[test]
fn a_stranger_is_refused_before_the_body_is_read() {
    let place = Place::new();
    place.instance("admin");
    let daemon = place.start();
    let mut stream = TcpStream::connect(daemon.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = "POST /private/accounts HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 401");
}

#[test]
fn garbage_closes_the_connection_and_nothing_else() {
    let place = Place::new();
    let daemon = place.start();
    let answer = daemon.raw(b"\x16\x03\x01 not http\r\n\r\n");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(daemon.get("/config").status, 200);
}
