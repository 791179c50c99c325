//! Exports: they contain all sales, and their sums are those of the pages.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use taler::amount::Amount;

use super::{Visitor, office, store, tamper};

/// When 2026-10-25 begins in Berlin. It has 25 hours there.
const BEGIN: i64 = 1_792_879_200;
const END: i64 = BEGIN + 25 * 3600;

/// The cells of a CSV file, line by line (RFC 4180).
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut lines, mut line, mut cell, mut quoted) =
        (Vec::new(), Vec::new(), String::new(), false);
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '"' if quoted && signs.peek() == Some(&'"') => cell.push(signs.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => line.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {
                assert_eq!(signs.next(), Some('\n'));
                line.push(std::mem::take(&mut cell));
                lines.push(std::mem::take(&mut line));
            }
            other => cell.push(other),
        }
    }
    assert!(cell.is_empty() && line.is_empty(), "the last line ends like the others");
    lines
}

fn export(clerk: &Visitor, ledger: &str, format: &str, day: &str, zone: &str) -> String {
    let zone = zone.replace('/', "%2F");
    let query = format!("ledger={ledger}&format={format}&from={day}&until={day}&zone={zone}");
    let page = clerk.get(&format!("/webui/export-file?{query}"));
    assert_eq!(page.status, 200, "{page:?}");
    let name = format!("attachment; filename=\"{ledger}-{day}-{day}.{format}\"");
    assert_eq!(page.headers["content-disposition"], name);
    page.text
}

/// The sum of the amounts in a CSV file, all in euro, and how many there are.
fn sum(csv: &str) -> (String, usize) {
    let lines = cells(csv);
    let at = |name: &str| lines[0].iter().position(|column| column == name).unwrap();
    let (currency, amount) = (at("currency"), at("amount"));
    let amounts: Vec<_> = lines[1..]
        .iter()
        .map(|line| Amount::parse(format!("{}:{}", line[currency], line[amount])).unwrap())
        .collect();
    let euro = *Amount::parse("EUR:0").unwrap().currency();
    (Amount::sum(euro, &amounts).unwrap().to_string(), amounts.len())
}

#[test]
fn sums_are_those_of_the_rows_also_when_the_clock_is_changed() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let store = store(&shop.place);
    // A second before the day, its first, the hour that comes twice, its last, a second after.
    let prices = ["100", "0.1", "0.20000001", "3.3", "1000"];
    for (price, at) in prices.iter().zip([BEGIN - 1, BEGIN, BEGIN + 9000, END - 1, END]) {
        let order = json!({ "order": { "summary": "Bread", "amount": format!("EUR:{price}") },
            "refund_delay": { "d_us": 86_400_000_000_u64 } });
        let id = shop.sold(&order);
        assert_eq!(shop.refund(&id, "EUR:0.05").status, 200);
        let sql = "UPDATE orders SET created_at_s = {at}, paid_at_s = {at} WHERE order_id = '{id}'";
        tamper(&store, &sql.replace("{at}", &at.to_string()).replace("{id}", &id));
        let order = format!("(SELECT serial FROM orders WHERE order_id = '{id}')");
        let sql = format!("UPDATE refunds SET granted_at_s = {at} WHERE order_serial = {order}");
        tamper(&store, &sql);
    }
    let (day, berlin) = ("2026-10-25", "Europe/Berlin");
    for ledger in ["orders", "payments"] {
        let total = sum(&export(&clerk, ledger, "csv", day, berlin));
        assert_eq!(total, ("EUR:3.60000001".to_owned(), 3), "{ledger}");
    }
    let total = sum(&export(&clerk, "refunds", "csv", day, berlin));
    assert_eq!(total, ("EUR:0.15".to_owned(), 3));
    let page = clerk.get("/webui/export?from=2026-10-25&until=2026-10-25&zone=Europe%2FBerlin");
    for text in
        ["Paid (3)", "3.60000001\u{a0}€", "Refunded (3)", "−0.15\u{a0}€", "3.45000001\u{a0}€"]
    {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    // The same day elsewhere is another one.
    let elsewhere = |zone| sum(&export(&clerk, "payments", "csv", day, zone)).0;
    assert_eq!(elsewhere("UTC"), "EUR:1003.50000001");
    assert_eq!(elsewhere("Pacific/Kiritimati"), "EUR:100.30000001");
    let whole = "/webui/export-file?ledger=payments&format=csv&from=2026-10-24&until=2026-10-26&zone=Europe%2FBerlin";
    assert_eq!(sum(&clerk.get(whole).text), ("EUR:1103.60000001".to_owned(), 5));
    let lines = export(&clerk, "payments", "jsonl", day, berlin);
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let times: Vec<_> = rows.iter().map(|row| row["paid_at"].as_str().unwrap()).collect();
    assert_eq!(
        times,
        ["2026-10-25T00:00:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T23:59:59+01:00"]
    );
    assert!(rows.iter().all(|row| row["method"] == "cash"));
}

#[test]
fn a_long_day_is_exported_whole_and_each_sale_once() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let id = shop.sold(&json!({ "order": { "summary": "Bread", "amount": "EUR:0.1" } }));
    // 1,500 more in three seconds, so that pages end within a second.
    store(&shop.place).execute_batch(&format!(
        "CREATE TEMP TABLE more AS WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1500)
             SELECT orders.*, n FROM orders, n WHERE order_id = '{id}';
         UPDATE more SET serial = NULL, order_id = 'copy-' || n, paid_at_s = {BEGIN} + n % 3, created_at_s = {BEGIN} + n % 3;
         ALTER TABLE more DROP COLUMN n;
         INSERT INTO orders SELECT * FROM more;"
    )).unwrap();
    for ledger in ["orders", "payments"] {
        let csv = export(&clerk, ledger, "csv", "2026-10-25", "Europe/Berlin");
        assert_eq!(sum(&csv), ("EUR:150".to_owned(), 1500), "{ledger}");
        let mut names: Vec<_> = cells(&csv).into_iter().map(|mut line| line.remove(0)).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 1501, "{ledger}");
    }
    let page = clerk.get("/webui/export?from=2026-10-25&until=2026-10-25&zone=Europe%2FBerlin");
    assert!(
        page.text.contains("Paid (1500)") && page.text.contains("150.00\u{a0}€"),
        "{}",
        page.text
    );
}

/// Says that it is over when it is dropped, also by a test that fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn what_is_exported_together_is_of_one_moment_while_the_shop_goes_on_selling() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let order = json!({ "order": { "summary": "Bread", "amount": "EUR:1" },
        "refund_delay": { "d_us": 86_400_000_000_u64 } });
    let id = shop.sold(&order);
    // So many that they are read in several steps.
    store(&shop.place)
        .execute_batch(&format!(
            "CREATE TEMP TABLE more AS WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1200)
                 SELECT orders.*, n FROM orders, n WHERE order_id = '{id}';
             UPDATE more SET serial = NULL, order_id = 'copy-' || n;
             ALTER TABLE more DROP COLUMN n;
             INSERT INTO orders SELECT * FROM more;"
        ))
        .unwrap();
    let days = "from=2020-01-01&until=2100-01-01&zone=UTC";
    let all = format!("/webui/export-file?ledger=all&format=jsonl&{days}");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let id = shop.sold(&order);
                assert_eq!(shop.refund(&id, "EUR:0.25").status, 200);
            }
        });
        let stop = Stop(&is_over);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..8 {
            let page = clerk.get(&all);
            assert_eq!(page.status, 200, "{page:?}");
            let rows: Vec<Value> =
                page.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let of = |ledger: &'static str| rows.iter().filter(move |row| row["ledger"] == ledger);
            let paid = of("orders").filter(|row| row["state"] != "unpaid").count();
            let refunded = of("orders").filter(|row| row["refunded"] != "0").count();
            assert_eq!(of("payments").count(), paid, "each paid order has its payment");
            assert_eq!(of("refunds").count(), refunded, "each refund is in its order");
            seen.insert(paid);
        }
        drop(stop);
        assert!(seen.len() > 2, "it went on selling: {seen:?}");
    });
    let left: Vec<_> = std::fs::read_dir(shop.place.db().parent().unwrap())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("tilld.db"))
        .collect();
    assert_eq!(left, [""; 0], "nothing is left of what was put aside");
}

#[test]
fn a_spreadsheet_takes_no_text_for_a_formula() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let texts =
        ["=HYPERLINK(\"http://evil.example\")", "+1", "-1", "@SUM(1)", "a, \"b\"; c", "fine"];
    for text in texts {
        shop.made(&json!({ "order": { "summary": text, "amount": "EUR:1" } }));
    }
    let query = "ledger=orders&format=csv&from=2020-01-01&until=2100-01-01&zone=UTC";
    let page = clerk.get(&format!("/webui/export-file?{query}"));
    assert_eq!(page.headers["content-type"], "text/csv; charset=utf-8; header=present");
    let lines = cells(&page.text);
    let summaries: Vec<_> = lines[1..].iter().map(|line| line[2].as_str()).collect();
    assert_eq!(
        summaries,
        ["'=HYPERLINK(\"http://evil.example\")", "'+1", "'-1", "'@SUM(1)", "a, \"b\"; c", "fine"]
    );
}

#[test]
fn a_spreadsheet_gets_numbers_times_and_texts_in_the_manner_of_its_reader() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    for (id, amount) in [("0012", "EUR:1234.5"), ("3-4", "EUR:0.20000001"), ("A1", "EUR:7")] {
        let order = json!({ "order_id": id, "summary": "Brötchen; \"fein\"", "amount": amount });
        shop.made(&json!({ "order": order }));
    }
    let store = store(&shop.place);
    tamper(&store, &format!("UPDATE orders SET created_at_s = {}", BEGIN + 9000));
    let days = "from=2026-10-25&until=2026-10-25&zone=Europe%2FBerlin";
    let local = |language: &str| {
        let path = format!("/webui/export-file?ledger=orders&format=local-csv&{days}");
        let page = clerk.ask("GET", &path, None, &[("Accept-Language", language)]);
        assert_eq!(page.status, 200, "{page:?}");
        assert_eq!(page.headers["content-type"], "text/csv; charset=utf-8; header=present");
        page.text
    };
    let row = |separator: &str, cells: [&str; 10]| cells.join(separator);
    let summary = "\"Brötchen; \"\"fein\"\"\"";
    let time = "2026-10-25 02:30:00";
    for (language, mark, separator, zero) in
        [("de", ",", ";", "0,00"), ("en", ".", ",", "0.00"), ("de-CH", ".", ";", "0.00")]
    {
        let number = |text: &str| text.replace('.', mark);
        let lines =
            [("'0012", number("1234.50")), ("'3-4", number("0.20000001")), ("A1", number("7.00"))]
                .map(|(id, amount)| {
                    row(
                        separator,
                        [id, time, summary, "EUR", &amount, "unpaid", "", zero, zero, ""],
                    )
                });
        let (heading, rest) =
            local(language).split_once("\r\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        assert!(heading.starts_with("\u{feff}order_id"), "{language}: {heading}");
        assert_eq!(rest, lines.join("\r\n") + "\r\n", "{language}");
    }
    for ledger in ["orders", "payments", "refunds", "taxes", "all"] {
        for format in ["xlsx", "ods"] {
            let path = format!("/webui/export-file?ledger={ledger}&format={format}&{days}");
            let page = clerk.get(&path);
            assert_eq!(page.status, 200, "{ledger}");
            let name = format!("attachment; filename=\"{ledger}-2026-10-25-2026-10-25.{format}\"");
            assert_eq!(page.headers["content-disposition"], name);
            assert!(page.text.starts_with("PK"), "{ledger}: an archive, as the format wants it");
        }
    }
    let bad = format!("/webui/export-file?ledger=all&format=local-csv&{days}");
    assert_eq!(clerk.get(&bad).status, 400);
    let left: Vec<_> = std::fs::read_dir(shop.place.db().parent().unwrap())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("tilld.db"))
        .collect();
    assert_eq!(left, [""; 0], "nothing is left of what was put aside");
}

#[test]
fn what_makes_no_sense_is_not_exported() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let good = "ledger=orders&format=csv&from=2026-01-01&until=2026-01-02&zone=UTC";
    assert_eq!(clerk.get(&format!("/webui/export-file?{good}")).status, 200);
    for (part, bad) in [
        ("ledger=orders", "ledger=tokens"),
        ("ledger=orders", "ledger=all"),
        ("format=csv", "format=zip"),
        ("format=csv", "format=pdf"),
        ("zone=UTC", "zone=..%2F..%2Fetc%2Fpasswd"),
        ("from=2026-01-01", "from=2026-02-30"),
        ("from=2026-01-01", "from=2026-01-03"),
        ("zone=UTC", "zone="),
    ] {
        let page = clerk.get(&format!("/webui/export-file?{}", good.replace(part, bad)));
        assert_eq!(page.status, 400, "{bad}");
    }
}

#[test]
fn a_refund_form_sent_twice_gives_back_once() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let order = json!({ "order": { "summary": "Bread", "amount": "EUR:10" }, "refund_delay": { "d_us": 86_400_000_000_u64 } });
    let id = shop.sold(&order);
    let path = format!("/webui/orders/{id}/refund");
    let inputs = [("granted", "EUR:0"), ("amount", "2.5"), ("reason", "Stale")];
    let page = clerk.post(&path, &inputs);
    assert_eq!(
        (page.status, page.location()),
        (303, format!("/webui/orders/{id}?said=refunded").as_str())
    );
    let page = clerk.post(&path, &inputs);
    assert_eq!(page.status, 409);
    assert!(page.text.contains("changed meanwhile") && page.text.contains("Stale"));
    assert_eq!(shop.status(&id, "")["refund_amount"], "EUR:2.5");
    for (amount, text) in [
        ("8", "more than the price"),
        ("0", "above zero"),
        ("1.234", "at most 2 digits"),
        ("x", "above zero"),
    ] {
        let page =
            clerk.post(&path, &[("granted", "EUR:2.5"), ("amount", amount), ("reason", "x")]);
        assert!([400, 409].contains(&page.status), "{amount}");
        assert!(page.text.contains(text), "{amount}: {}", page.text);
    }
    assert_eq!(shop.status(&id, "")["refund_amount"], "EUR:2.5");
}

#[test]
fn the_list_is_paged_both_ways_and_searched() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let ids: Vec<_> = (0..60)
        .map(|n| {
            shop.made(
                &json!({ "order": { "summary": format!("Thing {n:02}"), "amount": "EUR:1" } }),
            )
            .0
        })
        .collect();
    let things = |path: &str| -> (Vec<String>, String) {
        let page = clerk.get(path);
        assert_eq!(page.status, 200, "{path}");
        let found =
            page.text.split("class=\"what\">Thing ").skip(1).map(|rest| rest[..2].to_owned());
        (found.collect(), page.text)
    };
    let link = |text: &str, rel: &str| -> Option<String> {
        let (_, rest) = text.split_once(&format!("rel=\"{rel}\" href=\""))?;
        Some(rest.split('"').next().unwrap().replace("&#38;", "&"))
    };
    let (first, text) = things("/webui/orders?q=thing");
    assert_eq!((first.len(), first[0].as_str(), first[24].as_str()), (25, "59", "35"));
    assert!(link(&text, "prev").is_none());
    let (second, text) = things(&link(&text, "next").unwrap());
    assert_eq!((second.len(), second[0].as_str()), (25, "34"));
    let (third, last) = things(&link(&text, "next").unwrap());
    assert_eq!((third.len(), third[9].as_str()), (10, "00"));
    assert!(link(&last, "next").is_none());
    assert_eq!(things(&link(&last, "prev").unwrap()).0, second);
    assert_eq!(things(&link(&text, "prev").unwrap()).0, first);
    assert_eq!(things("/webui/orders?q=THING+07").0, ["07"]);
    assert_eq!(things("/webui/orders?show=paid").0.len(), 0);
    assert_eq!(things("/webui/orders?until=2020-01-01").0.len(), 0);
    let page = clerk.get(&format!("/webui/orders?q={}", ids[5]));
    assert_eq!((page.status, page.location()), (303, format!("/webui/orders/{}", ids[5]).as_str()));
}

#[test]
fn utc_is_a_zone_where_no_list_of_zones_is_installed() {
    let place = crate::common::Place::new();
    place.passwd("admin", super::PASSWORD);
    // A machine without tzdata: its folder is hidden from the daemon.
    let mut command = std::process::Command::new("unshare");
    command.arg("--mount");
    if std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) != 0 {
        command.args(["--user", "--map-root-user"]);
    }
    let script = "for zones in /usr/share/zoneinfo /usr/share/lib/zoneinfo /etc/zoneinfo; do \
                  [ ! -d $zones ] || mount -t tmpfs none $zones; done; \
                  exec \"$0\" --database \"$1\" serve --listen 127.0.0.1:0";
    command.args(["sh", "-c", script, env!("CARGO_BIN_EXE_tilld")]).arg(place.db());
    command.env_remove("TZ").env_remove("TZDIR").stdin(std::process::Stdio::null());
    let daemon = crate::common::Daemon::start(command);
    let clerk = Visitor::seated(&daemon.address, "admin");
    let days = "ledger=orders&format=csv&from=2026-01-01&until=2026-01-02";
    for zone in ["UTC", "utc", "Etc%2FUTC"] {
        let page = clerk.get(&format!("/webui/export-file?{days}&zone={zone}"));
        assert_eq!(page.status, 200, "{zone}: {page:?}");
    }
    assert!(clerk.get("/webui/export").text.contains("UTC"));
}

/// Sets when the days of the shop end, by the form of its details.
fn set_business_day(clerk: &Visitor, zone: &str, hour: &str) -> super::Page {
    let inputs = [("name", "Bar"), ("time_zone", zone), ("day_end_hour", hour)];
    clerk.post("/webui/details", &inputs)
}

#[test]
fn a_bars_night_belongs_to_the_day_before() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    assert_eq!(set_business_day(&clerk, "Europe/Berlin", "4").status, 303);
    let store = store(&shop.place);
    // In Berlin: 24 October at 03:59:59 and 04:00:00, 25 October at 03:59:59 (of a night with 25 hours)
    // and 04:00:00.
    let night = BEGIN + 5 * 3600;
    let prices = ["1000", "1", "2", "100"];
    let mut ids = Vec::new();
    for (price, at) in
        prices.iter().zip([night - 25 * 3600 - 1, night - 25 * 3600, night - 1, night])
    {
        let summary = format!("Beer for {price}");
        let id = shop
            .sold(&json!({ "order": { "summary": summary, "amount": format!("EUR:{price}") } }));
        let sql = "UPDATE orders SET created_at_s = {at}, paid_at_s = {at} WHERE order_id = '{id}'";
        tamper(&store, &sql.replace("{at}", &at.to_string()).replace("{id}", &id));
        ids.push(id);
    }
    let (day, berlin) = ("2026-10-24", "Europe/Berlin");
    for ledger in ["orders", "payments"] {
        assert_eq!(
            sum(&export(&clerk, ledger, "csv", day, berlin)),
            ("EUR:3".to_owned(), 2),
            "{ledger}"
        );
    }
    // The form suggests the shop's zone, and its sums are of the same days.
    let page = clerk.get("/webui/export");
    assert!(page.text.contains("name=\"zone\" value=\"Europe/Berlin\""), "{}", page.text);
    let page = clerk.get(&format!("/webui/export?from={day}&until={day}"));
    assert!(page.text.contains("Paid (2)") && page.text.contains("3.00\u{a0}€"), "{}", page.text);
    // So are those of the list.
    let page = clerk.get(&format!("/webui/orders?from={day}&until={day}"));
    let listed = |price: &str| page.text.contains(&format!(">Beer for {price}<"));
    assert_eq!(prices.map(listed), [false, true, true, false], "{}", page.text);
    // Times are told by the clock there, to the shop and to its customers.
    assert!(page.text.contains("2026-10-25 03:59 CET"), "{}", page.text);
    let order = clerk.get(&format!("/webui/orders/{}", ids[3]));
    assert!(order.text.contains("2026-10-25 04:00 CET"), "{}", order.text);
    let url = shop.status(&ids[3], "")["order_status_url"].as_str().unwrap().to_owned();
    let receipt = format!("/orders/{}", url.split_once("/orders/").unwrap().1);
    let receipt = clerk.ask("GET", &receipt, None, &[("Accept", "text/html")]);
    assert_eq!(receipt.status, 200, "{receipt:?}");
    assert!(receipt.text.contains("2026-10-25 04:00 CET"), "{}", receipt.text);
}

#[test]
fn todays_total_is_of_the_shops_own_day() {
    use jiff::{Timestamp, ToSpan, tz::TimeZone};
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let store = store(&shop.place);
    let zone = TimeZone::get("Pacific/Kiritimati").unwrap();
    // The day began half a day ago, so that it does not end while this runs.
    let begin = Timestamp::now().to_zoned(zone.clone()).checked_sub(12.hours()).unwrap();
    let begin =
        begin.date().to_datetime(jiff::civil::time(begin.hour(), 0, 0, 0)).to_zoned(zone).unwrap();
    assert_eq!(
        set_business_day(&clerk, "Pacific/Kiritimati", &begin.hour().to_string()).status,
        303
    );
    let begin = begin.timestamp().as_second();
    for (price, at) in [("5", begin - 1), ("3", begin)] {
        let id =
            shop.sold(&json!({ "order": { "summary": "Beer", "amount": format!("EUR:{price}") } }));
        tamper(&store, &format!("UPDATE orders SET paid_at_s = {at} WHERE order_id = '{id}'"));
    }
    let page = clerk.get("/webui/till");
    assert!(page.text.contains("Paid (1)") && page.text.contains("3.00\u{a0}€"), "{}", page.text);
}

#[test]
fn a_business_day_that_makes_no_sense_is_asked_for_again() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    assert_eq!(set_business_day(&clerk, "Europe/Berlin", "4").status, 303);
    for (zone, hour, why) in [
        ("Mars/Olympus", "4", "There is no such time zone"),
        ("../etc/passwd", "4", "There is no such time zone"),
        ("Europe/Zürich", "4", "There is no such time zone"),
        ("Europe/Berlin", "24", "from 0 to 23"),
        ("Europe/Berlin", "-1", "from 0 to 23"),
        ("Europe/Berlin", "4:30", "from 0 to 23"),
    ] {
        let page = set_business_day(&clerk, zone, hour);
        assert_eq!(page.status, 400, "{zone} {hour}: {page:?}");
        assert!(page.text.contains(why), "{zone} {hour}: {}", page.text);
    }
    // What clients of the protocol change, and do not know of, stays; it is no reason to refuse them.
    let shown = || shop.place.ok(&["instance", "show", "admin"]);
    let kept = ["Europe/Berlin", "04:00"];
    assert!(kept.iter().all(|text| shown().contains(text)), "{}", shown());
    let reply =
        shop.patch("/private", &json!({ "name": "Bar", "address": {}, "jurisdiction": {} }));
    assert_eq!(reply.status, 204, "{reply:?}");
    assert!(kept.iter().all(|text| shown().contains(text)), "{}", shown());
    // One that the machine has forgotten since is told, and keeps nobody from changing other things.
    tamper(&store(&shop.place), "UPDATE instances SET time_zone = 'Mars/Olympus'");
    let page = clerk.get("/webui/details");
    assert!(page.status == 200 && page.text.contains("There is no such time zone"), "{page:?}");
    assert_eq!(clerk.get("/webui/till").status, 200);
    assert_eq!(
        shop.patch("/private", &json!({ "name": "Pub", "address": {}, "jurisdiction": {} })).status,
        204
    );
    assert_eq!(set_business_day(&clerk, "Mars/Olympus", "4").status, 303);
    assert_eq!(set_business_day(&clerk, "Mars/Olympus", "5").status, 400);
    // Left empty, it is the daemon's zone and midnight.
    assert_eq!(set_business_day(&clerk, "", "").status, 303);
    assert!(shown().contains("the daemon's") && shown().contains("00:00"), "{}", shown());
}
