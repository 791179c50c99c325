//! The file: whose it is, whether it is whole, who may have it open, and copies of it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;
use system::steps::BASE;
use tilld::store::VERSION;

use crate::common::eventually;
use crate::common::{PATIENCE, Place, bytes, tilld};
use crate::restart::{notes, write_until_the_end};
use crate::sql::migrations;

/// SQLite's header names whose file it is: "tild".
const APPLICATION_ID: u32 = 0x7469_6C64;
/// Bytes of a page.
const PAGE: usize = 4096;

/// Runs `command` to its end; fails if there is none, as when a daemon starts that must not.
pub(crate) fn ends(mut command: Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    let mut ended = false;
    while !ended && started.elapsed() < PATIENCE {
        ended = child.try_wait().unwrap().is_some();
        std::thread::park_timeout(Duration::from_millis(5));
    }
    if !ended {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert!(ended, "{command:?} does not end: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn run(db: &Path, args: &[&str]) -> Output {
    let mut command = tilld();
    command.arg("--database").arg(db).args(args);
    ends(command)
}

/// Runs what must fail; its exit status and what it said.
fn fails(db: &Path, args: &[&str]) -> (i32, String) {
    let output = run(db, args);
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said)
}

/// Neither the daemon nor a command takes the file, they say why, and leave it as it is.
fn is_refused(db: &Path, word: &str) {
    let before = bytes(db);
    for args in [&["serve"][..], &["token", "list", "admin"], &["instance", "add", "bar"]] {
        let (status, said) = fails(db, args);
        assert_eq!(status, 4, "{args:?}: {said}");
        let name = db.file_name().unwrap().to_str().unwrap();
        assert!(said.contains(name) && said.contains(word), "{args:?}: {said}");
        assert!(bytes(db) == before, "{args:?} changed the file");
    }
}

/// A place with an instance and enough tokens for many pages.
fn big_place() -> Place {
    let place = Place::new();
    place.instance("admin");
    let db = Connection::open(place.db()).unwrap();
    db.execute_batch(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
         INSERT INTO tokens (instance_serial, hash, scope, kind, created_at_s, description)
         SELECT 1, randomblob(32), 'readonly', 'api', i, 'number ' || i FROM n;",
    )
    .unwrap();
    db.close().unwrap();
    assert!(bytes(&place.db()).len() > 60 * PAGE);
    place
}

/// Names in the place's folder that have `part` in them.
fn beside(place: &Place, part: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_str().unwrap().contains(part)).collect()
}

fn verdict(db: &Connection) -> String {
    db.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let place = Place::new();
    for text in ["To whom it may concern: this is a letter.\n".repeat(100), "short".into()] {
        fs::write(place.db(), text).unwrap();
        is_refused(&place.db(), "is not a database of tilld");
    }
}

#[test]
fn a_database_of_somebody_else_is_refused() {
    let place = Place::new();
    let db = Connection::open(place.db()).unwrap();
    db.execute_batch("CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('Lorelei');")
        .unwrap();
    db.close().unwrap();
    is_refused(&place.db(), "is not a database of tilld");
    assert_eq!(beside(&place, "tilld.db-"), [""; 0].map(PathBuf::from));
}

#[test]
fn a_database_of_a_newer_tilld_is_refused() {
    let place = big_place();
    let db = Connection::open(place.db()).unwrap();
    db.pragma_update(None, "user_version", VERSION + 1).unwrap();
    db.close().unwrap();
    is_refused(&place.db(), "newer");
}

#[test]
fn a_database_cut_short_is_refused() {
    let place = big_place();
    let whole = bytes(&place.db());
    for length in [whole.len() / 2, whole.len() - PAGE, whole.len() - 1, 3 * PAGE / 2, PAGE] {
        fs::write(place.db(), &whole[..length]).unwrap();
        is_refused(&place.db(), "is damaged");
    }
}

#[test]
fn a_damaged_database_is_refused() {
    let place = big_place();
    let whole = bytes(&place.db());
    for page in [1, 10, 25, 40, whole.len() / PAGE - 2] {
        let mut damaged = whole.clone();
        // Its kind, its cells, and some of what is in them.
        damaged[page * PAGE..page * PAGE + 600].fill(0xA5);
        fs::write(place.db(), damaged).unwrap();
        is_refused(&place.db(), "is damaged");
    }
}

#[test]
fn a_database_that_cannot_be_written_is_refused() {
    let place = big_place();
    fs::set_permissions(place.db(), fs::Permissions::from_mode(0o444)).unwrap();
    is_refused(&place.db(), "is not writable");
}

#[test]
fn a_database_of_a_development_version_is_refused() {
    let place = big_place();
    for version in [1, 20, BASE] {
        let db = Connection::open(place.db()).unwrap();
        db.pragma_update(None, "user_version", version).unwrap();
        db.close().unwrap();
        is_refused(&place.db(), "was made by a development version of tilld");
        let (status, said) = fails(&place.db(), &["doctor"]);
        assert_eq!(status, 4, "{said}");
    }
    // Nor is a copy of one put in the place of a good file.
    let old = place.dir.path().join("old.db");
    fs::rename(place.db(), &old).unwrap();
    place.instance("admin");
    let before = bytes(&place.db());
    let (status, said) = place.fails(&["restore", old.to_str().unwrap()]);
    assert_eq!(status, 4, "{said}");
    assert!(said.contains("old.db was made by a development version"), "{said}");
    assert!(bytes(&place.db()) == before);
}

/// A file as the tilld of version `version` left it, with a row in every table.
fn old_file(path: &Path, version: u32) {
    let db = Connection::open(path).unwrap();
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    db.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    let rows = [
        "INSERT INTO instances (id, name, address, jurisdiction, use_stefan,
             wire_transfer_rounding, private_key, public_key, created_at_s)
         VALUES ('bar', 'Old Bar', '{}', '{}', 1, 'NONE', randomblob(32), randomblob(32), 5)",
        "INSERT INTO accounts (instance_serial, payto_uri, salt, h_wire, active)
         VALUES (1, 'payto://iban/DE75512108001245126199?receiver-name=Bar', randomblob(16),
             randomblob(64), 1)",
        "INSERT INTO tokens (instance_serial, hash, scope, kind, created_at_s, description)
         VALUES (1, randomblob(32), 'order-full', 'api', 6, 'old token')",
    ];
    let mut rows = rows.into_iter();
    for (_, (_, step)) in (BASE + 1..=version).zip(migrations()) {
        db.execute_batch(&step).unwrap();
        if let Some(row) = rows.next() {
            db.execute_batch(row).unwrap();
        }
    }
    db.pragma_update(None, "user_version", version).unwrap();
    db.close().unwrap();
}

#[test]
fn a_file_of_each_earlier_version_is_copied_and_brought_up_to_date() {
    for version in BASE + 1..VERSION {
        let place = Place::new();
        old_file(&place.db(), version);

        let listed = place.ok(&["instance", "list"]);

        let methods = if version >= BASE + 2 { "iban" } else { "no account" };
        assert_eq!(listed, format!("bar\tactive\t{methods}\tOld Bar"), "from version {version}");
        let now: u32 = Connection::open(place.db())
            .unwrap()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(now, VERSION);
        let copies = beside(&place, ".before-v");
        assert_eq!(copies.len(), 1, "{copies:?}");
        assert_eq!(mode(&copies[0]), 0o600);
        let copy = Connection::open(&copies[0]).unwrap();
        let pragma =
            |name: &str| -> u32 { copy.pragma_query_value(None, name, |row| row.get(0)).unwrap() };
        assert_eq!((pragma("application_id"), pragma("user_version")), (APPLICATION_ID, version));
        assert_eq!(verdict(&copy), "ok");
        let name: String =
            copy.query_row("SELECT name FROM instances", [], |row| row.get(0)).unwrap();
        assert_eq!(name, "Old Bar");
        copy.close().unwrap();

        place.ok(&["check"]);
        place.token("bar", "all");
        let daemon = place.start();
        assert_eq!(daemon.get("/instances/bar/config").status, 200);
        assert_eq!(beside(&place, ".before-v").len(), 1, "one copy is enough");
    }
}

#[test]
fn the_money_of_orders_that_were_paid_before_is_followed_from_that_version_on() {
    let place = Place::new();
    let before = migrations().iter().position(|(name, _)| name.ends_with("_settlement")).unwrap();
    old_file(&place.db(), BASE + u32::try_from(before).unwrap());
    let db = Connection::open(place.db()).unwrap();
    let order = |serial: u32, paid: &str, deadline: &str| {
        db.execute_batch(&format!(
            "INSERT INTO orders (serial, instance_serial, order_id, request_hash, created_at_s, amount,
                 summary, summary_folded, base_url, nonce, h_contract, paid_at_s, refund_granted,
                 refund_taken, refunded, wired, terms)
             VALUES ({serial}, 1, 'O{serial}', randomblob(64), 1, 'EUR:1', '', '', 'http://x/',
                 randomblob(32), randomblob(64), {paid}, 'EUR:0', 'EUR:0', 0, 0,
                 '{{\"wire_transfer_deadline\":{{\"t_s\":{deadline}}}}}')"
        ))
        .unwrap();
    };
    let coin = |order: u32, exchange: &str, confirmed: &str| {
        db.execute_batch(&format!(
            "INSERT INTO deposits (order_serial, coin_pub, coin, deposit_fee, refund_fee,
                 exchange_timestamp_s, exchange_pub, exchange_sig)
             VALUES ({order}, randomblob(32), '{{\"exchange_url\":\"{exchange}\"}}', 'EUR:0', 'EUR:0',
                 {confirmed})"
        ))
        .unwrap();
    };
    let confirmed = "7, randomblob(32), randomblob(64)";
    // Paid with coins of two exchanges, two of one of them.
    order(1, "5", "1000");
    coin(1, "https://a.example/", confirmed);
    coin(1, "https://a.example/", confirmed);
    coin(1, "https://b.example/", confirmed);
    // One with a coin that was given back, one unpaid, one in cash after all, one that never ends.
    order(2, "5", "1000");
    coin(2, "https://a.example/", confirmed);
    db.execute_batch(
        "INSERT INTO coin_refunds (deposit_serial, rtransaction_id, amount, made_at_s, requested)
         VALUES (last_insert_rowid(), 0, 'EUR:1', 6, 1)",
    )
    .unwrap();
    order(3, "NULL", "1000");
    coin(3, "https://a.example/", "NULL, NULL, NULL");
    order(4, "5", "1000");
    coin(4, "https://a.example/", confirmed);
    db.execute_batch(
        "INSERT INTO payments (order_serial, method, amount, paid_at_s) VALUES (4, 'cash', 'EUR:1', 5)",
    )
    .unwrap();
    order(5, "5", "\"never\"");
    coin(5, "https://a.example/", confirmed);
    db.close().unwrap();

    place.ok(&["instance", "list"]);

    let db = Connection::open(place.db()).unwrap();
    let mut rows = db
        .prepare_cached(
            "SELECT order_serial, exchange_url, account_serial, due_s, state FROM settlements",
        )
        .unwrap();
    let rows = rows.query_map([], |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    });
    let rows: Vec<(i64, String, i64, i64, i64)> = rows.unwrap().map(Result::unwrap).collect();
    let due = 1_000 + 7_919 % 601;
    let expected =
        ["https://a.example/", "https://b.example/"].map(|url| (1, url.into(), 1, due, 0));
    assert_eq!(rows, expected);
}

#[test]
fn a_file_of_this_version_is_not_copied() {
    let place = Place::new();
    old_file(&place.db(), VERSION);
    let listed = place.ok(&["token", "list", "bar"]);
    assert_eq!(listed, "1\torder-full\tforever\told token");
    assert_eq!(beside(&place, ".before-v").len(), 0);
}

#[test]
fn a_guest_does_not_migrate_under_an_older_daemon() {
    let place = Place::new();
    old_file(&place.db(), BASE + 1);
    // An older daemon is a lock: this one's program cannot be an old one.
    let lock = fs::File::create(place.dir.path().join("tilld.db.lock")).unwrap();
    lock.try_lock().unwrap();
    let (status, said) = fails(&place.db(), &["instance", "list"]);
    assert_eq!(status, 4, "{said}");
    assert!(said.contains("older") && said.contains("tilld.db"), "{said}");
    assert_eq!(beside(&place, ".before-v").len(), 0);
    drop(lock);
    place.ok(&["instance", "list"]);
}

#[test]
fn a_second_daemon_is_refused_by_whatever_name_it_knows_the_file() {
    let place = Place::new();
    place.instance("admin");
    let other = tempfile::tempdir().unwrap();
    let (file, folder) = (other.path().join("link.db"), other.path().join("folder"));
    symlink(place.db(), &file).unwrap();
    symlink(place.dir.path(), &folder).unwrap();
    let daemon = place.start();

    for path in [place.db(), file.clone(), folder.join("tilld.db")] {
        let (status, said) = fails(&path, &["serve"]);
        assert_eq!(status, 5, "{}: {said}", path.display());
        assert!(said.contains("already running") && said.contains("tilld.db"), "{said}");
        // A guest is welcome.
        let output = run(&path, &["token", "create", "admin", "--scope", "all"]);
        let token = String::from_utf8(output.stdout).unwrap();
        let reply = daemon.ask("GET", "/private").token(token.trim()).send();
        assert_eq!(reply.status, 200);
    }

    assert_eq!(daemon.stop(), 0);
    let mut command = tilld();
    command.arg("--database").arg(&file).arg("serve");
    let daemon = crate::common::Daemon::start(command);
    assert_eq!(daemon.get("/config").status, 200);
}

#[test]
fn a_backup_is_made_while_the_daemon_runs_and_put_back_when_it_does_not() {
    let place = Place::new();
    let dest = place.dir.path().join("copy.db");
    let dest_text = dest.to_str().unwrap();
    place.instance("admin");
    let token = place.token("admin", "all");
    let daemon = place.start();
    let add = |id: &str| {
        let auth = json!({ "method": "token", "token": format!("secret-token:{id}-{id}-{id}") });
        let body = json!({ "id": id, "name": id, "address": {}, "jurisdiction": {}, "auth": auth,
            "use_stefan": true });
        let reply = daemon.ask("POST", "/management/instances").token(&token).json(&body).send();
        assert_eq!(reply.status, 204, "{reply:?}");
    };
    add("before");

    let said = place.ok(&["backup", dest_text]);
    add("after");

    assert!(said.contains("copy.db") && said.contains("verified"), "{said}");
    assert_eq!(mode(&dest), 0o600);
    assert_eq!(verdict(&Connection::open(&dest).unwrap()), "ok");
    let (status, said) = place.fails(&["restore", dest_text]);
    assert_eq!(status, 5, "{said}");
    assert!(said.contains("already running"), "{said}");
    assert_eq!(daemon.get("/instances/after/config").status, 200);
    assert_eq!(daemon.stop(), 0);

    let said = place.ok(&["restore", dest_text]);
    let kept = beside(&place, ".replaced-");
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(said.contains(kept[0].to_str().unwrap()), "{said}");
    assert_eq!(beside(&place, ".restored").len() + beside(&place, ".part").len(), 0);
    let daemon = place.start();
    assert_eq!(daemon.get("/instances/before/config").status, 200);
    assert_eq!(daemon.get("/instances/after/config").status, 404);
    let output = run(&kept[0], &["instance", "show", "after"]);
    assert!(output.status.success());
}

#[test]
fn a_backup_overwrites_nothing() {
    let place = Place::new();
    place.instance("admin");
    let dest = place.dir.path().join("letter.txt");
    fs::write(&dest, "precious").unwrap();
    let (status, said) = place.fails(&["backup", dest.to_str().unwrap()]);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("letter.txt exists already"), "{said}");
    assert_eq!(bytes(&dest), b"precious");
    // Not even itself.
    let before = bytes(&place.db());
    assert_eq!(place.fails(&["backup", place.db().to_str().unwrap()]).0, 1);
    assert!(bytes(&place.db()) == before);
}

#[test]
fn a_backup_in_the_middle_of_writing_is_one_moments_state() {
    let place = Place::new();
    place.instance("admin");
    let token = place.token("admin", "all:refreshable");
    let daemon = place.start();
    let address = daemon.address.clone();
    let (made, confirmations) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for name in ["a", "b"] {
            let (address, token, made) = (&address, &token, made.clone());
            scope.spawn(move || write_until_the_end(address, token, name, &made));
        }
        for round in 0..5 {
            let mut confirmed = Vec::new();
            for _ in 0..20 {
                confirmed.push(confirmations.recv_timeout(PATIENCE).unwrap().0);
            }
            let dest = place.dir.path().join(format!("copy-{round}.db"));
            place.ok(&["backup", dest.to_str().unwrap()]);
            let copied = notes(&dest);
            assert!(confirmed.iter().all(|note| copied.get(note) == Some(&1)), "{round}");
            // Of each client's notes there is a beginning without holes.
            for name in ["a", "b"] {
                let own = copied.keys().filter(|note| note.starts_with(name)).count();
                assert!((0..own).all(|n| copied.contains_key(&format!("{name}-{n}"))), "{round}");
            }
            assert_eq!(verdict(&Connection::open(&dest).unwrap()), "ok");
        }
        daemon.kill();
    });
}

#[test]
fn what_is_no_backup_is_not_put_back() {
    let place = big_place();
    let foreign = place.dir.path().join("foreign.db");
    let db = Connection::open(&foreign).unwrap();
    db.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    db.close().unwrap();
    let letter = place.dir.path().join("letter.txt");
    fs::write(&letter, "precious ".repeat(100)).unwrap();
    let damaged = place.dir.path().join("damaged.db");
    // A table: a damaged index is no loss, since a copy has it written anew.
    let db = Connection::open(place.db()).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'tokens'";
    let page: u32 = db.query_row(root, [], |row| row.get(0)).unwrap();
    let page = usize::try_from(page).unwrap();
    db.close().unwrap();
    let mut content = bytes(&place.db());
    content[(page - 1) * PAGE..page * PAGE].fill(0xA5);
    fs::write(&damaged, content).unwrap();
    let missing = place.dir.path().join("missing.db");
    let before = bytes(&place.db());
    for src in [&foreign, &letter, &damaged, &missing] {
        let (status, said) = place.fails(&["restore", src.to_str().unwrap()]);
        assert_eq!(status, 4, "{}: {said}", src.display());
        assert!(bytes(&place.db()) == before, "{}", src.display());
    }
    assert_eq!(beside(&place, ".replaced-").len() + beside(&place, ".restored").len(), 0);
    place.ok(&["check"]);
}

#[test]
fn a_damaged_database_is_mended_by_a_backup() {
    let place = big_place();
    let dest = place.dir.path().join("copy.db");
    place.ok(&["backup", dest.to_str().unwrap()]);
    let mut damaged = bytes(&place.db());
    damaged[20 * PAGE..21 * PAGE].fill(0xA5);
    fs::write(place.db(), &damaged).unwrap();
    place.ok(&["restore", dest.to_str().unwrap()]);
    place.ok(&["check"]);
    let kept = beside(&place, ".replaced-");
    assert!(bytes(&kept[0]) == damaged, "what was there is kept as it was");
}

#[test]
fn a_check_finds_what_should_not_be() {
    let breakages = [
        (
            "UPDATE instances SET private_key = NULL, password_hash = NULL WHERE id = 'bar'",
            "instance bar is deleted but token 1 still opens it",
        ),
        (
            "UPDATE instances SET private_key = NULL, password_hash = 'x' WHERE id = 'pub'",
            "instance pub is deleted but still has a password",
        ),
        ("UPDATE tokens SET kind = 'static'", "instance bar has 2 fixed tokens"),
        (
            "UPDATE instances SET address = 'Rome' WHERE id = 'pub'",
            "instance pub has an address that is no JSON",
        ),
        (
            "PRAGMA foreign_keys = OFF; UPDATE tokens SET instance_serial = 99 WHERE serial = 2",
            "tokens row 2 belongs to nothing",
        ),
    ];
    for (breakage, finding) in breakages {
        let place = Place::new();
        place.instance("bar");
        place.instance("pub");
        place.token("bar", "all");
        place.token("bar", "readonly");
        let well = place.ok(&["check"]);
        assert!(well.contains("tilld.db") && well.contains("no errors found"), "{well}");
        let db = Connection::open(place.db()).unwrap();
        db.execute_batch(breakage).unwrap();
        db.close().unwrap();

        let output = run(&place.db(), &["check"]);

        assert_eq!(output.status.code(), Some(1), "{breakage}");
        let found = String::from_utf8(output.stdout).unwrap();
        assert!(found.lines().any(|line| line == finding), "{breakage}: {found}");
    }
}

#[test]
fn strangers_on_the_machine_cannot_read_the_files() {
    let place = Place::new();
    place.passwd("admin", "correct horse");
    let token = place.token("admin", "all:refreshable");
    let daemon = place.start();
    let wish = json!({ "scope": "all" });
    assert_eq!(daemon.ask("POST", "/private/token").token(&token).json(&wish).send().status, 200);
    eventually("the log is there", || beside(&place, "-wal").len() == 1);
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let mut path = place.db().into_os_string();
        path.push(suffix);
        assert_eq!(mode(Path::new(&path)), 0o600, "{}", path.display());
    }
}
