//! Opens the daemon's parts, runs the HTTP server, and stops everything on a signal.
//!
//! Stopping takes less than two seconds: requests in progress get one second and
//! are then cut off, which loses nothing, because nothing is confirmed before it is
//! durable.

mod listen;
mod serving;
mod stream;
mod system;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, thread};

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::listen::{Socket, ipv6_only, is_for_ipv6_only, unix};
use self::serving::{Serving, bind};
use self::stream::{ClientTimes, Networks};
use self::system::{
    descriptors, exit_after_deadline, feed_watchdog, is_hangup_ignored, notify,
    warn_if_clock_is_off, write_log_counts,
};
use crate::config::{Config, Listen};
use crate::exchange::Times;
use crate::http::{self, BadDocument, Library, Metrics};
use crate::hub::{Hub, Limits};
use crate::jobs;
use crate::model::order::Topic;
use crate::store::{self, OutboxLimits, Role, Store};
use crate::till::{Policy, SetupCode, StrangerLimits, Till, WebhookPolicy};
use crate::webhook::AddressGuard;
use ::system::clock::{Clock, zone_problem};
use ::system::log_limit;
use taler::amount::Currency;
use taler::currency::CurrencySpecification;
use taler::exchange::Trusted;
use taler::time::RelativeTime;

/// Currencies known without a setting.
const SHIPPED: &[&str] = &["KUDOS", "TESTKUDOS", "EUR", "CHF", "USD", "HUF"];
/// Seconds for requests in progress after a signal to stop.
const GRACE_S: u64 = 1;
/// Time limit for answering parked polls at the stop. They are answered first; there may be thousands.
const LAST_ANSWERS: Duration = Duration::from_millis(1200);
/// File descriptors reserved for the store, the log, listeners and outgoing requests.
const RESERVE: u64 = 128;
/// Connections reserved for requests that do not wait, such as payments.
const CONNECTIONS_FOR_WORK: usize = 256;

/// Adds a description to an I/O error.
fn io(what: &str) -> impl Fn(io::Error) -> Error {
    let what = what.to_owned();
    move |error| Error::Io(what.clone(), error)
}

/// Why the daemon did not start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store cannot be opened.
    #[error("{0}")]
    Store(#[from] store::Error),
    /// A setting has an invalid value.
    #[error("{0}")]
    Setting(String),
    /// A socket or signal handler could not be set up.
    #[error("{0}: {1}")]
    Io(String, io::Error),
}

impl From<BadDocument> for Error {
    fn from(error: BadDocument) -> Self {
        Self::Setting(error.to_string())
    }
}

/// What `on_ready` reports to the operator.
#[derive(Debug)]
pub struct Ready {
    /// The addresses at which the daemon listens.
    pub addresses: Vec<String>,
    /// Whether the instance `admin` exists.
    pub has_admin: bool,
    /// Code that creates the first instance in a browser; `None` if an instance exists.
    pub setup_code: Option<SetupCode>,
}

/// The policy for all instances, from the settings.
///
/// # Errors
/// [`Error::Setting`] for a time that is too long.
pub fn policy(config: &Config) -> Result<Policy, Error> {
    let delay = |name: &str, seconds: u64| {
        RelativeTime::from_secs(seconds)
            .map_err(|_| Error::Setting(format!("instance.{name}: {seconds} s is too long")))
    };
    let default = config.currency.default;
    let mut currencies = config.currency.specification.clone();
    let shipped = SHIPPED.iter().filter_map(|code| Currency::parse(code).ok());
    let taken = config.exchange.iter().map(|exchange| exchange.currency);
    for currency in shipped.chain([default]).chain(taken) {
        if !currencies.iter().any(|known| *known.currency() == currency) {
            currencies.push(CurrencySpecification::shipped(currency));
        }
    }
    let exchanges = config
        .exchange
        .iter()
        .map(|exchange| Trusted {
            base_url: exchange.base_url.clone(),
            master_public_key: exchange.master_public_key,
            currency: exchange.currency,
        })
        .collect();
    let instance = config.instance;
    Ok(Policy {
        currency: default,
        currencies,
        exchanges,
        exchange_times: Times {
            request: Duration::from_secs(config.exchanges.request_timeout_s),
            attempts: config.exchanges.attempts,
            ..Times::default()
        },
        default_pay_delay: delay("default_pay_delay_s", instance.default_pay_delay_s)?,
        default_refund_delay: delay("default_refund_delay_s", instance.default_refund_delay_s)?,
        default_wire_transfer_delay: delay(
            "default_wire_transfer_delay_s",
            instance.default_wire_transfer_delay_s,
        )?,
        strangers: StrangerLimits {
            network_burst: config.strangers.network_burst,
            network_per_minute: config.strangers.network_per_minute,
            template_burst: config.strangers.template_burst,
            template_per_minute: config.strangers.template_per_minute,
            max_open_orders: config.strangers.max_open_orders,
            disk_reserve_bytes: config.strangers.disk_reserve_bytes,
        },
        stock_by_product_id: config.till.stock_by_product_id,
        webhooks: WebhookPolicy {
            guard: AddressGuard {
                allow: config.webhooks.allow.clone(),
                allow_http: config.webhooks.allow_http,
                // They are known when the daemon listens.
                own: Vec::new(),
            },
            delivered_kept: days(config.webhooks.delivered_kept_days),
            undelivered_kept: days(config.webhooks.undelivered_kept_days),
        },
    })
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days).saturating_mul(86_400))
}

/// The store's options, from the settings.
pub fn store_options(config: &Config) -> store::Options {
    store::Options {
        readers: config.database.readers,
        write_queue: config.database.write_queue,
        outbox: OutboxLimits {
            max_waiting: config.webhooks.max_waiting,
            max_variables_bytes: config.webhooks.max_variables_bytes,
            disk_reserve_bytes: config.webhooks.disk_reserve_bytes,
        },
        ..store::Options::default()
    }
}

/// Services in the same process and at the same addresses, as in the demonstration.
#[derive(Debug)]
pub struct ExtraServices<M> {
    /// Whether this is the demonstration with play money.
    pub is_demo: bool,
    /// A listener besides those of the settings.
    pub listener: Option<TcpListener>,
    /// Adds services to each worker. They come before the daemon's, which match every path.
    pub mount: M,
}

/// Runs the daemon until a signal stops it. `on_ready` is called once it listens.
///
/// # Errors
/// [`Error`] says what could not be opened.
pub fn serve(config: &Config, on_ready: impl FnOnce(&Ready)) -> Result<(), Error> {
    let alone = ExtraServices { is_demo: false, listener: None, mount: |_: &mut ServiceConfig| () };
    serve_with(config, alone, on_ready)
}

/// As [`serve`], with extra services in the same process.
///
/// # Errors
/// As [`serve`].
pub fn serve_with(
    config: &Config,
    extra: ExtraServices<impl Fn(&mut ServiceConfig) + Clone + Send + 'static>,
    on_ready: impl FnOnce(&Ready),
) -> Result<(), Error> {
    let descriptors = descriptors();
    let connections = connections(config, descriptors);
    let hub = Hub::new(Limits {
        // So that a payment always gets a connection, however many polls are parked.
        total: config.polls.max_total.min(connections.saturating_sub(CONNECTIONS_FOR_WORK)),
        per_topic: config.polls.max_per_topic,
        per_client: config.polls.max_per_client,
    });
    let waker = hub.clone();
    let announce = move |topic: &Topic| waker.wake(topic);
    let options = store_options(config);
    let store = Store::open_announcing(&config.database.path, Role::Daemon, options, announce)?;
    let clock = Clock::system();
    warn_if_clock_is_off(&clock, store.read_in_place(|db| store::newest(db))?);
    if let Some(problem) = zone_problem() {
        log::warn!("{problem}");
    }
    let till = Till::new(store.clone(), hub, policy(config)?, clock);
    let settings = Arc::new(http::Settings {
        base_url: config.server.base_url.clone(),
        trusted_proxies: config.server.trusted_proxies.clone(),
        limits: http::Limits {
            public: config.limits.public_body_bytes,
            pay: config.limits.pay_body_bytes,
            order: config.limits.order_body_bytes,
            private: config.limits.private_body_bytes,
        },
        body_timeout: Duration::from_secs(config.server.body_timeout_s),
        longest_poll: Duration::from_secs(config.polls.max_wait_s),
        legacy: config.legacy.enabled,
        source_url: config.server.source_url.clone(),
        terms: Library::open(&config.legal.terms)?,
        privacy: Library::open(&config.legal.privacy)?,
        is_demo: extra.is_demo,
        forms: http::Forms::default(),
    });
    let on_ready = |ready: &Ready| {
        // For commands that name or try the daemon's address, which an option of `serve` may have set.
        if let Err(error) = store.note_addresses(&ready.addresses) {
            log::warn!("commands on this machine cannot tell where it listens: {error}");
        }
        on_ready(ready);
    };
    let done = actix_web::rt::System::new().block_on(run(
        config,
        connections,
        till,
        settings,
        extra,
        on_ready,
    ));
    store.close();
    log_limit::write_all_counts();
    log::info!("stopped");
    done
}

async fn run(
    config: &Config,
    connections: usize,
    till: Till,
    settings: Arc<http::Settings>,
    extra: ExtraServices<impl Fn(&mut ServiceConfig) + Clone + Send + 'static>,
    on_ready: impl FnOnce(&Ready),
) -> Result<(), Error> {
    let has_admin = till
        .instances()
        .await
        .map_err(|error| Error::Setting(error.to_string()))?
        .iter()
        .any(|instance| instance.id.is_admin());
    let setup_code = match extra.is_demo {
        true => None,
        false => {
            let made = till.new_setup_code().await;
            made.map_err(|error| Error::Setting(error.to_string()))?
        }
    };
    // Before anything is announced, so that no signal is lost.
    let mut terminate = signal(SignalKind::terminate()).map_err(io("SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(io("SIGINT"))?;
    // The terminal was closed; ignored if the daemon was started with `nohup`.
    let mut hangup = match is_hangup_ignored() {
        true => None,
        false => Some(signal(SignalKind::hangup()).map_err(io("SIGHUP"))?),
    };
    // Log rotation tools send these to other daemons; by default they would end the process.
    let _ignored = [SignalKind::user_defined1(), SignalKind::user_defined2()]
        .map(|kind| signal(kind).map_err(io("SIGUSR")));

    let till = Data::new(till);
    let settings = Data::from(settings);
    let metrics = Data::new(Metrics::default());
    let workers = match config.server.workers {
        0 => thread::available_parallelism().map_or(1, usize::from).min(4),
        fixed => fixed,
    };
    let data = (till.clone(), settings.clone(), metrics.clone());
    let ExtraServices { listener, mount, .. } = extra;
    let serving = Serving {
        times: ClientTimes {
            head: Duration::from_secs(config.server.header_timeout_s),
            idle: Duration::from_secs(config.server.keep_alive_s),
        },
        networks: Networks::new(config.server.max_connections_per_network),
        trusted_proxies: config.server.trusted_proxies.clone().into(),
    };
    let app = move || {
        App::new()
            // Once for each request, whether the till or an extra service answers it.
            .wrap(from_fn(http::noted))
            .app_data(data.0.clone())
            .app_data(data.1.clone())
            .app_data(data.2.clone())
            .configure(mount.clone())
            .service(http::public())
    };
    let mut server = Server::build()
        .workers(workers)
        .worker_max_blocking_threads(8)
        .max_concurrent_connections((connections / workers).max(1))
        .shutdown_timeout(GRACE_S)
        .disable_signals();
    // The system may have chosen the port.
    let mut own = Vec::new();
    let mut own_address = |listener: &TcpListener| match listener.local_addr() {
        Ok(address) => {
            own.push(address);
            Ok(Listen::Tcp(address).to_string())
        }
        Err(error) => Err(io("cannot listen")(error)),
    };
    let mut addresses = Vec::new();
    if let Some(listener) = listener {
        addresses.push(own_address(&listener)?);
        let listener = Socket::Tcp(listener);
        server = serving.listen(server, listener, app.clone()).map_err(io("cannot listen"))?;
    }
    let handed = listen::inherited_sockets()?;
    // With systemd's sockets, the addresses of the settings are not used.
    let listens = if handed.is_empty() { config.server.listen.as_slice() } else { &[] };
    for (socket, address) in handed {
        if let Socket::Tcp(listener) = &socket {
            own_address(listener)?;
        }
        server = serving.listen(server, socket, app.clone()).map_err(io(&address))?;
        addresses.push(address);
    }
    for listen in listens {
        let socket = match listen {
            Listen::Tcp(address) if is_for_ipv6_only(address, listens) => {
                let listener = ipv6_only(address)?;
                addresses.push(own_address(&listener)?);
                Socket::Tcp(listener)
            }
            Listen::Tcp(address) => {
                let listener =
                    bind(*address).map_err(io(&format!("cannot listen at {address}")))?;
                addresses.push(own_address(&listener)?);
                Socket::Tcp(listener)
            }
            Listen::Unix(path) => {
                addresses.push(listen.to_string());
                Socket::Unix(unix(path, &config.server)?)
            }
        };
        server = serving.listen(server, socket, app.clone()).map_err(io(&listen.to_string()))?;
    }
    let admin = match &config.admin.listen {
        None => None,
        Some(listen) => {
            let data = (till.clone(), metrics);
            let mut admin = HttpServer::new(move || {
                App::new().app_data(data.0.clone()).app_data(data.1.clone()).service(http::admin())
            })
            .workers(1)
            .worker_max_blocking_threads(2)
            .max_connections(64)
            .shutdown_timeout(GRACE_S)
            .disable_signals();
            match listen {
                Listen::Tcp(address) => {
                    admin =
                        admin.bind(address).map_err(io(&format!("cannot listen at {address}")))?;
                    for address in admin.addrs() {
                        own.push(address);
                        log::info!("metrics at http://{address}/metrics");
                    }
                }
                Listen::Unix(path) => {
                    admin = admin
                        .listen_uds(unix(path, &config.server)?)
                        .map_err(io(&listen.to_string()))?;
                    log::info!("metrics at {listen}");
                }
            }
            Some(admin)
        }
    };
    // Before any webhook is made or sent: none may call the daemon itself.
    till.set_own_addresses(own);

    let server = server.run();
    let mut handles = vec![server.handle()];
    let mut running = vec![actix_web::rt::spawn(server)];
    if let Some(admin) = admin {
        let admin = admin.run();
        handles.push(admin.handle());
        running.push(actix_web::rt::spawn(admin));
    }

    on_ready(&Ready { addresses, has_admin, setup_code });
    notify(&[NotifyState::Ready]);
    let watchdog = actix_web::rt::spawn(feed_watchdog(till.clone()));
    let jobs = actix_web::rt::spawn(jobs::run(till.get_ref().clone()));
    let counts = actix_web::rt::spawn(write_log_counts());
    tokio::select! {
        _ = terminate.recv() => log::info!("shutting down (SIGTERM)"),
        _ = interrupt.recv() => log::info!("shutting down (SIGINT)"),
        _ = hung_up(&mut hangup) => log::info!("shutting down (SIGHUP)"),
    }
    notify(&[NotifyState::Stopping]);
    exit_after_deadline();
    till.close_polls();
    watchdog.abort();
    jobs.abort();
    counts.abort();
    answered(&till).await;
    stop(handles).await;
    for server in running {
        if let Ok(Err(error)) = server.await {
            log::error!("a listener failed: {error}");
        }
    }
    Ok(())
}

/// Waits for SIGHUP; forever if SIGHUP is ignored.
async fn hung_up(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Waits a short time until all parked polls are answered. Requests in progress have
/// their own time after that.
async fn answered(till: &Till) {
    let begun = Instant::now();
    while till.hub_stats().parked > 0 && begun.elapsed() < LAST_ANSWERS {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Most simultaneous connections.
fn connections(config: &Config, descriptors: u64) -> usize {
    let room = usize::try_from(descriptors.saturating_sub(RESERVE)).unwrap_or(usize::MAX).max(16);
    match config.server.max_connections {
        0 => room,
        fixed => fixed.min(room),
    }
}

/// Stops all listeners at the same time.
async fn stop(handles: Vec<ServerHandle>) {
    let stopping: Vec<_> =
        handles.iter().map(|handle| actix_web::rt::spawn(handle.stop(true))).collect();
    for one in stopping {
        // A listener that panicked has stopped as well.
        let _ = one.await;
    }
}
