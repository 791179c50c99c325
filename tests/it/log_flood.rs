//! Whatever clients do, the log says it once, and then how often.

use std::thread;

use serde_json::json;

use crate::common::{Daemon, Place};

/// What the daemon has said at the levels WARN and ERROR, to its end.
pub(crate) fn warnings(daemon: &Daemon) -> Vec<String> {
    daemon.signal("TERM");
    let lines: Vec<String> = daemon.lines.lock().unwrap().iter().collect();
    let is_loud = |line: &String| line.contains(" WARN ") || line.contains(" ERROR ");
    lines.into_iter().filter(is_loud).collect()
}

#[test]
fn passwords_tried_by_the_hundred_are_a_few_lines() {
    let place = Place::new();
    place.passwd("admin", "correct horse");
    let daemon = place.start_with(&[("TILLD_SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let clients: Vec<_> = (0..48)
            .map(|client| {
                let daemon = &daemon;
                scope.spawn(move || {
                    let attempt = |number| {
                        let from = format!("198.51.{client}.{number}");
                        let ask = daemon.ask("POST", "/private/token").basic("admin", "guess");
                        let ask = ask.header("X-Forwarded-For", &from);
                        ask.json(&json!({ "scope": "all" })).send().status
                    };
                    (0..8).map(attempt).collect::<Vec<_>>()
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    let (wrong, busy) = (count(401), count(503));
    assert!(wrong > 10 && busy > 10, "{statuses:?}");
    assert_eq!(wrong + busy, statuses.len());

    let lines = warnings(&daemon);
    let wanted = [
        "admin: wrong password, from 198.51.".to_owned(),
        "503 77 the backend is busy".to_owned(),
        format!("{} more in the last minute: wrong passwords", wrong - 1),
        format!("{} more in the last minute: the backend is busy", busy - 1),
    ];
    for text in &wanted {
        assert!(lines.iter().any(|line| line.contains(text)), "{text}: {lines:?}");
    }
    assert_eq!(lines.len(), wanted.len(), "{lines:?}");
}
