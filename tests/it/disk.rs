//! A disk that is full, and a file that others hold: reading goes on, writing is refused in so many
//! words and works again by itself.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::shop::{IBAN, plain};
use crate::common::{Daemon, PATIENCE, Place, Reply, client};
use crate::restart::notes;

/// How long the store waits for a lock of somebody else's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A daemon whose database is on a small disk of its own.
struct Island {
    place: Place,
    daemon: Daemon,
    token: String,
    /// The disk, as seen from here.
    disk: PathBuf,
}

impl Island {
    fn new() -> Self {
        let place = Place::new();
        place.instance("admin");
        place.ok(&["account", "add", "admin", IBAN]);
        let token = place.token("admin", "all:refreshable");
        let disk = place.dir.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let mut command = Command::new("unshare");
        command.arg("--mount");
        if fs::metadata("/proc/self").unwrap().uid() != 0 {
            command.args(["--user", "--map-root-user"]);
        }
        let script = "mount -t tmpfs -o size=4m,mode=700 none \"$1\" && cp \"$2\" \"$1\"/tilld.db && \
                      exec \"$0\" --database \"$1\"/tilld.db serve";
        command.args(["sh", "-c", script, env!("CARGO_BIN_EXE_tilld")]).arg(&disk).arg(place.db());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TILLD_") {
                command.env_remove(name);
            }
        }
        command.env("TILLD_SERVER__LISTEN", "127.0.0.1:0");
        let daemon = Daemon::start(command);
        let root = PathBuf::from(format!("/proc/{}/root", daemon.child.id()));
        let disk = root.join(disk.strip_prefix("/").unwrap());
        Self { place, daemon, token, disk }
    }

    fn post(&self, path: &str, body: &Value) -> Reply {
        self.daemon.ask("POST", path).token(&self.token).json(body).send()
    }

    /// Makes an order and takes cash for it.
    fn sell(&self) {
        let made = self.post("/private/orders", &plain("tea", "KUDOS:1"));
        assert_eq!(made.status, 200, "{made:?}");
        let id = made.json()["order_id"].as_str().unwrap().to_owned();
        let path = format!("/private/orders/{id}/payments");
        let paid = self.post(&path, &json!({ "method": "cash" }));
        assert_eq!(paid.status, 200, "{paid:?}");
    }

    /// Leaves less free than is reserved for what happens, and more than a payment needs.
    fn nearly_fill(&self) {
        let filler = File::create(self.disk.join("filler")).unwrap();
        let free = || rustix::fs::statvfs(&self.disk).map(|disk| disk.f_bavail * disk.f_frsize);
        while free().unwrap() > 600_000 {
            (&filler).write_all(&[7; 65_536]).unwrap();
        }
    }

    /// Leaves no byte free.
    fn fill(&self) {
        let mut filler = File::create(self.disk.join("filler")).unwrap();
        let full = loop {
            if let Err(error) = filler.write_all(&[7; 4096]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    }

    fn write(&self, note: &str) -> Reply {
        let wish = json!({ "scope": "readonly", "description": note });
        self.daemon.ask("POST", "/private/token").token(&self.token).json(&wish).send()
    }

    fn reads(&self) {
        for path in ["/private", "/private/tokens", "/config"] {
            let reply = self.daemon.ask("GET", path).token(&self.token).send();
            assert_eq!(reply.status, 200, "{path}: {reply:?}");
        }
    }

    /// What is on the disk now, copied to where other programs can see it: file first, then log,
    /// so that the log holds whatever the file does not.
    fn copy(&self) -> PathBuf {
        let copy = self.place.dir.path().join("copy.db");
        for suffix in ["", "-wal"] {
            let (from, to) = (format!("tilld.db{suffix}"), format!("copy.db{suffix}"));
            fs::copy(self.disk.join(from), self.place.dir.path().join(to)).unwrap();
        }
        copy
    }
}

fn is_whole(path: &Path) -> bool {
    let db = Connection::open(path).unwrap();
    let verdict: String = db.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
    verdict == "ok"
}

#[test]
fn on_a_full_disk_reading_goes_on_and_writing_comes_back_when_there_is_room() {
    let island = Island::new();
    assert_eq!(island.write("with room").status, 200);
    let mut confirmed = vec!["with room".to_owned()];
    let mut refused = Vec::new();
    for round in 0..3 {
        island.fill();
        // The log may have some room left of its own.
        let refusal = (0..2000).find_map(|n| {
            let note = format!("full {round}.{n}");
            let reply = island.write(&note);
            if reply.status == 200 {
                confirmed.push(note);
                return None;
            }
            refused.push(note);
            Some(reply)
        });
        let refusal = refusal.expect("the disk is full");
        let (status, code) = refusal.failure();
        assert!([(507, 52), (503, 55)].contains(&(status, code)), "{refusal:?}");
        assert!(refusal.headers["retry-after"].parse::<u64>().unwrap() > 0);
        for again in 0..5 {
            let note = format!("still full {round}.{again}");
            let reply = island.write(&note);
            assert!([503, 507].contains(&reply.failure().0), "{reply:?}");
            refused.push(note);
            island.reads();
        }
        fs::remove_file(island.disk.join("filler")).unwrap();
        let note = format!("room again {round}");
        let reply = island.write(&note);
        assert_eq!(reply.status, 200, "{reply:?}");
        confirmed.push(note);
        island.reads();
    }

    let copy = island.copy();
    assert!(is_whole(&copy));
    let there = notes(&copy);
    assert!(confirmed.iter().all(|note| there.get(note) == Some(&1)), "{there:?}");
    assert!(refused.iter().all(|note| !there.contains_key(note)), "{there:?}");
    assert_eq!(there.len(), confirmed.len());
}

#[test]
fn a_disk_that_is_nearly_full_costs_what_webhooks_are_told_and_no_payment() {
    let island = Island::new();
    let hook = json!({
        "webhook_id": "w", "event_type": "pay", "url": "https://192.0.2.1.example/", "http_method": "POST",
    });
    assert_eq!(island.post("/private/webhooks", &hook).status, 204);
    let told = || {
        let path = "/private/webhooks/w/deliveries";
        let log = island.daemon.ask("GET", path).token(&island.token).send().json();
        log["deliveries"].as_array().unwrap().len()
    };
    island.sell();
    assert_eq!(told(), 1);
    island.nearly_fill();
    for _ in 0..5 {
        island.sell();
    }
    assert_eq!(told(), 1);
    fs::remove_file(island.disk.join("filler")).unwrap();
    island.sell();
    assert_eq!(told(), 2);
}

#[test]
fn a_daemon_killed_on_a_full_disk_has_lost_nothing() {
    let island = Island::new();
    let mut confirmed = Vec::new();
    island.fill();
    for n in 0..2000 {
        let note = format!("{n}");
        if island.write(&note).status != 200 {
            break;
        }
        confirmed.push(note);
    }
    // What a power cut would leave: the files as they are.
    let copy = island.copy();
    assert!(is_whole(&copy));
    let there = notes(&copy);
    assert!(confirmed.iter().all(|note| there.get(note) == Some(&1)), "{there:?}");
}

/// Writes from a thread of its own; status, whether it says when to come back, code and note.
fn attempt(address: &str, token: &str, note: &str) -> (u16, bool, u64) {
    let client = client().timeout(PATIENCE).build().unwrap();
    let wish = json!({ "scope": "readonly", "description": note });
    let request = client.post(format!("{address}/private/token")).bearer_auth(token).json(&wish);
    let reply = request.send().unwrap();
    let come_back = reply.headers().contains_key("retry-after");
    let status = reply.status().as_u16();
    let body: Value = reply.json().unwrap();
    (status, come_back, body["code"].as_u64().unwrap_or(0))
}

#[test]
fn when_too_much_waits_to_be_written_more_is_refused_at_once() {
    let place = Place::new();
    place.instance("admin");
    let token = place.token("admin", "all:refreshable");
    let daemon = place.start_with(&[("TILLD_DATABASE__WRITE_QUEUE", "1")]);
    let address = daemon.address.clone();
    let lock = Connection::open(place.db()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (done, answers) = channel();
    let (mut refused, mut confirmed) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        for n in 0..16 {
            let (address, token, done) = (&address, &token, done.clone());
            scope.spawn(move || {
                let note = format!("note {n}");
                let answer = attempt(address, token, &note);
                done.send((note, answer)).unwrap();
            });
        }
        drop(done);
        // While the lock is held there can be no other answer; and it must not be that of a writer
        // who has waited for the lock in vain.
        let (note, answer) = answers.recv_timeout(BUSY_TIMEOUT / 2).expect("an answer at once");
        assert_eq!(answer, (503, true, 55), "{note}");
        refused.push(note);
        for path in ["/private", "/private/tokens"] {
            assert_eq!(daemon.ask("GET", path).token(&token).send().status, 200, "{path}");
        }
        lock.execute_batch("ROLLBACK").unwrap();
        for (note, answer) in answers {
            match answer {
                (200, ..) => confirmed.push(note),
                (503, true, 55) => refused.push(note),
                other => panic!("{note}: {other:?}"),
            }
        }
    });

    assert!(!confirmed.is_empty(), "who waited is served");
    assert_eq!(confirmed.len() + refused.len(), 16);
    let there = notes(&place.db());
    assert!(confirmed.iter().all(|note| there.get(note) == Some(&1)), "{there:?}");
    assert!(refused.iter().all(|note| !there.contains_key(note)), "{there:?}");
}

#[test]
fn a_file_that_others_hold_for_too_long_is_a_refusal_and_then_all_is_well() {
    let place = Place::new();
    place.instance("admin");
    let token = place.token("admin", "all:refreshable");
    let daemon = place.start();
    let lock = Connection::open(place.db()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();

    assert_eq!(attempt(&daemon.address, &token, "held"), (503, true, 55));
    assert_eq!(daemon.ask("GET", "/private").token(&token).send().status, 200);
    lock.execute_batch("ROLLBACK").unwrap();
    assert_eq!(attempt(&daemon.address, &token, "free").0, 200);

    let there = notes(&place.db());
    assert_eq!(there.into_iter().collect::<Vec<_>>(), [("free".to_owned(), 1)]);
}
