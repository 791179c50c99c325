//! The shortest way from a payment to a waiting client that loses nothing: a bounded queue, one
//! writer that commits what waits together, a channel for each session, then the answers. No tokens,
//! contracts or signatures: what tilld's own way is measured against.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{broadcast, oneshot};

use crate::harness::client::{get, post};
use crate::polls::baseline::Parked;

/// Most changes in one transaction, and most that may wait for one.
const BATCH: usize = 512;
const QUEUE: usize = 1024;

/// Waits until `session` has paid.
pub(crate) fn poll(session: u64) -> Vec<u8> {
    get(&format!("/sessions/{session}"))
}

/// Pays for `session`.
pub(crate) fn pay(session: u64) -> Vec<u8> {
    post(&format!("/payments/{session}"), r#"{"method":"cash"}"#)
}

pub(crate) fn routes(app: &mut ServiceConfig, chain: Data<Chain>) {
    app.app_data(chain)
        .route("/payments/{session}", web::post().to(paid))
        .route("/sessions/{session}", web::get().to(wait));
}

/// What the handlers share.
pub(crate) struct Chain {
    database: PathBuf,
    queue: SyncSender<Job>,
    hub: Arc<Hub>,
}

struct Job {
    session: String,
    done: oneshot::Sender<()>,
}

#[derive(Default)]
struct Hub(Mutex<HashMap<String, broadcast::Sender<()>>>);

impl Hub {
    fn listen(&self, session: &str) -> broadcast::Receiver<()> {
        let mut channels = self.0.lock().unwrap();
        match channels.get(session) {
            Some(news) => news.subscribe(),
            None => {
                let (news, listener) = broadcast::channel(1);
                channels.insert(session.to_owned(), news);
                listener
            }
        }
    }

    /// Nobody pays twice, so who listened can go.
    fn wake(&self, session: &str) {
        drop(self.0.lock().unwrap().remove(session));
    }
}

impl Chain {
    pub(crate) fn open(database: &Path) -> Self {
        let (queue, waiting) = sync_channel(QUEUE);
        let hub = Arc::new(Hub::default());
        let db = Connection::open(database).unwrap();
        db.pragma_update(None, "journal_mode", "WAL").unwrap();
        db.pragma_update(None, "synchronous", "FULL").unwrap();
        db.execute_batch(
            "CREATE TABLE payments (serial INTEGER PRIMARY KEY, session TEXT NOT NULL, body TEXT);
             CREATE INDEX by_session ON payments (session);",
        )
        .unwrap();
        let waker = hub.clone();
        thread::spawn(move || write(db, &waiting, &waker));
        Self { database: database.to_owned(), queue, hub }
    }

    fn is_paid(&self, session: &str) -> bool {
        thread_local! {
            static OWN: RefCell<Option<Connection>> = const { RefCell::new(None) };
        }
        OWN.with_borrow_mut(|own| {
            let db = own.get_or_insert_with(|| Connection::open(&self.database).unwrap());
            let sql = "SELECT 1 FROM payments WHERE session = ?1";
            db.prepare_cached(sql).unwrap().exists([session]).unwrap()
        })
    }
}

fn write(mut db: Connection, waiting: &Receiver<Job>, hub: &Hub) {
    let body = "x".repeat(240);
    while let Ok(first) = waiting.recv() {
        let jobs: Vec<Job> =
            std::iter::once(first).chain(waiting.try_iter().take(BATCH - 1)).collect();
        let mut tx = db.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        for job in &jobs {
            // One that fails must take no other with it.
            let one = tx.savepoint().unwrap();
            let sql = "INSERT INTO payments (session, body) VALUES (?1, ?2)";
            one.prepare_cached(sql).unwrap().execute([&job.session, &body]).unwrap();
            one.commit().unwrap();
        }
        tx.commit().unwrap();
        for job in &jobs {
            hub.wake(&job.session);
        }
        for job in jobs {
            let _ = job.done.send(());
        }
    }
}

/// Reads the body: actix hangs up on a client that sent one that nobody has read.
async fn paid(chain: Data<Chain>, session: web::Path<String>, _: web::Bytes) -> HttpResponse {
    let (done, written) = oneshot::channel();
    chain.queue.try_send(Job { session: session.into_inner(), done }).unwrap();
    written.await.unwrap();
    HttpResponse::Ok().content_type("application/json").body(r#"{"paid":true}"#)
}

async fn wait(chain: Data<Chain>, session: web::Path<String>) -> HttpResponse {
    let mut listener = chain.hub.listen(&session);
    if !chain.is_paid(&session) {
        let _parked = Parked::new();
        let _ = listener.recv().await;
        assert!(chain.is_paid(&session), "woken too early");
    }
    HttpResponse::Ok().content_type("application/json").body(r#"{"order_id":"some order"}"#)
}
