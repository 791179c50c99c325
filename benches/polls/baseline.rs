//! What tilld is compared with: servers that do one part of its work and nothing else, each in a
//! process of its own, which is this very program started with other arguments.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};

use crate::harness::client::get;
use crate::harness::process::{COUNTER, DESCRIPTORS, Server};
use crate::polls::chain::{self, Chain};

/// The argument by which this program knows that it is a server now.
pub(crate) const ARGUMENT: &str = "--baseline";
/// Longer than any measurement.
const FOREVER: Duration = Duration::from_secs(3600);

/// Polls that wait.
static PARKED: AtomicUsize = AtomicUsize::new(0);

/// Starts a server whose handler only sleeps.
pub(crate) fn sleeper() -> Server {
    start(&["sleep"])
}

/// Starts a server that answers at once what [`hello`] asks for.
pub(crate) fn greeter() -> Server {
    start(&["hello"])
}

/// Starts a server that records payments and wakes who waits for them, and can do nothing else.
pub(crate) fn chain(folder: &Path) -> Server {
    start(&["chain", folder.join("chain.db").to_str().unwrap()])
}

/// A request for a body of so many bytes.
pub(crate) fn hello(length: usize) -> Vec<u8> {
    get(&format!("/hello/{length}"))
}

fn start(args: &[&str]) -> Server {
    let mut command = Command::new(std::env::current_exe().unwrap());
    Server::start(command.arg(ARGUMENT).args(args))
}

/// Is one of them, until it is killed.
pub(crate) fn serve(kind: &str, rest: &[String]) {
    match (kind, rest) {
        ("sleep", []) => run(|app| {
            app.default_service(web::to(sleep));
        }),
        ("hello", []) => run(|app| {
            app.route("/hello/{length}", web::get().to(greet));
        }),
        ("chain", [database]) => {
            let chain = Data::new(Chain::open(Path::new(database)));
            run(move |app| chain::routes(app, chain.clone()));
        }
        _ => panic!("there is no server {kind}"),
    }
}

/// The same server as tilld's, with other routes.
fn run(routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) {
    let settings = tilld::config::load(&tilld::config::Sources::default()).unwrap().config.server;
    let workers = thread::available_parallelism().unwrap().get().min(4);
    let server = HttpServer::new(move || {
        App::new().route("/metrics", web::get().to(count)).configure(routes.clone())
    })
    .workers(workers)
    .worker_max_blocking_threads(8)
    .max_connections(DESCRIPTORS / workers)
    .keep_alive(Duration::from_secs(settings.keep_alive_s))
    .client_request_timeout(Duration::from_secs(settings.header_timeout_s))
    .client_disconnect_timeout(Duration::from_secs(1))
    .h1_allow_half_closed(false)
    .bind("127.0.0.1:0")
    .unwrap();
    eprintln!("listening at http://{}/\nready", server.addrs()[0]);
    actix_web::rt::System::new().block_on(server.run()).unwrap();
}

/// A poll that waits; waits no more when dropped.
pub(crate) struct Parked;

impl Parked {
    pub(crate) fn new() -> Self {
        PARKED.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        PARKED.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn count() -> String {
    format!("{COUNTER}{}\n", PARKED.load(Ordering::Relaxed))
}

async fn sleep() -> HttpResponse {
    let _parked = Parked::new();
    tokio::time::sleep(FOREVER).await;
    HttpResponse::Ok().finish()
}

async fn greet(length: web::Path<usize>) -> HttpResponse {
    static BODY: [u8; 4096] = [b'x'; 4096];
    HttpResponse::Ok().content_type("application/json").body(&BODY[..*length])
}
