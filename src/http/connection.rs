//! State of a client's connection, shared by its requests and the stream below them.
//!
//! actix reads a connection without limit while a request is answered, and knows no deadline for the
//! head of a later request. The stream that the server hands to it does (`server/stream.rs`), but
//! must know when a request has begun, when it is answered, and how long its body may be.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::middleware::Next;
use actix_web::web::Bytes;

/// How much is read ahead while a request is answered, in bytes. It is not needed, but a connection
/// that is not read does not tell that the client has gone.
const READ_AHEAD: usize = 4 * 1024;

/// One connection. Cheap to clone; all clones are one connection, on one thread.
#[derive(Clone, Debug)]
pub struct Connection(Rc<State>);

#[derive(Debug)]
struct State {
    /// Our own end of it; `None` for a unix socket.
    local: Option<SocketAddr>,
    /// How many requests have begun.
    begun: Cell<u64>,
    /// How many of them are being answered.
    answering: Cell<u32>,
    /// When the last answer was ready, or the connection was made.
    idle_since: Cell<Instant>,
    /// How many bytes may still be read before the answer is ready.
    allowance: Cell<usize>,
    /// Whether the last request had a body.
    had_body: Cell<bool>,
    /// Whom to wake when reading may go on.
    paused: RefCell<Option<Waker>>,
}

impl Connection {
    /// A connection that was just made; `local` is our own end of it.
    pub fn new(local: Option<SocketAddr>) -> Self {
        Self(Rc::new(State {
            local,
            begun: Cell::new(0),
            answering: Cell::new(0),
            idle_since: Cell::new(Instant::now()),
            allowance: Cell::new(0),
            had_body: Cell::new(false),
            paused: RefCell::new(None),
        }))
    }

    /// Our own end of it; `None` for a unix socket.
    pub fn local(&self) -> Option<SocketAddr> {
        self.0.local
    }

    /// How many requests have begun.
    pub fn begun(&self) -> u64 {
        self.0.begun.get()
    }

    /// Whether a request is being answered.
    pub fn is_answering(&self) -> bool {
        self.0.answering.get() > 0
    }

    /// When the last answer was ready, or the connection was made.
    pub fn idle_since(&self) -> Instant {
        self.0.idle_since.get()
    }

    /// Whether the last request had a body of which parts may still come.
    pub fn had_body(&self) -> bool {
        self.0.had_body.get()
    }

    /// How many bytes may be read while the request is answered.
    pub fn allowance(&self) -> usize {
        self.0.allowance.get()
    }

    /// Notes that so many bytes were read while a request is answered.
    pub fn note_read(&self, bytes: usize) {
        self.0.allowance.set(self.0.allowance.get().saturating_sub(bytes));
    }

    /// Keeps whom to wake when the request is answered and reading may go on.
    pub fn pause(&self, waker: Waker) {
        self.0.paused.replace(Some(waker));
    }

    /// Notes that `request` has begun; until what is returned is dropped it is being answered.
    fn begin(request: &ServiceRequest) -> Option<Answering> {
        let connection = request.request().conn_data::<Self>()?.clone();
        let headers = request.headers();
        let length =
            headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let length: usize = match length {
            _ if headers.contains_key(TRANSFER_ENCODING) => usize::MAX,
            Some(length) => length,
            None => 0,
        };
        let state = &connection.0;
        state.begun.set(state.begun.get().wrapping_add(1));
        state.answering.set(state.answering.get().saturating_add(1));
        state.had_body.set(length > 0);
        state.allowance.set(length.saturating_add(READ_AHEAD));
        Some(Answering(connection))
    }
}

/// The layer around everything that answers at a listener of the server's: the stream below hears of each
/// request once.
///
/// # Errors
/// Those of the service.
pub async fn noted(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let answering = Connection::begin(&request);
    let response = next.call(request).await?.map_into_boxed_body();
    Ok(match answering {
        Some(answering) => response.map_body(|_, body| answering.with(body)),
        None => response,
    })
}

/// A request is being answered, as long as this is there.
struct Answering(Connection);

impl Drop for Answering {
    fn drop(&mut self) {
        let state = &self.0.0;
        state.answering.set(state.answering.get().saturating_sub(1));
        state.idle_since.set(Instant::now());
        if let Some(waker) = state.paused.take() {
            waker.wake();
        }
    }
}

impl Answering {
    /// The body of the answer. One that is made while it is sent keeps the connection answering.
    fn with(self, body: BoxBody) -> BoxBody {
        // None is not the same as an empty one.
        if body.size() == BodySize::None {
            return body;
        }
        match body.try_into_bytes() {
            Ok(bytes) => BoxBody::new(bytes),
            Err(body) => BoxBody::new(Sending { body, _answering: self }),
        }
    }
}

/// A body that is made while it is sent.
struct Sending {
    body: BoxBody,
    _answering: Answering,
}

impl MessageBody for Sending {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
