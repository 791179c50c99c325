//! Serves HTTP at a listener: each connection is counted, wrapped (`stream`), and passed to actix.
//!
//! actix-web's `HttpServer` does the same, but cannot wrap connections.

use std::fmt;
use std::future::ready;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol, Request};
use actix_server::{GracefulShutdownSignal, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Response, Service, ServiceFactory};
use actix_web::rt::net::{TcpStream, UnixStream};
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};

use super::GRACE_S;
use super::listen::Socket;
use super::stream::{ClientTimes, Networks, Place, Stream};
use super::system::set_user_timeout;
use crate::http::Connection;

/// Length of the accept queue.
const BACKLOG: i32 = 1024;

/// Settings for the connections of all listeners.
#[derive(Clone, Debug)]
pub(super) struct Serving {
    /// Time limits for clients.
    pub(super) times: ClientTimes,
    /// Connections of each network.
    pub(super) networks: Arc<Networks>,
    /// Reverse proxies; their connections are not counted, because they carry all clients.
    pub(super) trusted_proxies: Arc<[IpNet]>,
}

/// Listens at `address`.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    // The library's own number may be small, and can be changed afterwards.
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

impl Serving {
    /// Counts a connection of `client`; `None` if it is exempt.
    ///
    /// # Errors
    /// When its network is at its limit.
    fn admit(&self, client: Option<IpAddr>) -> Result<Option<Place>, DispatchError> {
        let is_ours = |ip: &IpAddr| {
            ip.is_loopback() || self.trusted_proxies.iter().any(|net| net.contains(ip))
        };
        let Some(client) = client.map(|ip| ip.to_canonical()).filter(|ip| !is_ours(ip)) else {
            return Ok(None);
        };
        match self.networks.admit(client) {
            Some(place) => Ok(Some(place)),
            None => {
                Err(DispatchError::Io(io::Error::other("the network has too many connections")))
            }
        }
    }

    fn accept_tcp(
        &self,
        io: TcpStream,
    ) -> Result<(Stream<TcpStream>, Protocol, Option<SocketAddr>), DispatchError> {
        let client = io.peer_addr().map_err(DispatchError::Io)?;
        let place = self.admit(Some(client.ip()))?;
        set_user_timeout(&io, self.times.idle);
        let connection = Connection::new(io.local_addr().ok());
        Ok((Stream::new(io, connection, self.times, place), Protocol::Http1, Some(client)))
    }

    fn accept_unix(&self, io: UnixStream) -> (Stream<UnixStream>, Protocol, Option<SocketAddr>) {
        (Stream::new(io, Connection::new(None), self.times, None), Protocol::Http1, None)
    }

    /// Answers at `listener` with `app`.
    pub(super) fn listen<F, I, S, B>(
        &self,
        builder: ServerBuilder,
        listener: Socket,
        app: F,
    ) -> io::Result<ServerBuilder>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<actix_web::Error> + 'static,
        S::InitError: fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        <S::Service as Service<Request>>::Future: 'static,
        S::Service: 'static,
        B: MessageBody + 'static,
    {
        let (serving, stopping) = (self.clone(), builder.graceful_shutdown_signal());
        match listener {
            Socket::Tcp(listener) => builder.listen("tcp", listener, move || {
                let (here, times) = (serving.clone(), serving.times);
                fn_service(move |io: TcpStream| ready(here.accept_tcp(io))).and_then(http(
                    app().into_factory(),
                    times,
                    stopping.clone(),
                ))
            }),
            Socket::Unix(listener) => builder.listen_uds("unix", listener, move || {
                let (here, times) = (serving.clone(), serving.times);
                let accept =
                    move |io: UnixStream| ready(Ok::<_, DispatchError>(here.accept_unix(io)));
                fn_service(accept).and_then(http(app().into_factory(), times, stopping.clone()))
            }),
        }
    }
}

/// Builds the service that answers the requests on a connection.
fn http<T, S, B>(
    app: S,
    times: ClientTimes,
    stopping: GracefulShutdownSignal,
) -> impl ServiceFactory<
    (Stream<T>, Protocol, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = DispatchError,
    InitError = (),
>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let app = app.map_err(|error| error.into().error_response());
    HttpService::build()
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        .keep_alive(times.idle)
        .client_request_timeout(times.head)
        .client_disconnect_timeout(Duration::from_secs(GRACE_S))
        // When the client disconnects, the handler is dropped.
        .h1_allow_half_closed(false)
        .on_connect_ext(|io: &Stream<T>, extensions| {
            extensions.insert(io.connection().clone());
        })
        // Not used: it would be the local address of the connection, which is unknown here.
        .finish(map_config(app, |()| AppConfig::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_proxies_have_as_many_connections_as_they_like() {
        let second = Duration::from_secs(1);
        let serving = Serving {
            times: ClientTimes { head: second, idle: second },
            networks: Networks::new(1),
            trusted_proxies: ["10.0.0.5/32".parse().unwrap()].into(),
        };
        for free in
            [None, Some("127.0.0.1"), Some("::1"), Some("::ffff:127.0.0.1"), Some("10.0.0.5")]
        {
            let client = free.map(|text| text.parse().unwrap());
            assert!(serving.admit(client).unwrap().is_none(), "{free:?}");
        }
        let counted = Some("10.0.0.6".parse().unwrap());
        let _place = serving.admit(counted).unwrap().unwrap();
        assert!(serving.admit(counted).is_err());
    }
}
