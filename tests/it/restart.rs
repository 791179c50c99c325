//! What was confirmed is there afterwards, however the daemon ended.

use std::collections::BTreeMap;
use std::fs;
use std::sync::mpsc::{Sender, channel};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::common::{Daemon, PATIENCE, Place, bytes, client};

/// Rounds of the kill test.
const ROUNDS: usize = 50;
/// Clients that write at the same time.
const CLIENTS: usize = 4;

/// How often each note is in the file.
pub(crate) fn notes(path: &std::path::Path) -> BTreeMap<String, i64> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = db
        .prepare_cached(
            "SELECT description, count(*) FROM tokens WHERE description IS NOT NULL GROUP BY 1",
        )
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// A client that makes tokens as fast as it can until nobody answers, and tells which were made:
/// each one's note and the token.
pub(crate) fn write_until_the_end(
    address: &str,
    token: &str,
    name: &str,
    made: &Sender<(String, String)>,
) {
    let client = client().timeout(PATIENCE).build().unwrap();
    for count in 0.. {
        let note = format!("{name}-{count}");
        let wish = json!({ "scope": "readonly", "description": note });
        let request = client.post(format!("{address}/private/token")).bearer_auth(token);
        let Ok(reply) = request.json(&wish).send() else { return };
        let status = reply.status();
        // Cut off in the middle of an answer is not answered.
        let Ok(body) = reply.json::<Value>() else { return };
        if status == 503 {
            return;
        }
        assert_eq!(status, 200, "{body}");
        made.send((note, body["access_token"].as_str().unwrap().to_owned())).unwrap();
    }
}

/// Everything a shop can see of itself.
fn view(daemon: &Daemon, token: &str) -> Vec<Value> {
    let get = |path: &str| {
        let reply = daemon.ask("GET", path).token(token).send();
        assert_eq!(reply.status, 200, "{path}");
        reply.json()
    };
    let accounts = get("/private/accounts");
    let h_wire = accounts["accounts"][0]["h_wire"].as_str().unwrap();
    let account = get(&format!("/private/accounts/{h_wire}"));
    let tokens = get("/private/tokens");
    vec![get("/private"), get("/management/instances"), get("/config"), accounts, account, tokens]
}

#[test]
fn everything_is_there_after_a_restart_and_after_a_power_cut() {
    let place = Place::new();
    place.passwd("admin", "correct horse");
    place.instance("bar");
    place.ok(&["account", "add", "admin", "payto://iban/DE75512108001245126199?receiver-name=Bar"]);
    let token = place.token("admin", "all");
    let daemon = place.start();
    let change = json!({ "name": "The Bar", "address": { "town": "Szeged" }, "jurisdiction": {},
        "use_stefan": false, "website": "https://bar.example/" });
    let changed = daemon.ask("PATCH", "/private").token(&token).json(&change).send();
    assert_eq!(changed.status, 204, "{changed:?}");
    let before = view(&daemon, &token);
    assert_eq!(before[0]["name"], "The Bar");

    assert_eq!(daemon.stop(), 0);
    let daemon = place.start();
    assert_eq!(view(&daemon, &token), before);
    daemon.kill();
    let daemon = place.start();
    assert_eq!(view(&daemon, &token), before);
    let wish = json!({ "scope": "readonly" });
    let log_in = daemon.ask("POST", "/private/token").basic("admin", "correct horse").json(&wish);
    assert_eq!(log_in.send().status, 200);
}

#[test]
fn what_waits_in_the_log_at_a_power_cut_is_not_lost() {
    let place = Place::new();
    place.instance("admin");
    let token = place.token("admin", "all:refreshable");
    let daemon = place.start();
    let wish = json!({ "scope": "all", "description": "in the log" });
    let made = daemon.ask("POST", "/private/token").token(&token).json(&wish).send().json();
    let made = made["access_token"].as_str().unwrap().to_owned();
    daemon.kill();
    let holds = |file: &str| {
        let bytes = bytes(&place.dir.path().join(file));
        bytes.windows(10).any(|window| window == b"in the log")
    };
    assert!(holds("tilld.db-wal") && !holds("tilld.db"), "this test is about the log");

    let daemon = place.start();
    assert_eq!(daemon.ask("GET", "/private").token(&made).send().status, 200);
    assert_eq!(daemon.stop(), 0);
    assert!(holds("tilld.db"));
    let log = fs::metadata(place.dir.path().join("tilld.db-wal"));
    assert_eq!(log.map_or(0, |log| log.len()), 0, "a clean end leaves nothing in the log");
}

#[test]
fn fifty_power_cuts_while_writing_lose_nothing_and_double_nothing() {
    let place = Place::new();
    place.instance("admin");
    let token = place.token("admin", "all:refreshable");
    let mut confirmed: Vec<(String, String)> = Vec::new();
    for round in 0..=ROUNDS {
        let daemon = place.start();
        place.ok(&["check"]);
        let there = notes(&place.db());
        for (note, _) in &confirmed {
            assert_eq!(there.get(note), Some(&1), "{note} in round {round}");
        }
        assert!(there.values().all(|count| *count == 1), "doubled in round {round}");
        if let Some((_, last)) = confirmed.last() {
            assert_eq!(daemon.ask("GET", "/private").token(last).send().status, 200);
        }
        if round == ROUNDS {
            break;
        }

        let (made, confirmations) = channel();
        let address = daemon.address.clone();
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (address, token, made) = (&address, &token, made.clone());
                let name = format!("{round}-{client}");
                scope.spawn(move || write_until_the_end(address, token, &name, &made));
            }
            drop(made);
            for _ in 0..20 + round % 7 {
                confirmed.push(confirmations.recv_timeout(PATIENCE).unwrap());
            }
            daemon.kill();
        });
        confirmed.extend(confirmations);
    }
    assert!(confirmed.len() >= ROUNDS * 20);
}
