//! A receiver of webhooks, which keeps what it hears and behaves as it is told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use serde_json::Value;

use crate::common::PATIENCE;

/// What the receiver does with each request.
#[derive(Clone)]
pub(super) enum Manners {
    /// Answers with this status, these lines of headers, and this body.
    Says(u16, String, String),
    /// Reads the request and says nothing.
    Hangs,
    /// Answers 200 and sends a body without an end.
    Streams,
    /// Closes the connection once the request is there.
    Closes,
}

pub(super) fn says(status: u16) -> Manners {
    Manners::Says(status, String::new(), String::new())
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

impl Heard {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

struct State {
    manners: Manners,
    heard: Vec<Heard>,
    /// Connections that are being answered.
    open: usize,
    /// Most of them at the same time.
    most_open: usize,
}

#[derive(Clone)]
pub(super) struct Sink {
    pub(super) address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Sink {
    /// One that takes everything.
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { manners: says(204), heard: Vec::new(), open: 0, most_open: 0 };
        let sink = Self { address, state: Arc::new((Mutex::new(state), Condvar::new())) };
        let own = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let sink = own.clone();
                std::thread::spawn(move || sink.answer(&stream));
            }
        });
        sink
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn behave(&self, manners: Manners) {
        self.state.0.lock().unwrap().manners = manners;
    }

    /// All that it has heard so far.
    pub(super) fn heard(&self) -> Vec<Heard> {
        self.state.0.lock().unwrap().heard.clone()
    }

    /// Waits until it has heard so much, and returns that.
    pub(super) fn hears(&self, count: usize) -> Vec<Heard> {
        let started = Instant::now();
        let (state, came) = &*self.state;
        let mut state = state.lock().unwrap();
        while state.heard.len() < count {
            let left = PATIENCE.saturating_sub(started.elapsed());
            assert!(!left.is_zero(), "never heard {count}: {:?}", state.heard);
            state = came.wait_timeout(state, left).unwrap().0;
        }
        state.heard.clone()
    }

    /// Most requests that it was asked at the same time.
    pub(super) fn most_open(&self) -> usize {
        self.state.0.lock().unwrap().most_open
    }

    fn answer(&self, stream: &TcpStream) {
        let Some(heard) = request(stream) else { return };
        let manners = {
            let mut state = self.state.0.lock().unwrap();
            state.heard.push(heard);
            state.open += 1;
            state.most_open = state.most_open.max(state.open);
            state.manners.clone()
        };
        self.state.1.notify_all();
        // Who has gone does not hear it.
        match manners {
            Manners::Says(status, headers, body) => {
                let length = body.len();
                let _ = write!(
                    { stream },
                    "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
                );
            }
            Manners::Closes => {}
            Manners::Hangs => {
                let _ = { stream }.read(&mut [0; 1]);
            }
            Manners::Streams => {
                let _ = write!({ stream }, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
                while ({ stream }).write_all(&[b'x'; 4096]).is_ok() {}
            }
        }
        self.state.0.lock().unwrap().open -= 1;
    }
}

/// Reads a request; `None` if the other side closes before it is complete.
fn request(stream: &TcpStream) -> Option<Heard> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut headers = BTreeMap::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = first.split(' ');
    Some(Heard {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}
