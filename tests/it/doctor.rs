//! `tilld doctor`: it finds what is wrong with a shop, says what to do, and changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use taler::sign::SigningKey;
use tilld::store::VERSION;

use crate::common::exchange::Exchange;
use crate::common::fake_peer::{self, Manners};
use crate::common::shop::{BASE, IBAN, Shop};
use crate::common::{Place, tilld};
use crate::files::ends;

/// An account that the sandbox can pay.
const BANK: &str = "payto://x-taler-bank/bank.example/shop?receiver-name=Shop";

/// What came of a visit.
struct Visit {
    status: i32,
    lines: Vec<String>,
}

impl Visit {
    fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The one line that begins so, and what to do if it is not good.
    fn line(&self, start: &str) -> (&str, &str) {
        let at = self.lines.iter().position(|line| line.starts_with(start));
        let at = at.unwrap_or_else(|| panic!("no line \"{start}\": {}", self.text()));
        let next = self.lines.get(at + 1).filter(|next| next.starts_with("      "));
        (&self.lines[at], next.map_or("", |next| next.trim()))
    }

    fn has(&self, level: &str) -> bool {
        self.lines.iter().any(|line| line.starts_with(level))
    }
}

/// Has the doctor look, with these settings.
fn visit(place: &Place, settings: &str) -> Visit {
    visit_with(place, settings, &[])
}

/// The same, with these arguments.
fn visit_with(place: &Place, settings: &str, args: &[&str]) -> Visit {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), settings).unwrap();
    let mut command = tilld();
    command.arg("--config").arg(file.path()).arg("--database").arg(place.db()).arg("doctor");
    command.args(args);
    let begun = Instant::now();
    let output = ends(command);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let lines = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    let visit = Visit { status: output.status.code().unwrap(), lines };
    for (at, line) in visit.lines.iter().enumerate() {
        if line.starts_with("warn") || line.starts_with("FAIL") {
            let next = visit.lines.get(at + 1);
            assert!(next.is_some_and(|next| next.starts_with("      ")), "{line}: no remedy");
        }
    }
    visit
}

/// The same, for a daemon that listens here and has no address set.
fn listening(place: &Place, listen: &str) -> Visit {
    let mut command = tilld();
    command.env("TILLD_SERVER__LISTEN", listen).arg("--database").arg(place.db()).arg("doctor");
    let output = ends(command);
    let lines = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    Visit { status: output.status.code().unwrap(), lines }
}

fn with_base_url(exchange: &str) -> String {
    format!("[server]\nbase_url = \"{BASE}\"\n{exchange}")
}

/// A shop with this account, whose daemon has never run.
fn shop(payto: &str) -> Place {
    let place = Place::new();
    fs::set_permissions(place.dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    place.ok(&["instance", "add", "admin", "--create", "--name", "The corner shop"]);
    place.ok(&["account", "add", "admin", payto]);
    place
}

/// Makes a copy of the shop's database, elsewhere.
fn back_up(place: &Place) {
    let elsewhere = tempfile::tempdir().unwrap();
    place.ok(&["backup", elsewhere.path().join("copy.db").to_str().unwrap()]);
}

/// Every file beside the database. SQLite's index of the log is memory, not content.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let named = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (!name.ends_with("-shm")).then(|| (name, fs::read(entry.path()).unwrap()))
    };
    entries.filter_map(named).collect()
}

#[test]
fn the_daemon_is_asked_at_its_address_and_a_request_that_waits_is_timed() {
    let place = shop(BANK);
    let daemon = place.start();
    let at = |address: &str| visit(&place, &format!("[server]\nbase_url = \"{address}/\"\n"));
    let own = at(&daemon.address);
    let (line, _) = own.line(&format!("ok    daemon: {}/ answers in ", daemon.address));
    assert!(line.contains("comes back after 3."), "{line}");
    assert!(line.contains("tilld doctor --slow"), "{line}");

    // Without an address in the settings it is asked where it listens, whatever they say of that.
    let elsewhere = listening(&place, "127.0.0.1:1");
    elsewhere.line(&format!("ok    daemon: {}/ answers in ", daemon.address));

    // Something stands in front of it that gives up at once.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = String::new();
            BufReader::new(&stream).read_line(&mut head).unwrap();
            let answer = match head.starts_with("GET /config ") {
                true => "200 OK\r\nContent-Length: 25\r\n\r\n{\"name\":\"taler-merchant\"}",
                false => "504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n",
            };
            // Each on a connection of its own.
            let answer = answer.replacen("\r\n", "\r\nConnection: close\r\n", 1);
            stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).unwrap();
        }
    });
    let cut = at(&proxy);
    let (line, remedy) = cut.line(&format!("warn  daemon: a request that waits 3 s at {proxy}/ "));
    assert!(line.ends_with("with status 504") && remedy.contains("minute"), "{}", cut.text());

    // Where no address is set, it is asked where it listens.
    let listen = daemon.address.trim_start_matches("http://");
    let found = listening(&place, listen);
    found.line(&format!("ok    daemon: {}/ answers in ", daemon.address));

    // Nothing at all.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    at(&format!("http://{free}")).line("warn  daemon: no answer at ");
    assert_eq!(daemon.stop(), 0);
    listening(&place, &free.to_string()).line("warn  daemon: no answer at ");
}

/// What stands in front of the daemon at `address`, and cuts off a request that has no answer after
/// `limit`; where it answers.
fn cutting_proxy(address: &str, limit: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let address = address.trim_start_matches("http://").to_owned();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = String::new();
            BufReader::new(&stream).read_line(&mut head).unwrap();
            let mut daemon = TcpStream::connect(&address).unwrap();
            daemon.set_read_timeout(Some(limit)).unwrap();
            let rest = format!("Host: {address}\r\nConnection: close\r\n\r\n");
            daemon.write_all(format!("{head}{rest}").as_bytes()).unwrap();
            let mut answer = Vec::new();
            if daemon.read_to_end(&mut answer).is_err() {
                let cut = "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                answer = cut.as_bytes().to_vec();
            }
            stream.write_all(&answer).unwrap();
        }
    });
    proxy
}

#[test]
fn what_cuts_the_longest_requests_off_is_found_when_there_is_time_for_it() {
    let place = shop(BANK);
    let daemon = place.start_with(&[("TILLD_POLLS__MAX_WAIT_S", "6")]);
    // It lets the usual 3 seconds pass, and not the daemon's 6.
    let proxy = cutting_proxy(&daemon.address, Duration::from_millis(4500));
    let settings =
        |address| format!("[server]\nbase_url = \"{address}/\"\n[polls]\nmax_wait_s = 6\n");
    let usual = visit(&place, &settings(&proxy));
    let (line, _) = usual.line("ok    daemon: ");
    assert!(line.ends_with("requests wait up to 6 s: to test this, tilld doctor --slow"), "{line}");
    let slow = visit_with(&place, &settings(&proxy), &["--slow"]);
    let (line, remedy) = slow.line("warn  daemon: a request that waits 6 s");
    assert!(line.contains("comes back after ") && line.ends_with("with status 504"), "{line}");
    assert!(remedy.ends_with("polls.max_wait_s, now 6"), "{remedy}");
    // Without it, all is well.
    let own = visit_with(&place, &settings(&daemon.address), &["--slow"]);
    let (line, _) = own.line("ok    daemon: ");
    assert!(line.contains("a request that waits 6 s comes back after "), "{line}");
}

#[test]
fn backups_that_are_missing_and_a_shop_that_is_called_admin_are_told() {
    let exchange = Exchange::start();
    let place = Place::new();
    place.instance("admin");
    place.ok(&["account", "add", "admin", BANK]);
    let settings = with_base_url(&exchange.trusted());
    let before = visit(&place, &settings);
    assert!(before.line("warn  backup: ").1.contains("tilld backup"), "{}", before.text());
    let name = "warn  name: customers see \"admin\" as the name of shop admin";
    assert!(before.line(name).1.contains("back office"), "{}", before.text());
    back_up(&place);
    visit(&place, &settings).line("ok    backup: ");
}

#[test]
fn a_good_shop_is_well_whether_its_daemon_runs_or_not_and_stays_as_it_was() {
    let exchange = Exchange::start();
    let place = shop(BANK);
    back_up(&place);
    let settings = with_base_url(&exchange.trusted());
    let before = files(place.dir.path());
    let well = |visit: &Visit| {
        assert_eq!(visit.status, 0, "{}", visit.text());
        // At shop.example is nobody.
        visit.line("warn  daemon: no answer at https://shop.example/: ");
        assert!(!visit.has("FAIL"), "{}", visit.text());
        for start in [
            "ok    base URL: https://shop.example/",
            "ok    clock: ",
            "ok    disk: ",
            "ok    folder: ",
            "ok    file: ",
            "ok    database: ",
            "ok    log: ",
            "ok    backup: the last one is 0 hours old",
            &format!("ok    exchange {}: ", exchange.base_url()),
            &format!("ok    account {BANK} of admin: 1 of 1 exchanges can pay to it"),
        ] {
            visit.line(start);
        }
        assert!(
            visit.line("ok    clock: ").0.ends_with(", which exchanges confirm"),
            "{}",
            visit.text()
        );
        let last = visit.lines.last().unwrap();
        assert_eq!(*last, "usable, with warnings: 10 ok, 1 warnings, 0 failed");
    };
    well(&visit(&place, &settings));
    assert!(files(place.dir.path()) == before);
    assert!(!place.dir.path().join("tilld.db-shm").exists());

    let daemon = place.start();
    let before = files(place.dir.path());
    well(&visit(&place, &settings));
    assert!(files(place.dir.path()) == before);
    // Nor is kept what the exchange told.
    let db = rusqlite::Connection::open(place.db()).unwrap();
    let kept: i64 =
        db.query_row("SELECT count(*) FROM exchange_keys", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 0);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn without_settings_a_shop_goes_but_is_told_what_it_lacks() {
    let visit = visit(&shop(IBAN), "");
    assert_eq!(visit.status, 0, "{}", visit.text());
    assert!(visit.line("warn  base URL: not set").1.contains("server.base_url"));
    assert!(visit.line("warn  exchanges: none is trusted").1.contains("tilld exchange add"));
    visit.line(&format!("ok    account {IBAN} of admin is in use"));
    assert!(!visit.has("FAIL"), "{}", visit.text());
    assert!(visit.lines.last().unwrap().starts_with("usable, with warnings: "), "{}", visit.text());
}

#[test]
fn an_exchange_that_is_dead_fails_soon_and_is_named() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = fake_peer::Exchange::start();
    silent.behave(Manners::Silent);
    let mut gone = fake_peer::Exchange::start();
    gone.address = dead;
    let settings = with_base_url(&(silent.settings() + &gone.settings()));
    let visit = visit(&shop(IBAN), &settings);
    assert_eq!(visit.status, 1, "{}", visit.text());
    let (_, remedy) = visit.line(&format!("FAIL  exchange http://{dead}/: it is unreachable: "));
    assert!(remedy.ends_with(&format!("curl http://{dead}/keys")), "{remedy}");
    visit.line(&format!("FAIL  exchange http://{}/: it did not answer in time", silent.address));
    // The account may be good for all that is known.
    visit.line("ok    account ");
    assert!(visit.lines.last().unwrap().contains("2 failed"), "{}", visit.text());
}

#[test]
fn an_exchange_with_another_master_key_is_told_with_the_key() {
    let exchange = fake_peer::Exchange::start();
    let other = SigningKey::from_seed([9; 32]);
    exchange.behave(Manners::Tells(exchange.keys(&other, "^payto://iban/DE")));
    let visit = visit(&shop(IBAN), &with_base_url(&exchange.settings()));
    assert_eq!(visit.status, 1, "{}", visit.text());
    let key = other.public_key();
    let start =
        format!("FAIL  exchange http://{}/: its master public key is {key}", exchange.address);
    let (_, remedy) = visit.line(&start);
    assert!(remedy.contains(&format!("master_public_key = \"{key}\"")), "{remedy}");
}

#[test]
fn an_exchange_of_another_currency_is_told_as_such() {
    let exchange = fake_peer::Exchange::start();
    exchange.behave(Manners::Tells(exchange.keys(&exchange.master, "")));
    let settings = exchange.settings().replace("KUDOS", "EUR");
    let visit = visit(&shop(IBAN), &with_base_url(&settings));
    assert_eq!(visit.status, 1, "{}", visit.text());
    visit.line(&format!("FAIL  exchange http://{}/: its currency is KUDOS", exchange.address));
    // Nobody has set a currency, so prices are in that of the exchange.
    assert!(!visit.text().contains("currency.default"), "{}", visit.text());
    let settings = settings + "[currency]\ndefault = 'CHF'\n";
    let visit = self::visit(&shop(IBAN), &with_base_url(&settings));
    visit.line("warn  currency: currency.default is CHF, but no trusted exchange uses it, so prices are in EUR");
}

#[test]
fn an_account_that_no_exchange_can_pay_fails() {
    let exchange = fake_peer::Exchange::start();
    exchange.behave(Manners::Tells(exchange.keys(&exchange.master, "^payto://iban/CH")));
    let visit = visit(&shop(IBAN), &with_base_url(&exchange.settings()));
    assert_eq!(visit.status, 1, "{}", visit.text());
    visit.line(&format!("ok    exchange http://{}/: KUDOS, 1 spendable", exchange.address));
    let (_, remedy) = visit.line(&format!("FAIL  account {IBAN} of admin: no exchange can pay"));
    assert!(remedy.starts_with("tilld account add admin "), "{remedy}");
}

#[test]
fn a_clock_that_an_exchange_contradicts_is_found() {
    // Its list is of an hour and more hence, and it says nothing else of the time.
    let exchange = fake_peer::Exchange::start();
    exchange.behave(Manners::Tells(exchange.keys_issued_in(&exchange.master, "", 7300)));
    let visit = visit(&shop(IBAN), &with_base_url(&exchange.settings()));
    assert_eq!(visit.status, 1, "{}", visit.text());
    let (line, remedy) = visit.line("FAIL  clock: ");
    assert!(line.ends_with(" 2 h behind the exchanges' clocks"), "{line}");
    assert!(remedy.contains("timedatectl"), "{remedy}");
}

#[test]
fn a_shop_without_an_account_and_a_file_without_a_shop_fail() {
    let place = Place::new();
    place.instance("admin");
    let found = visit(&place, "");
    assert_eq!(found.status, 1, "{}", found.text());
    let (_, remedy) = found.line("FAIL  accounts: instance admin has none in use");
    assert!(remedy.starts_with("tilld account add admin 'payto://"), "{remedy}");

    place.ok(&["instance", "delete", "admin", "--purge"]);
    let found = visit(&place, "");
    assert_eq!(found.status, 1, "{}", found.text());
    assert_eq!(found.line("FAIL  instances: ").1, "create the first one: tilld passwd admin");
}

#[test]
fn an_order_of_the_future_is_found() {
    let shop = Shop::new();
    shop.order(&json!({ "order": { "summary": "Tea", "amount": "KUDOS:1" } }));
    let db = rusqlite::Connection::open(shop.place.db()).unwrap();
    db.execute_batch("UPDATE orders SET created_at_s = created_at_s + 864000").unwrap();
    let visit = visit(&shop.place, "");
    assert_eq!(visit.status, 1, "{}", visit.text());
    let (line, _) = visit.line("FAIL  clock: ");
    assert!(line.contains("the newest entry in the database is"), "{line}");
}

#[test]
fn rights_that_let_others_in_are_found() {
    let place = shop(IBAN);
    fs::set_permissions(place.db(), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(place.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let visit = visit(&place, "");
    assert_eq!(visit.status, 1, "{}", visit.text());
    assert!(visit.line("FAIL  file: ").1.starts_with("chmod 600 "));
    assert!(visit.line("warn  folder: ").1.contains("chmod 700 "));
}

#[test]
fn a_time_zone_that_is_none_is_found() {
    let place = Place::new();
    let run = |zone: &str| {
        let mut command = tilld();
        command.arg("--database").arg(place.db()).arg("doctor").env("TZ", zone);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let text = run("Mars/Olympus");
    assert!(text.contains("warn  time zone: the time zone TZ=Mars/Olympus is not known"), "{text}");
    assert!(text.contains("tzdata"), "{text}");
    assert!(!run("UTC").contains("time zone"));

    // Each shop may have its own.
    place.instance("admin");
    let store = rusqlite::Connection::open(place.db()).unwrap();
    for (zone, is_known) in [("Europe/Berlin", true), ("Mars/Olympus", false)] {
        store.execute_batch(&format!("UPDATE instances SET time_zone = '{zone}'")).unwrap();
        let said = run("UTC").contains("time zone: shop admin uses Mars/Olympus");
        assert_eq!(said, !is_known, "{zone}");
    }
}

#[test]
fn a_database_that_is_missing_is_not_made() {
    let place = Place::new();
    let found = visit(&place, "");
    assert_eq!(found.status, 4, "{}", found.text());
    assert!(found.line("FAIL  database: none at ").1.contains("tilld passwd admin --create"));
    assert_eq!(files(place.dir.path()), BTreeMap::new());
    fs::remove_dir(place.dir.path()).unwrap();
    let found = visit(&place, "");
    assert_eq!(found.status, 4, "whatever the place is: {}", found.text());
    found.line("FAIL  disk: the folder ");
    fs::create_dir(place.dir.path()).unwrap();
}

#[test]
fn a_file_that_is_not_ours_or_damaged_ends_with_the_stores_status_after_all_else_was_told() {
    let place = Place::new();
    fs::write(place.db(), "dear customer").unwrap();
    let found = visit(&place, "");
    assert_eq!(found.status, 4, "{}", found.text());
    assert!(found.line("FAIL  database: ").0.contains("is not a database of tilld"));
    found.line("warn  exchanges: ");
    assert!(found.lines.last().unwrap().starts_with("problems found: "));
    assert_eq!(files(place.dir.path()).len(), 1);

    let place = shop(IBAN);
    let mut content = fs::read(place.db()).unwrap();
    content[4096..8192].fill(0xA5);
    fs::write(place.db(), &content).unwrap();
    let found = visit(&place, "");
    assert_eq!(found.status, 4, "{}", found.text());
    assert!(found.line("FAIL  database: ").1.contains("tilld restore"), "{}", found.text());
    assert!(fs::read(place.db()).unwrap() == content);
}

#[test]
fn a_file_of_an_older_version_is_looked_at_and_not_brought_up_to_date() {
    let place = shop(IBAN);
    let db = rusqlite::Connection::open(place.db()).unwrap();
    db.pragma_update(None, "user_version", VERSION - 1).unwrap();
    db.close().unwrap();
    let found = visit(&place, "");
    assert_eq!(found.status, 0, "{}", found.text());
    assert!(found.line("warn  database: ").0.contains(&format!("has schema {}", VERSION - 1)));
    let db = rusqlite::Connection::open(place.db()).unwrap();
    let version: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, VERSION - 1);
}

#[test]
fn settings_that_cannot_be_read_end_it_as_they_end_every_command() {
    let place = shop(IBAN);
    for settings in ["[server]\nbase_url = 'https://shop.example'\n", "[sevrer]\n"] {
        assert_eq!(visit(&place, settings).status, 3, "{settings}");
    }
    assert_eq!(place.fails(&["doctor", "--hard"]).0, 2);
}
