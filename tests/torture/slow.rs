//! Clients that take their time: heads and bodies byte by byte, answers that nobody fetches. Each is
//! cut off when its time is over, and everybody else is served meanwhile.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::shop::Shop;
use crate::wire::{Wire, alone, descriptors};

/// The limits of these tests, in seconds.
const HEAD_S: u64 = 2;
const BODY_S: u64 = 4;
const TAKE_S: u64 = 6;
/// More bytes than the system takes off the daemon's hands.
const LONG_TEXT: usize = 2 * 1024 * 1024;
/// How much later than its limit a client may be cut off, on a busy machine.
const MARGIN: Duration = Duration::from_secs(4);
/// How many others are served meanwhile at least; were they kept waiting, it would be one or two.
const SERVED: u32 = 5;

/// What a client dawdles with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sloth {
    /// The head of its first request.
    Head,
    /// The head of its second request.
    LaterHead,
    /// The body.
    Body,
    /// It fetches no answers.
    Answer,
}

impl Sloth {
    fn limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::Head | Self::LaterHead => HEAD_S,
            Self::Body => BODY_S,
            Self::Answer => TAKE_S,
        })
    }

    /// Begins, up to where it gets slow.
    fn begin(self, socket: &str) -> Wire {
        let mut wire = Wire::to(socket);
        match self {
            Self::Head => wire.stream.write_all(b"GET /config HTTP/1.1\r\nHos").unwrap(),
            Self::LaterHead => {
                wire.get("/config");
                assert_eq!(wire.answer().unwrap().status, 200);
                wire.stream.write_all(b"GET /config HTTP/1.1\r\nHos").unwrap();
            }
            Self::Body => {
                let head = "POST /orders/x/claim HTTP/1.1\r\nHost: shop.example\r\n\
                            Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{";
                wire.stream.write_all(head.as_bytes()).unwrap();
            }
            // Little fits into the client's own memory.
            Self::Answer => {
                rustix::net::sockopt::set_socket_recv_buffer_size(&wire.stream, 4096).unwrap();
                (0..4).for_each(|_| wire.get("/terms"));
            }
        }
        wire.stream.set_nonblocking(true).unwrap();
        wire
    }

    /// Goes on a little; whether it was cut off.
    fn go_on(self, wire: &mut Wire) -> bool {
        let more: &[u8] = match self {
            Self::Head | Self::LaterHead => b"t",
            Self::Body => b" ",
            Self::Answer => b"G",
        };
        match wire.stream.write(more) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return true,
        }
        // Who fetches nothing learns of the end by an error only.
        if self == Self::Answer {
            return false;
        }
        loop {
            match wire.stream.read(&mut [0; 1024]) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
    }
}

#[test]
fn five_hundred_slow_clients_are_cut_off_in_time_and_delay_no_other() {
    let _alone = alone();
    let mut terms = tempfile::Builder::new().suffix(".txt").tempfile().unwrap();
    terms.write_all(&[b'x'; LONG_TEXT]).unwrap();
    let shop = Shop::configured(&format!(
        "[server]\nheader_timeout_s = {HEAD_S}\nbody_timeout_s = {BODY_S}\nkeep_alive_s = {TAKE_S}\n\
         [legal]\nterms = [{:?}]\n",
        terms.path()
    ));
    let socket = shop.daemon.socket();
    let kinds = [Sloth::Head, Sloth::LaterHead, Sloth::Body, Sloth::Body, Sloth::Answer];
    let mut slow: Vec<_> = (0..500)
        .map(|number| {
            let kind = kinds[number % kinds.len()];
            (kind, kind.begin(&socket), Instant::now())
        })
        .collect();
    let mut served = 0;
    while !slow.is_empty() {
        slow.retain_mut(|(kind, wire, begun)| {
            let cut = kind.go_on(wire);
            let (took, limit) = (begun.elapsed(), kind.limit());
            assert!(cut || took < limit + MARGIN, "{kind:?} goes on after {took:?}");
            // On a busy machine a whole head may have been read too late.
            let early = cut && took + Duration::from_secs(1) < Sloth::Head.limit();
            assert!(!early, "{kind:?} was cut off after {took:?}");
            !cut
        });
        let order = json!({ "order": { "summary": "tea", "amount": "KUDOS:1" } });
        shop.sold(&order);
        assert_eq!(shop.daemon.get("/config").status, 200);
        served += 1;
        std::thread::park_timeout(Duration::from_millis(50));
    }
    assert!(served >= SERVED, "{served}");
    assert!(descriptors(&shop).0 < 50, "{:?}", descriptors(&shop));
}
