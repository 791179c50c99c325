//! Connections by hand: thousands of them, each with a request of its own, read when it pleases.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::common::PATIENCE;
use crate::common::shop::Shop;

/// Files and sockets that a test with a crowd needs.
const DESCRIPTORS: u64 = 20_000;

/// One crowd at a time: there are only so many descriptors, and what is measured is time.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    rlimit::increase_nofile_limit(DESCRIPTORS).unwrap();
    turn
}

/// How many sockets the daemon has open, and how many other files.
pub(crate) fn descriptors(shop: &Shop) -> (usize, usize) {
    let entries = fs::read_dir(format!("/proc/{}/fd", shop.daemon.child.id())).unwrap();
    // One that is gone by now was one that is gone by now.
    let links = entries.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    let (sockets, files): (Vec<_>, Vec<_>) =
        links.partition(|link| link.to_string_lossy().starts_with("socket:"));
    (sockets.len(), files.len())
}

/// A client's end of a connection.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

/// An answer as it came: status, and the body of as many bytes as were announced.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Wire {
    /// `socket`: address and port.
    pub(crate) fn to(socket: &str) -> Self {
        let stream = TcpStream::connect(socket).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, read: Vec::new() }
    }

    pub(crate) fn get(&mut self, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n");
        self.stream.write_all(request.as_bytes()).unwrap();
    }

    /// Posts JSON.
    pub(crate) fn post(&mut self, path: &str, body: &str) {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).unwrap();
    }

    /// The next answer, or what went wrong: the connection ends or is reset before it is whole.
    pub(crate) fn answer(&mut self) -> Result<Raw, ErrorKind> {
        loop {
            if let Some(raw) = self.complete() {
                return Ok(raw);
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof),
                Ok(length) => self.read.extend_from_slice(&buffer[..length]),
                Err(error) => return Err(error.kind()),
            }
        }
    }

    /// An answer that has come whole, taken out of what was read.
    fn complete(&mut self) -> Option<Raw> {
        let end = self.read.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8(self.read[..end].to_vec()).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.trim().parse().unwrap());
        if self.read.len() < end + length {
            return None;
        }
        let body = String::from_utf8(self.read[end..end + length].to_vec()).unwrap();
        self.read.drain(..end + length);
        Some(Raw { status, body })
    }

    /// Whether the other side hangs up, and does not reset, within `patience`.
    pub(crate) fn ends(&mut self, patience: Duration) -> Result<(), ErrorKind> {
        self.stream.set_read_timeout(Some(patience)).unwrap();
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).map(drop).map_err(|error| error.kind())
    }

    /// Hangs up without a word: the other side gets a reset.
    pub(crate) fn reset(self) {
        rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)).unwrap();
    }
}
