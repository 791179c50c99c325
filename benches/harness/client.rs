//! A client as small as it can be: what the generator spends is missing to the server under test.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// A safety net: an answer that takes longer was lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection, and the last answer that came on it.
pub(crate) struct Conn {
    stream: TcpStream,
    /// Empty until something is read, so that those who only wait cost the generator little.
    buffer: Vec<u8>,
    body: Range<usize>,
}

impl Conn {
    pub(crate) async fn open(to: SocketAddr) -> Self {
        // When the ports of one address are used up, those of its neighbours on the loopback serve.
        for last in 1..=u8::MAX {
            let socket = TcpSocket::new_v4().unwrap();
            if last > 1 {
                socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into()).unwrap();
            }
            match socket.connect(to).await {
                Ok(stream) => {
                    stream.set_nodelay(true).unwrap();
                    return Self { stream, buffer: Vec::new(), body: 0..0 };
                }
                Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {}
                Err(error) => panic!("cannot connect to {to}: {error}"),
            }
        }
        panic!("no address has a port left");
    }

    pub(crate) async fn send(&mut self, request: &[u8]) {
        self.stream.write_all(request).await.unwrap();
    }

    /// The status of the next answer, once its last byte is here.
    pub(crate) async fn answer(&mut self) -> u16 {
        let mut filled = 0;
        loop {
            if self.buffer.len() == filled {
                self.buffer.resize(filled + 4096, 0);
            }
            let read = self.stream.read(&mut self.buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server hung up");
            filled += read;
            if let Some((status, body)) = parse(&self.buffer[..filled]) {
                self.body = body;
                return status;
            }
        }
    }

    /// As [`Conn::answer`], for answers that may be lost.
    pub(crate) async fn answer_soon(&mut self) -> u16 {
        timeout(PATIENCE, self.answer()).await.expect("an answer was lost")
    }

    pub(crate) async fn ask(&mut self, request: &[u8]) -> u16 {
        self.send(request).await;
        self.answer().await
    }

    /// Asks what must be granted.
    pub(crate) async fn get(&mut self, request: &[u8]) -> Value {
        let status = self.ask(request).await;
        assert_eq!(status, 200, "{}", self.text());
        serde_json::from_slice(self.body()).unwrap()
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.buffer[self.body.clone()]
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.body()).into_owned()
    }
}

/// Status and body, if all of it is there. Every server under test says how long its answers are.
fn parse(bytes: &[u8]) -> Option<(u16, Range<usize>)> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")?;
    let status = std::str::from_utf8(&bytes[9..12]).unwrap().parse().unwrap();
    let length = std::str::from_utf8(&bytes[..head])
        .unwrap()
        .split("\r\n")
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.parse().unwrap());
    let body = head + 4..head + 4 + length;
    (bytes.len() >= body.end).then_some((status, body))
}

/// A request for a page.
pub(crate) fn get(path: &str) -> Vec<u8> {
    request("GET", path, "", "")
}

/// As [`get`]; `token` shows that it comes from the shop.
pub(crate) fn get_as_shop(token: &str, path: &str) -> Vec<u8> {
    request("GET", path, &format!("Authorization: Bearer {token}\r\n"), "")
}

/// A request that brings something.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let headers = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
    request("POST", path, &headers, body)
}

/// As [`post`]; `token` shows that it comes from the shop.
pub(crate) fn post_as_shop(token: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let headers = format!(
        "Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n"
    );
    request("POST", path, &headers, body)
}

fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let always = "Host: shop.example\r\nAccept: application/json";
    format!("{method} {path} HTTP/1.1\r\n{always}\r\n{headers}\r\n{body}").into()
}
