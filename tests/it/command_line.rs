//! The command line, as a shopkeeper and as scripts use it.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::common::{Daemon, Place, tilld};
use crate::files::ends;

const PAYTO: &str = "payto://iban/DE75512108001245126199?receiver-name=Bar";

/// Runs what must fail with `status`; what it said.
fn fails(place: &Place, status: i32, args: &[&str]) -> String {
    let mut command = tilld();
    command.arg("--database").arg(place.db()).args(args);
    let (found, _, said) = text(ends(command));
    assert_eq!(found, Some(status), "{args:?}: {said}");
    assert!(!said.trim().is_empty(), "{args:?} says nothing");
    said
}

fn log_in(daemon: &Daemon, path: &str, name: &str, password: &str) -> u16 {
    let wish = json!({ "scope": "readonly" });
    daemon.ask("POST", path).basic(name, password).json(&wish).send().status
}

fn status(daemon: &Daemon, path: &str, token: &str) -> u16 {
    daemon.ask("GET", path).token(token).send().status
}

/// `tilld` in `folder`, with no settings whatever.
fn plain(folder: &Path) -> Command {
    let mut command = tilld();
    command.env_remove("TILLD_SERVER__LISTEN").current_dir(folder);
    command
}

fn text(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn it_says_its_version_and_how_to_use_it() {
    let place = Place::new();
    assert_eq!(place.ok(&["--version"]), format!("tilld {}", env!("CARGO_PKG_VERSION")));
    let help = place.ok(&["--help"]);
    let commands = [
        "serve", "passwd", "instance", "account", "token", "backup", "restore", "check", "doctor",
        "config",
    ];
    for command in commands {
        let listed = help.lines().any(|line| line.trim_start().starts_with(command));
        assert!(listed, "{command}: {help}");
        assert!(place.ok(&[command, "--help"]).contains("Usage: tilld"), "{command}");
    }
    assert!(!place.db().exists(), "to ask is not to make a database");
}

#[test]
fn what_it_does_not_understand_is_refused() {
    let place = Place::new();
    for args in [
        &["frobnicate"][..],
        &["--frobnicate"],
        &["passwd"],
        &["instance", "rename", "bar"],
        &["token", "revoke", "admin", "seven"],
        &["backup"],
    ] {
        fails(&place, 2, args);
    }
    assert!(!place.db().exists());
}

#[test]
fn a_password_is_set_and_changed_while_the_daemon_runs() {
    let place = Place::new();
    let daemon = place.start();
    assert_eq!(log_in(&daemon, "/private/token", "admin", "correct horse"), 404);
    place.passwd("admin", "correct horse");
    assert_eq!(log_in(&daemon, "/private/token", "admin", "correct horse"), 200);
    place.passwd("admin", "battery staple");
    assert_eq!(log_in(&daemon, "/private/token", "admin", "correct horse"), 401);
    assert_eq!(log_in(&daemon, "/private/token", "admin", "battery staple"), 200);

    let file = place.dir.path().join("password");
    fs::write(&file, "paper clip\r\nand a second line\n").unwrap();
    let file = file.to_str().unwrap();
    let said = place.ok(&["passwd", "bar", "--password-file", file]);
    assert!(said.contains("bar") && said.contains("was made"), "{said}");
    let said = place.ok(&["passwd", "bar", "--password-file", file]);
    assert!(said.contains("bar") && !said.contains("was made"), "{said}");
    assert_eq!(log_in(&daemon, "/instances/bar/private/token", "bar", "paper clip"), 200);
    assert_eq!(log_in(&daemon, "/private/token", "admin", "battery staple"), 200);
}

#[test]
fn a_password_needs_a_terminal_or_a_file() {
    let place = Place::new();
    let said = fails(&place, 2, &["passwd", "admin"]);
    assert!(said.contains("--password-file"), "{said}");
    fails(&place, 1, &["passwd", "admin", "--password-file", "/nowhere/password"]);
    // Standard input is empty, and so is the password.
    fails(&place, 2, &["passwd", "admin", "--password-file", "-"]);
    let long = place.dir.path().join("long");
    fs::write(&long, "x".repeat(1025)).unwrap();
    fails(&place, 2, &["passwd", "admin", "--password-file", long.to_str().unwrap()]);
    assert_eq!(place.ok(&["instance", "list"]), "");
}

#[test]
fn names_that_are_none_are_refused() {
    let place = Place::new();
    for name in ["", "x", "a/b", "../up", "a b", "é́tage", "_hidden", &"x".repeat(65)] {
        for args in [
            &["passwd", name, "--password-file", "-"][..],
            &["instance", "add", name],
            &["instance", "show", name],
            &["instance", "delete", name],
            &["token", "create", name],
            &["token", "list", name],
            &["account", "list", name],
            &["account", "add", name, PAYTO],
        ] {
            let said = fails(&place, 2, args);
            assert!(said.contains(&format!("\"{name}\"")), "{args:?}: {said}");
        }
    }
    assert_eq!(place.ok(&["instance", "list"]), "");
}

#[test]
fn an_instance_that_is_not_there_is_named_with_how_to_make_it() {
    let place = Place::new();
    for args in [
        &["token", "create", "nobody"][..],
        &["token", "list", "nobody"],
        &["token", "revoke", "nobody", "1"],
        &["account", "add", "nobody", PAYTO],
        &["account", "list", "nobody"],
        &["account", "remove", "nobody", PAYTO],
    ] {
        let said = fails(&place, 1, args);
        let hint = "there is no instance nobody; make it with: tilld passwd nobody";
        assert!(said.contains(hint), "{args:?}: {said}");
    }
    for verb in ["show", "delete"] {
        let said = fails(&place, 1, &["instance", verb, "nobody"]);
        assert!(said.contains("there is no instance nobody"), "{said}");
    }
}

#[test]
fn a_token_is_printed_alone_works_at_once_and_ends_when_it_is_taken_back() {
    let place = Place::new();
    place.instance("admin");
    let daemon = place.start();
    let output = place.run(&["token", "create", "admin", "--scope", "readonly"]);
    let (code, printed, said) = text(output);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let token = printed.strip_suffix('\n').unwrap();
    assert!(token.starts_with("secret-token:") && token.lines().count() == 1, "{printed}");
    assert_eq!(status(&daemon, "/private", token), 200);

    let args = ["token", "create", "admin", "--duration", "1h", "--description", "web shop"];
    let second = place.ok(&args);
    // It is known, and good for orders only.
    assert_eq!(daemon.ask("GET", "/private").token(&second).send().failure(), (403, 16));
    let list = place.ok(&["token", "list", "admin"]);
    assert!(!list.contains("secret-token"), "{list}");
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 2, "{list}");
    let of = |serial: &str| rows.iter().find(|row| row[0] == serial).unwrap();
    assert_eq!(of("1")[1..], ["readonly", "forever", ""]);
    let [_, scope, until, note] = of("2")[..] else { panic!("{list}") };
    assert_eq!((scope, note), ("order-full", "web shop"));
    assert!(until.starts_with("until 20"), "{until}");

    place.ok(&["token", "revoke", "admin", "1"]);
    assert_eq!(status(&daemon, "/private", token), 401);
    assert_eq!(status(&daemon, "/private", &second), 403);
    let said = fails(&place, 1, &["token", "revoke", "admin", "1"]);
    assert!(said.contains("there is no token 1"), "{said}");
    assert_eq!(place.ok(&["token", "list", "admin"]).lines().count(), 1);
}

#[test]
fn a_token_is_taken_back_by_its_own_instance_only() {
    let place = Place::new();
    place.instance("admin");
    place.instance("bar");
    let token = place.token("admin", "all");
    fails(&place, 1, &["token", "revoke", "bar", "1"]);
    assert_eq!(status(&place.start(), "/private", &token), 200);
}

#[test]
fn every_scope_can_be_asked_for_and_nothing_else() {
    let place = Place::new();
    place.instance("admin");
    let scopes =
        ["readonly", "order-simple", "order-pos", "order-mgmt", "order-full", "spa", "all"];
    for scope in scopes {
        place.token("admin", scope);
        place.token("admin", &format!("{scope}:refreshable"));
    }
    let listed = place.ok(&["token", "list", "admin"]);
    assert_eq!(listed.matches(":refreshable").count(), scopes.len());
    for scope in ["", "root", "ALL", "all:", "all:refreshable:refreshable", "readonly,all"] {
        fails(&place, 2, &["token", "create", "admin", "--scope", scope]);
    }
    for duration in ["", "1", "1w", "0d", "-1d", "h", "1.5h", "999999999999d"] {
        let duration = format!("--duration={duration}");
        fails(&place, 2, &["token", "create", "admin", &duration]);
    }
    assert_eq!(place.ok(&["token", "list", "admin"]), listed);
}

#[test]
fn long_lists_of_tokens_are_shown_whole() {
    let place = Place::new();
    place.instance("admin");
    let db = rusqlite::Connection::open(place.db()).unwrap();
    db.execute_batch(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
         INSERT INTO tokens (instance, hash, scope, is_static, created_at_s)
         SELECT 1, randomblob(32), 'readonly', 0, i FROM n;",
    )
    .unwrap();
    let list = place.ok(&["token", "list", "admin"]);
    let mut serials: Vec<u32> =
        list.lines().map(|line| line.split('\t').next().unwrap().parse().unwrap()).collect();
    serials.sort_unstable();
    assert_eq!(serials, (1..=250).collect::<Vec<_>>());
}

#[test]
fn accounts_are_added_listed_and_put_out_of_use() {
    let place = Place::new();
    place.instance("bar");
    let token = place.token("bar", "all");
    let daemon = place.start();
    let list = || place.ok(&["account", "list", "bar"]);
    let seen = || {
        let reply = daemon.ask("GET", "/instances/bar/private/accounts").token(&token).send();
        if reply.status == 204 {
            return vec![];
        }
        let rows = reply.json()["accounts"].as_array().unwrap().clone();
        rows.iter().map(|row| row["payto_uri"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(list(), "");

    let added = place.ok(&["account", "add", "bar", PAYTO]);
    assert!(added.starts_with(&format!("{PAYTO}\tactive\t")), "{added}");
    assert_eq!(list(), added);
    assert_eq!(seen(), [PAYTO]);
    // Again is no harm.
    place.ok(&["account", "add", "bar", PAYTO]);
    assert_eq!(list(), added);

    place.ok(&["account", "remove", "bar", PAYTO]);
    assert_eq!(list(), added.replace("\tactive\t", "\tout of use\t"));
    let said = fails(&place, 1, &["account", "remove", "bar", PAYTO]);
    assert!(said.contains("no such account"), "{said}");
    place.ok(&["account", "add", "bar", PAYTO]);
    assert_eq!(seen(), [PAYTO]);

    for bad in ["", "DE75512108001245126199", "https://bank.example/"] {
        let said = fails(&place, 2, &["account", "add", "bar", bad]);
        assert!(said.contains("payto://iban/"), "{said}");
    }
    assert_eq!(list().lines().count(), 1);
}

#[test]
fn instances_are_added_listed_shown_and_deleted() {
    let place = Place::new();
    let token = {
        place.instance("admin");
        place.token("admin", "all")
    };
    let daemon = place.start();
    let said = place.ok(&["instance", "add", "bar", "--name", "The Bar"]);
    assert!(said.contains("tilld passwd bar"), "{said}");
    place.ok(&["account", "add", "bar", PAYTO]);
    let list = || place.ok(&["instance", "list"]);
    assert_eq!(list(), "admin\tactive\tno account\tadmin\nbar\tactive\tiban\tThe Bar");
    let shown = place.ok(&["instance", "show", "bar"]);
    for row in ["id\tbar", "name\tThe Bar", "password\tnot set", "default_pay_delay\t86400 s"] {
        assert!(shown.lines().any(|line| line == row), "{row}: {shown}");
    }
    place.passwd("bar", "correct horse");
    let shown = place.ok(&["instance", "show", "bar"]);
    assert!(shown.contains("password\tset") && !shown.contains("argon2"), "{shown}");
    let public_key = shown.lines().find_map(|line| line.strip_prefix("merchant_pub\t")).unwrap();
    let seen = daemon.ask("GET", "/management/instances/bar").token(&token).send().json();
    assert_eq!(seen["merchant_pub"], public_key);

    place.ok(&["instance", "delete", "bar"]);
    assert!(list().contains("bar\tdeleted\t"), "{}", list());
    assert_eq!(daemon.get("/instances/bar/config").status, 404);
    let said = fails(&place, 1, &["instance", "show", "bar"]);
    assert!(said.contains("was deleted"), "{said}");
    let said = fails(&place, 1, &["instance", "add", "bar"]);
    assert!(said.contains("purge"), "{said}");
    place.ok(&["instance", "delete", "bar", "--purge"]);
    assert_eq!(list(), "admin\tactive\tno account\tadmin");
    place.ok(&["instance", "add", "bar"]);
    assert_eq!(list(), "admin\tactive\tno account\tadmin\nbar\tactive\tno account\tbar");
    fails(&place, 1, &["instance", "add", "bar", "--name", "Another Bar"]);
}

#[test]
fn an_instance_can_be_added_with_its_password() {
    let place = Place::new();
    let file = place.dir.path().join("password");
    fs::write(&file, "correct horse\n").unwrap();
    let said = place.ok(&["instance", "add", "bar", "--password-file", file.to_str().unwrap()]);
    assert!(!said.contains("tilld passwd"), "{said}");
    let daemon = place.start();
    assert_eq!(log_in(&daemon, "/instances/bar/private/token", "bar", "correct horse"), 200);
}

#[test]
fn the_old_name_of_the_first_instance_is_understood() {
    let place = Place::new();
    place.ok(&["instance", "add", "default"]);
    let token = place.token("default", "all");
    assert!(place.ok(&["instance", "list"]).starts_with("admin\t"));
    assert_eq!(status(&place.start(), "/private", &token), 200);
}

#[test]
fn config_says_where_each_value_came_from() {
    let place = Place::new();
    let file = place.dir.path().join("shop.toml");
    fs::write(&file, "[server]\nworkers = 2\nkeep_alive_s = 20\n[currency]\ndefault = \"HUF\"\n")
        .unwrap();
    let output = plain(place.dir.path())
        .env("TILLD_SERVER__KEEP_ALIVE_S", "30")
        .arg("--config")
        .arg(&file)
        .args(["--database", "other.db", "config"])
        .output()
        .unwrap();
    let (code, shown, said) = text(output);
    assert_eq!(code, Some(0), "{said}");
    let file = file.display();
    for line in [
        &format!("server.workers = 2  # {file}"),
        "server.keep_alive_s = 30  # TILLD_SERVER__KEEP_ALIVE_S",
        &format!("currency.default = HUF  # {file}"),
        "database.path = other.db  # command line",
        "database.readers = 4  # default",
        "server.listen = [\"127.0.0.1:9966\"]  # default",
        "# server.base_url is not set",
    ] {
        assert!(shown.lines().any(|l| l == line), "{line}: {shown}");
    }
    assert!(!place.dir.path().join("other.db").exists(), "to ask is not to make a database");

    // The file may be named in the environment too.
    let named = plain(place.dir.path())
        .env("TILLD_CONFIG", file.to_string())
        .arg("config")
        .output()
        .unwrap();
    let (code, shown, said) = text(named);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(shown.contains(&format!("server.keep_alive_s = 20  # {file}")), "{shown}");
}

#[test]
fn a_key_that_nobody_knows_is_named_with_its_line() {
    let place = Place::new();
    let file = place.dir.path().join("shop.toml");
    fs::write(&file, "[server]\nworkers = 2\nwrokers = 3\n").unwrap();
    for args in [&["config"][..], &["serve"], &["instance", "list"]] {
        let args = [&["--config", file.to_str().unwrap()][..], args].concat();
        let said = fails(&place, 3, &args);
        assert!(said.contains("shop.toml") && said.contains("line 3"), "{said}");
        assert!(said.contains("wrokers"), "{said}");
    }
    fs::write(&file, "[server\n").unwrap();
    let said = fails(&place, 3, &["--config", file.to_str().unwrap(), "config"]);
    assert!(said.contains("shop.toml") && said.contains("line 1"), "{said}");
    let said = fails(&place, 3, &["--config", "/nowhere/shop.toml", "config"]);
    assert!(said.contains("/nowhere/shop.toml"), "{said}");
    assert!(!place.db().exists());
}

#[test]
fn a_variable_that_nobody_knows_is_a_warning() {
    let place = Place::new();
    let output = tilld()
        .env("TILLD_SERVER__LISTNE", "hunter2")
        .arg("--database")
        .arg(place.db())
        .args(["instance", "add", "bar"])
        .output()
        .unwrap();
    let (code, _, said) = text(output);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("WARN") && said.contains("TILLD_SERVER__LISTNE"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_value_that_makes_no_sense_is_named() {
    let place = Place::new();
    for (name, value, word) in [
        ("TILLD_SERVER__LISTEN", "9966", "9966"),
        ("TILLD_SERVER__WORKERS", "many", "workers"),
        ("TILLD_ADMIN__LISTEN", "0.0.0.0:9967", "admin.listen"),
        ("TILLD_DATABASE__WRITE_QUEUE", "0", "database.write_queue"),
        ("TILLD_INSTANCE__DEFAULT_PAY_DELAY_S", "9223372036854775807", "default_pay_delay_s"),
        ("TILLD_LEGAL__TERMS", "/nowhere/terms.md", "/nowhere/terms.md"),
    ] {
        let mut command = tilld();
        command.env(name, value).arg("--database").arg(place.db()).arg("serve");
        let (code, _, said) = text(ends(command));
        assert_eq!(code, Some(3), "{name}={value}: {said}");
        assert!(said.contains(word), "{name}={value}: {said}");
    }
}

#[test]
fn without_any_settings_everything_is_in_the_current_folder() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let (code, printed, said) = text(plain(folder.path()).args(args).output().unwrap());
        assert_eq!(code, Some(0), "{args:?}: {said}");
        printed
    };
    run(&["instance", "add", "admin"]);
    assert!(folder.path().join("tilld.db").is_file());
    let token = run(&["token", "create", "admin", "--scope", "spa"]);
    let shown = run(&["config"]);
    assert!(shown.contains("database.path = tilld.db  # default"), "{shown}");
    assert!(shown.contains("currency.default = KUDOS  # default"), "{shown}");

    let mut command = tilld();
    command.current_dir(folder.path());
    let daemon = Daemon::start(command);
    assert_eq!(status(&daemon, "/private", token.trim()), 200);
    assert_eq!(daemon.get("/config").json()["currency"], "KUDOS");
}

#[test]
fn flags_of_serve_win_over_the_environment() {
    let place = Place::new();
    place.instance("admin");
    let mut command = tilld();
    let socket = place.dir.path().join("tilld.sock");
    command
        .env("TILLD_SERVER__LISTEN", format!("unix:{}", socket.display()))
        .arg("--database")
        .arg(place.db())
        .args(["serve", "--listen", "127.0.0.1:0", "--base-url", "https://shop.example/taler/"]);
    let daemon = Daemon::start(command);
    assert!(!socket.exists());
    assert_eq!(daemon.get("/config").status, 200);
}

#[test]
fn a_credential_of_the_system_is_the_first_password_and_no_later_one() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let credential = folder.path().join("tilld.admin-password");
    let variables = [("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap())];
    let login = |daemon: &Daemon, password: &str| {
        let ask = daemon.ask("POST", "/private/token").basic("admin", password);
        ask.json(&serde_json::json!({ "scope": "readonly" })).send().status
    };
    // Without the file there is no password and no shop.
    let daemon = place.start_with(&variables);
    assert_eq!(login(&daemon, "from the safe"), 404);
    daemon.stop();
    fs::write(&credential, "from the safe\n").unwrap();
    let daemon = place.start_with(&variables);
    assert_eq!(login(&daemon, "from the safe"), 200);
    daemon.stop();
    place.passwd("admin", "the shopkeeper's own");
    let daemon = place.start_with(&variables);
    assert_eq!(login(&daemon, "the shopkeeper's own"), 200);
    assert_eq!(login(&daemon, "from the safe"), 401);
}

#[test]
fn sockets_that_the_system_holds_are_answered_at_instead_of_the_settings_own() {
    let place = Place::new();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    // The number of the first handed descriptor is 3, and they are meant for one process only; the
    // shell becomes the daemon, so both have its number.
    let script = "exec 3<&0; exec env LISTEN_FDS=1 LISTEN_PID=$$ \"$0\" \"$@\"";
    let start = || {
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_tilld"), "--database"]).arg(place.db());
        command.args(["serve", "--listen", "127.0.0.1:1"]);
        command.stdin(std::os::fd::OwnedFd::from(socket.try_clone().unwrap()));
        Daemon::start(command)
    };
    let daemon = start();
    assert_eq!(daemon.address, format!("http://{address}"));
    assert_eq!(daemon.get("/config").status, 200);
    daemon.stop();
    // Nobody answers, but nobody is refused: the next daemon does.
    let mut waiting = TcpStream::connect(address).unwrap();
    waiting.write_all(b"GET /config HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let _next = start();
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}
