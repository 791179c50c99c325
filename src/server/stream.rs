//! Wraps a client's connection with limits that actix does not have.
//!
//! actix gives the head of the first request a deadline, and that of a later one none; it reads on
//! without need while a request is answered; and it takes as many connections from one client as
//! there are. So each connection is wrapped before actix sees it: bytes go through untouched, but the
//! wrapper counts them, and says that the client is gone when a deadline is over.
//!
//! When a head begins and ends is known without reading it: bytes that come while no request is
//! answered begin one, and the request that is then begun (`http::Connection`) ends it. Of bytes that came
//! with a request that has no body, the last ones tell: where they do not end a head, another one has begun.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::http::Connection;
use system::log_limit;

/// Most bytes that are read for one head. More than a head may have (16 KiB), so that one that is a
/// little too long gets an error response; less than actix would keep of it (128 KiB).
const MAX_HEAD: usize = 32 * 1024;
/// What is answered when a head does not end in time.
const TOO_SLOW: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
/// What is answered to a head that is longer than [`MAX_HEAD`]. It is no request yet, so it has no id.
const TOO_LONG: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\n\
      content-type: application/json\r\ncontent-length: 77\r\nconnection: close\r\n\r\n\
      {\"code\": 23, \"hint\": \"the request's headers are too long\", \"request_id\": \"-\"}";

/// Time limits for a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientTimes {
    /// For the head of a request, from its first byte on.
    pub(super) head: Duration,
    /// Between two requests.
    pub(super) idle: Duration,
}

/// Number of connections of each network: an IPv4 address or an IPv6 network of 64 bits.
#[derive(Debug)]
pub(super) struct Networks {
    most: u32,
    open: Mutex<HashMap<IpAddr, u32>>,
}

/// A counted connection of a network; dropping it ends the count.
#[derive(Debug)]
pub(super) struct Place {
    network: IpAddr,
    networks: Arc<Networks>,
}

impl Networks {
    /// Most connections of each network.
    pub(super) fn new(most: usize) -> Arc<Self> {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        Arc::new(Self { most, open: Mutex::new(HashMap::new()) })
    }

    /// Counts a connection of `client`; `None` when its network is at its limit.
    pub(super) fn admit(self: &Arc<Self>, client: IpAddr) -> Option<Place> {
        let network = network_of(client);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(network).or_default();
        if *count >= self.most {
            drop(open);
            let line =
                format_args!("{network} has {} connections, its limit; refusing more", self.most);
            log_limit::warn("connections refused to networks at their limit", line);
            return None;
        }
        *count = count.saturating_add(1);
        Some(Place { network, networks: self.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.networks.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.network);
            }
        }
    }
}

/// A client with one IPv6 address has the 2⁶⁴ addresses of its network.
fn network_of(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A client's connection.
#[derive(Debug)]
pub(super) struct Stream<T> {
    io: T,
    connection: Connection,
    times: ClientTimes,
    /// The timer of the next deadline check.
    timer: Pin<Box<Sleep>>,
    /// Number of requests begun when bytes last arrived.
    begun: u64,
    /// When the first byte of an incomplete head arrived.
    head_since: Option<Instant>,
    /// Bytes of the incomplete head.
    head_bytes: usize,
    /// The last bytes that arrived.
    tail: [u8; 3],
    /// Whether actix has had the chance to parse a head in its buffer.
    is_looked_at: bool,
    /// Whether everything was written and flushed.
    is_flushed: bool,
    /// The count of the connection, unless it is exempt.
    _place: Option<Place>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream<T> {
    pub(super) fn new(
        io: T,
        connection: Connection,
        times: ClientTimes,
        place: Option<Place>,
    ) -> Self {
        let timer = Box::pin(tokio::time::sleep(times.head));
        Self {
            io,
            connection,
            times,
            timer,
            begun: 0,
            head_since: None,
            head_bytes: 0,
            tail: [0; 3],
            is_looked_at: false,
            is_flushed: true,
            _place: place,
        }
    }

    /// State that its requests share.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether a deadline is over. Otherwise sets the timer, which wakes the task.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let due = if self.connection.is_answering() {
                // The answer has deadlines of its own; a head that is begun has its time after it.
                now + if self.has_beginning() { self.times.head } else { self.times.idle }
            } else {
                if self.head_since.is_none() && self.has_beginning() {
                    self.head_since = Some(self.connection.idle_since());
                }
                match self.head_since {
                    Some(since) => since + self.times.head,
                    // actix ends an idle connection itself; this is for one that it takes for busy
                    // because the beginning of a head came with the body before.
                    None => self.connection.idle_since() + self.times.idle + self.times.head,
                }
            };
            if due <= now {
                return true;
            }
            self.timer.as_mut().reset(due.into());
        }
        false
    }

    /// Whether the beginning of a head is behind the last request, as far as its end tells. Where a body
    /// ends, only its reader knows.
    fn has_beginning(&self) -> bool {
        let is_end = self.tail.ends_with(b"\n\n") || self.tail.ends_with(b"\n\r\n");
        self.connection.begun() > 0 && !self.connection.had_body() && !is_end
    }

    /// Has the deadlines looked at when this time is over, or sooner.
    fn look_within(&mut self, cx: &mut Context<'_>, time: Duration) {
        let due = tokio::time::Instant::now() + time;
        if self.timer.deadline() > due {
            self.timer.as_mut().reset(due);
            // It was set just now, and cannot be over.
            let _ = self.timer.as_mut().poll(cx);
        }
    }

    /// Ends the connection with an error response, unless an earlier answer is unsent.
    fn refuse(&mut self, cx: &mut Context<'_>, answer: &[u8]) {
        if self.is_flushed && self.head_since.is_some() {
            // Who does not take it does without.
            let _ = Pin::new(&mut self.io).poll_write(cx, answer);
        }
    }

    /// Records arrived bytes.
    fn note(&mut self, cx: &mut Context<'_>, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let had_beginning = self.has_beginning();
        for byte in bytes.get(bytes.len().saturating_sub(self.tail.len())..).unwrap_or_default() {
            self.tail.rotate_left(1);
            let [_, _, last] = &mut self.tail;
            *last = *byte;
        }
        if self.connection.is_answering() {
            self.connection.note_read(bytes.len());
            if self.has_beginning() {
                self.look_within(cx, self.times.head);
            }
            return;
        }
        self.head_bytes = self.head_bytes.saturating_add(bytes.len());
        self.is_looked_at = false;
        if self.head_since.is_none() {
            let since = if had_beginning { self.connection.idle_since() } else { Instant::now() };
            self.head_since = Some(since);
            self.look_within(cx, self.times.head);
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.begun != this.connection.begun() {
            this.begun = this.connection.begun();
            (this.head_since, this.head_bytes) = (None, 0);
        }
        if this.is_over(cx) {
            this.refuse(cx, TOO_SLOW);
            return Poll::Ready(Ok(()));
        }
        let is_answering = this.connection.is_answering();
        let most = match is_answering {
            true => this.connection.allowance(),
            // The rest of a body that the handler did not read is not a head.
            false if this.connection.had_body() => usize::MAX,
            false => MAX_HEAD.saturating_sub(this.head_bytes),
        };
        if most == 0 && is_answering {
            this.connection.pause(cx.waker().clone());
            return Poll::Pending;
        }
        if most == 0 && this.is_looked_at {
            this.refuse(cx, TOO_LONG);
            return Poll::Ready(Ok(()));
        }
        if most == 0 {
            // actix parses a head when a read returns pending.
            this.is_looked_at = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let outcome = if most >= buffer.remaining() {
            Pin::new(&mut this.io).poll_read(cx, buffer)
        } else {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
            let outcome = Pin::new(&mut this.io).poll_read(cx, &mut part);
            let bytes = part.filled().len();
            buffer.advance(bytes);
            outcome
        };
        this.note(cx, buffer.filled().get(before..).unwrap_or_default());
        outcome
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Stream<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.io).poll_write(cx, bytes);
        this.is_flushed = matches!(&outcome, Poll::Ready(Ok(written)) if *written == bytes.len());
        outcome
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_so_many_connections_and_no_more() {
        let networks = Networks::new(2);
        let ip = |text: &str| -> IpAddr { text.parse().unwrap() };
        let first = networks.admit(ip("2001:db8::1")).unwrap();
        let _second = networks.admit(ip("2001:db8::2")).unwrap();
        assert!(networks.admit(ip("2001:db8::3")).is_none(), "the same network");
        let _other = networks.admit(ip("2001:db8:0:1::1")).unwrap();
        let _v4 = [ip("192.0.2.1"), ip("::ffff:192.0.2.1")].map(|ip| networks.admit(ip).unwrap());
        assert!(networks.admit(ip("192.0.2.1")).is_none(), "the same address");
        drop(first);
        assert!(networks.admit(ip("2001:db8::4")).is_some(), "there is a place again");
    }

    #[test]
    fn networks_without_connections_are_forgotten() {
        let networks = Networks::new(2);
        drop(networks.admit("192.0.2.1".parse().unwrap()));
        assert!(networks.open.lock().unwrap().is_empty());
    }
}
