//! Life and death of the daemon: start, sockets, systemd, the operator's listener, the end.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{Daemon, PATIENCE, Place, client, tilld};
use crate::files::ends;
use crate::restart::write_until_the_end;

/// What issue 2 promises: told to stop, it is gone in less.
const END: Duration = Duration::from_secs(2);

/// Sends a `GET` by hand; status, head and body.
fn get(mut stream: impl Read + Write, path: &str) -> (u16, String, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: tilld\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

fn unix(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends it `signal`; its exit status and how long it took.
fn end(mut daemon: Daemon, signal: &str) -> (Option<i32>, Duration) {
    let started = Instant::now();
    daemon.signal(signal);
    let status = daemon.child.wait().unwrap();
    (status.code(), started.elapsed())
}

#[test]
fn an_idle_daemon_ends_at_once() {
    for signal in ["TERM", "INT", "HUP"] {
        let daemon = Place::new().start();
        let (status, took) = end(daemon, signal);
        assert_eq!(status, Some(0), "{signal}");
        assert!(took < Duration::from_secs(1), "{signal}: {took:?}");
    }
}

#[test]
fn signals_that_mean_nothing_here_change_nothing() {
    let daemon = Place::new().start();
    for signal in ["USR1", "USR2", "USR1"] {
        daemon.signal(signal);
        assert_eq!(daemon.get("/config").status, 200, "{signal}");
    }
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_daemon_that_shall_outlive_its_terminal_does() {
    let place = Place::new();
    let mut command = std::process::Command::new("sh");
    command.args([
        "-c",
        "trap '' HUP; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_tilld"),
        "--database",
    ]);
    command.arg(place.db()).args(["serve", "--listen", "127.0.0.1:0"]).stdin(Stdio::null());
    let daemon = Daemon::start(command);
    daemon.signal("HUP");
    assert_eq!(daemon.get("/config").status, 200);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn it_ends_in_time_whatever_is_going_on_and_keeps_what_it_confirmed() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        place.passwd("admin", "correct horse");
        let token = place.token("admin", "all:refreshable");
        let daemon = place.start();
        let address = daemon.address.clone();

        // Half a head.
        let mut half = TcpStream::connect(daemon.socket()).unwrap();
        half.write_all(b"GET /config HTTP/1.1\r\nHos").unwrap();
        // A connection that has been used and is kept.
        let mut idle = TcpStream::connect(daemon.socket()).unwrap();
        idle.write_all(b"GET /config HTTP/1.1\r\nHost: tilld\r\n\r\n").unwrap();
        assert!(idle.read(&mut [0; 12]).unwrap() > 0);
        // A body that comes byte by byte.
        let mut slow = TcpStream::connect(daemon.socket()).unwrap();
        let head = format!(
            "POST /private/token HTTP/1.1\r\nHost: tilld\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{{"
        );
        slow.write_all(head.as_bytes()).unwrap();

        let (over, is_over) = channel::<()>();
        let (made, confirmations) = channel();
        let (logged_in, log_ins) = channel();
        let (status, took) = std::thread::scope(|scope| {
            scope.spawn(move || {
                let pause = Duration::from_millis(20);
                while is_over.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                    // Once the daemon has gone there is nobody to send to.
                    let _ = slow.write_all(b" ");
                }
            });
            for client in ["a", "b"] {
                let (address, token, made) = (&address, &token, made.clone());
                scope.spawn(move || write_until_the_end(address, token, client, &made));
            }
            drop(made);
            // One password is hashed at a time: when the first is done, others are under way.
            for _ in 0..8 {
                let (address, logged_in) = (&address, logged_in.clone());
                scope.spawn(move || {
                    let client = client().timeout(PATIENCE).build().unwrap();
                    let request = client
                        .post(format!("{address}/private/token"))
                        .basic_auth("admin", Some("correct horse"))
                        .json(&json!({ "scope": "all" }));
                    let Ok(reply) = request.send() else { return };
                    let Ok(body) = reply.json::<Value>() else { return };
                    if let Some(token) = body["access_token"].as_str() {
                        logged_in.send(token.to_owned()).unwrap();
                    }
                });
            }
            drop(logged_in);
            let mut kept = vec![log_ins.recv_timeout(PATIENCE).unwrap()];
            kept.extend((0..10).map(|_| confirmations.recv_timeout(PATIENCE).unwrap().1));
            let ended = end(daemon, signal);
            drop(over);
            kept.extend(log_ins);
            kept.extend(confirmations.iter().map(|(_, token)| token));
            let daemon = place.start();
            for token in kept {
                assert_eq!(daemon.ask("GET", "/private").token(&token).send().status, 200);
            }
            ended
        });

        assert_eq!(status, Some(0), "{signal}");
        assert!(took < END, "{signal}: {took:?}");
        drop((half, idle));
    }
}

#[test]
fn systemd_hears_of_the_start_of_life_and_of_the_end() {
    let place = Place::new();
    let path = place.dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = || {
        let mut buffer = [0; 1024];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap().trim_end().to_owned()
    };
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "200000")];
    let mut command = tilld();
    command.arg("--database").arg(place.db()).env_remove("WATCHDOG_PID").envs(variables);

    let daemon = Daemon::start(command);

    assert_eq!(hear(), "READY=1");
    assert_eq!(daemon.get("/config").status, 200);
    for _ in 0..3 {
        assert_eq!(hear(), "WATCHDOG=1");
    }
    daemon.signal("TERM");
    let last = std::iter::repeat_with(hear).find(|word| word != "WATCHDOG=1").unwrap();
    assert_eq!(last, "STOPPING=1");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn systemd_does_not_hear_that_all_is_well_while_nothing_can_be_written() {
    let place = Place::new();
    place.instance("admin");
    let path = place.dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "200000")];
    let _daemon = place.start_with(&variables);
    let db = rusqlite::Connection::open(place.db()).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Whatever was said before the lock was had is read away.
    socket.set_read_timeout(Some(Duration::from_millis(400))).unwrap();
    let mut buffer = [0; 64];
    let started = Instant::now();
    let silence = loop {
        match socket.recv(&mut buffer) {
            Ok(_) => assert!(started.elapsed() < Duration::from_secs(3), "it goes on and on"),
            Err(error) => break error,
        }
    };
    assert_eq!(silence.kind(), ErrorKind::WouldBlock);
    db.execute_batch("ROLLBACK").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = socket.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length].trim_ascii_end(), b"WATCHDOG=1");
}

#[test]
fn it_answers_at_a_unix_socket_and_replaces_one_that_a_dead_daemon_left() {
    let place = Place::new();
    let socket = place.dir.path().join("tilld.sock");
    let listen = format!("unix:{}", socket.display());
    let variables = [("TILLD_SERVER__LISTEN", listen.as_str())];
    let answers = || {
        let (status, _, body) = get(unix(&socket), "/config");
        let body: Value = serde_json::from_str(&body).unwrap();
        (status, body["name"].as_str().unwrap().to_owned())
    };

    let daemon = place.start_with(&variables);
    assert_eq!(daemon.address, listen);
    assert_eq!(answers(), (200, "taler-merchant".into()));
    daemon.kill();
    assert!(fs::symlink_metadata(&socket).is_ok(), "a killed daemon leaves its socket");

    let daemon = place.start_with(&variables);
    assert_eq!(answers(), (200, "taler-merchant".into()));
    assert_eq!(daemon.stop(), 0);
    let _daemon = place.start_with(&variables);
    assert_eq!(answers(), (200, "taler-merchant".into()));
}

#[test]
fn a_socket_in_use_and_a_file_in_its_place_are_not_taken_away() {
    let (place, other) = (Place::new(), Place::new());
    let socket = place.dir.path().join("tilld.sock");
    let listen = format!("unix:{}", socket.display());
    let _daemon = place.start_with(&[("TILLD_SERVER__LISTEN", &listen)]);
    let letter = other.dir.path().join("letter");
    fs::write(&letter, "precious").unwrap();

    for path in [&socket, &letter] {
        let mut command = tilld();
        command.env("TILLD_SERVER__LISTEN", format!("unix:{}", path.display()));
        command.arg("--database").arg(other.db());
        let output = ends(command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let name = path.to_str().unwrap();
        assert!(said.contains("cannot listen at") && said.contains(name), "{said}");
    }

    assert_eq!(get(unix(&socket), "/config").0, 200);
    assert_eq!(fs::read(&letter).unwrap(), b"precious");
}

#[test]
fn it_answers_at_several_addresses() {
    let place = Place::new();
    let socket = place.dir.path().join("tilld.sock");
    let listen = format!("127.0.0.1:0,unix:{}", socket.display());
    let daemon = place.start_with(&[("TILLD_SERVER__LISTEN", &listen)]);
    assert_eq!(daemon.greeting.matches("listening at").count(), 2, "{}", daemon.greeting);
    assert_eq!(daemon.get("/config").status, 200);
    assert_eq!(get(unix(&socket), "/config").0, 200);
}

#[test]
fn all_of_ipv4_and_all_of_ipv6_go_together() {
    // The port must be named, so one that was free a moment ago is tried until it still is.
    let greeting = (0..20).find_map(|_| {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = Place::new();
        let mut command = tilld();
        command.arg("--database").arg(place.db());
        command.env("TILLD_SERVER__LISTEN", format!("0.0.0.0:{port},[::]:{port}"));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = String::new();
        for line in lines {
            said += &(line.clone() + "\n");
            if line.contains("ready, database") {
                break;
            }
        }
        let answers = said.contains("ready").then(|| {
            ["127.0.0.1", "[::1]"]
                .map(|host| get(TcpStream::connect(format!("{host}:{port}")).unwrap(), "/config").0)
        });
        let _ = child.kill();
        child.wait().unwrap();
        match answers {
            Some(answers) => Some(answers),
            None => {
                assert!(said.contains("0.0.0.0") && said.contains("in use"), "{said}");
                None
            }
        }
    });
    assert_eq!(greeting, Some([200, 200]));
}

#[test]
fn a_socket_in_the_file_system_has_the_mode_and_group_of_the_settings() {
    use std::os::unix::fs::MetadataExt;
    let place = Place::new();
    let socket = place.dir.path().join("tilld.sock");
    let listen = format!("unix:{}", socket.display());
    let group = fs::metadata(place.dir.path()).unwrap().gid();
    // Root may give it to any group; others to their own.
    let group = if group == 0 { 47_003 } else { group };
    for mode in ["0660", "0600", "0666"] {
        let group = group.to_string();
        let _daemon = place.start_with(&[
            ("TILLD_SERVER__LISTEN", listen.as_str()),
            ("TILLD_SERVER__SOCKET_MODE", mode),
            ("TILLD_SERVER__SOCKET_GROUP", &group),
        ]);
        let found = fs::metadata(&socket).unwrap();
        assert_eq!(format!("{:04o}", found.mode() & 0o7777), mode);
        assert_eq!(found.gid().to_string(), group);
        assert_eq!(get(unix(&socket), "/config").0, 200);
    }
    let mut command = tilld();
    command.arg("--database").arg(place.db()).env("TILLD_SERVER__LISTEN", &listen);
    command.env("TILLD_SERVER__SOCKET_GROUP", "no-such-group");
    let output = ends(command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("server.socket_group") && said.contains("no-such-group"), "{said}");
}

#[test]
fn a_time_zone_that_is_none_is_named_and_utc_always_is_one() {
    let place = Place::new();
    let warns = |variables: &[(&str, &str)]| {
        let daemon = place.start_with(variables);
        daemon.greeting.lines().any(|line| line.contains("WARN") && line.contains("time zone"))
    };
    assert!(warns(&[("TZ", "Mars/Olympus")]));
    // Without the list of zones.
    let nowhere = place.dir.path().join("no-zones");
    fs::create_dir(&nowhere).unwrap();
    assert!(!warns(&[("TZ", "UTC"), ("TZDIR", nowhere.to_str().unwrap())]));
    assert!(!warns(&[("TZ", "")]));
}

#[test]
fn an_address_that_is_taken_is_named() {
    let (place, other) = (Place::new(), Place::new());
    let daemon = place.start();
    let mut command = tilld();
    command.env("TILLD_SERVER__LISTEN", daemon.socket()).arg("--database").arg(other.db());
    let output = ends(command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("cannot listen at {}", daemon.socket())), "{said}");
}

#[test]
fn the_operator_has_a_listener_of_its_own() {
    let place = Place::new();
    place.instance("admin");
    let token = place.token("admin", "all:refreshable");
    let daemon = place.start_with(&[("TILLD_ADMIN__LISTEN", "127.0.0.1:0")]);
    let wish = json!({ "scope": "all" });
    assert_eq!(daemon.ask("POST", "/private/token").token(&token).json(&wish).send().status, 200);
    let admin = daemon.admin.clone().unwrap();
    let admin = admin.trim_start_matches("http://");
    let ask = |path: &str| get(TcpStream::connect(admin).unwrap(), path);

    for path in ["/livez", "/readyz"] {
        assert_eq!(ask(path).0, 200, "{path}");
    }
    let (status, head, text) = ask("/metrics");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{head}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    let has = |line: &str| text.lines().any(|l| l == line);
    assert!(has("tilld_http_requests_total{method=\"POST\",status=\"200\"} 1"), "{text}");
    assert!(has("# TYPE tilld_http_request_duration_seconds histogram"), "{text}");
    let value = |name: &str| {
        let value = text.lines().find_map(|l| l.strip_prefix(&format!("tilld_store_{name} ")));
        value.unwrap_or_else(|| panic!("{name}: {text}")).to_owned()
    };
    for name in ["jobs_total", "commits_total"] {
        assert!(value(name).parse::<u64>().unwrap() > 0, "{name}");
    }
    for name in ["queue_jobs", "wal_pages"] {
        value(name).parse::<u64>().unwrap();
    }
    assert!(value("last_commit_seconds").parse::<f64>().unwrap() > 0.0);
    assert!(has("# TYPE tilld_store_jobs counter"), "{text}");
    let (status, _, body) = ask("/private");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, body["code"].as_u64()), (404, Some(21)));
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(daemon.get(path).failure(), (404, 21), "{path} is the operator's alone");
    }
}

#[test]
fn the_operators_listener_may_be_a_unix_socket() {
    let place = Place::new();
    let socket = place.dir.path().join("admin.sock");
    let listen = format!("unix:{}", socket.display());
    let daemon = place.start_with(&[("TILLD_ADMIN__LISTEN", &listen)]);
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(get(unix(&socket), path).0, 200, "{path}");
    }
    let line = daemon.greeting.lines().find(|line| line.contains("metrics at")).unwrap();
    assert!(line.contains(&listen), "{line}");
}

#[test]
fn without_a_wish_there_is_no_listener_for_the_operator() {
    let daemon = Place::new().start();
    assert_eq!(daemon.admin, None);
    assert_eq!(daemon.get("/metrics").failure(), (404, 21));
}

#[test]
fn the_first_start_says_what_is_next_and_later_ones_do_not() {
    let place = Place::new();
    let all = |daemon: Daemon| {
        daemon.signal("TERM");
        daemon.greeting.clone()
            + &daemon.lines.lock().unwrap().iter().collect::<Vec<_>>().join("\n")
    };
    let first = all(place.start());
    assert!(first.contains("tilld passwd admin"), "{first}");
    assert!(first.contains("/webui/setup#"), "{first}");
    assert!(first.contains("listening at http://127.0.0.1:"), "{first}");
    assert!(first.contains(&format!("database {}", place.db().display())), "{first}");
    place.passwd("admin", "correct horse");
    let later = all(place.start());
    assert!(!later.contains("tilld passwd") && !later.contains("/setup"), "{later}");
    assert!(later.contains("/webui/"), "the address of the back office is said: {later}");
    assert!(later.contains("stopped"), "{later}");
}

#[test]
fn the_journal_gets_priorities_in_the_place_of_times() {
    let place = Place::new();
    place.instance("admin");
    let mut child = tilld()
        .env("JOURNAL_STREAM", "8:1234")
        .env("TILLD_UNKNOWN", "1")
        .arg("--database")
        .arg(place.db())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut heard: Vec<String> = Vec::new();
    while !heard.iter().any(|line| line.contains("database ")) {
        heard.push(lines.next().expect("it starts"));
    }
    let pid = child.id().to_string();
    let told = std::process::Command::new("kill").args(["-s", "TERM", &pid]).status();
    assert!(told.unwrap().success());
    heard.extend(lines);
    assert!(child.wait().unwrap().success());

    assert!(heard[0].starts_with("<4>TILLD_UNKNOWN "), "{heard:?}");
    assert!(heard.len() > 3 && heard[1..].iter().all(|line| line.starts_with("<6>")), "{heard:?}");
}
