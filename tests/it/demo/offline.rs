//! `tilld demo` where there is no network at all: the whole story, told by a wallet at the command
//! line.
//!
//! The test runs itself again in a network namespace of its own, in which there is nothing but
//! the machine itself. That takes `unshare` of util-linux, and `ip` of iproute2; a machine that
//! has them not, or does not let us, fails the test.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use taler::amount::Amount;

use super::{Demo, attribute, csrf_token};
use crate::wallet::command_line::run;

/// Set for the one that runs in the empty network.
const INSIDE: &str = "TILLD_TEST_WITHOUT_NETWORK";

#[test]
fn the_demo_needs_no_network() {
    if std::env::var_os(INSIDE).is_some() {
        return story();
    }
    let mut command = Command::new("unshare");
    command.arg("--net");
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        command.args(["--user", "--map-root-user"]);
    }
    let script =
        "ip link set lo up && exec \"$0\" --exact demo::offline::the_demo_needs_no_network";
    command.args(["sh", "-c", script]).arg(std::env::current_exe().unwrap());
    let output = command.env(INSIDE, "1").output().expect("unshare of util-linux is needed");
    let (said, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{errors}");
}

/// The only interface is the machine itself, and no way leads out.
fn assert_alone() {
    let devices = fs::read_to_string("/proc/self/net/dev").unwrap();
    let names: Vec<_> = devices.lines().filter_map(|line| line.split_once(':')).collect();
    assert_eq!(names.iter().map(|(name, _)| name.trim()).collect::<Vec<_>>(), ["lo"]);
    let routes = fs::read_to_string("/proc/self/net/route").unwrap();
    assert_eq!(routes.lines().count(), 1, "{routes}");
}

/// What the wallet says to a command that must succeed.
fn ok(dir: &Path, args: &[&str]) -> String {
    let (status, said) = run(dir, args);
    assert_eq!(status, 0, "{args:?}: {said}");
    said
}

/// The address for wallets on a page that begins so.
fn link(page: &str, start: &str) -> String {
    let at = page.find(start).unwrap_or_else(|| panic!("no {start}: {page}"));
    let link = page[at..].split(['"', '<', ' ']).next().unwrap();
    link.replace("&#38;", "&").replace("&amp;", "&")
}

fn units(amount: &str) -> u64 {
    let amount = Amount::parse(amount).unwrap();
    amount.value() * 100_000_000 + u64::from(amount.fraction())
}

/// What the wallet has, which the exchange must agree with.
fn balance(demo: &Demo, dir: &Path) -> String {
    let ledger = demo.get(&format!("{}sandbox/ledger", demo.exchange)).json();
    let of = |name: &str| units(ledger[name].as_str().unwrap());
    let parts = ["reserves", "coins", "merchants", "fees"].map(of);
    assert_eq!(parts.iter().sum::<u64>(), of("topped_up"), "{ledger}");
    let said = ok(dir, &["balance"]);
    let has = said.split(' ').next().unwrap().to_owned();
    assert_eq!(units(&has), of("coins"), "{said}: {ledger}");
    has
}

fn story() {
    assert_alone();
    let home = tempfile::tempdir().unwrap();
    let demo = Demo::start(&home.path().join("demo"), "127.0.0.1:0");
    let front = demo.opened();
    let customer = home.path().join("customer");
    let wallet = |args: &[&str]| ok(&customer, args);
    wallet(&["--exchange", &demo.exchange, "withdraw", "KUDOS:60"]);
    assert_eq!(balance(&demo, &customer), "KUDOS:60");

    // Everything on the shelf; with the first one, everybody who can wait for it.
    let mut sold = Vec::new();
    for (item, delivery) in [
        ("coffee", "Here is your coffee"),
        ("book", "Chapter one"),
        ("ticket", "Doors open at eight"),
    ] {
        let form = format!("csrf_token={}&item={item}", csrf_token(&front));
        let reply = demo.post(&format!("{}buy", demo.shop), &form);
        assert_eq!(reply.status, 303, "{reply:?}");
        let at = reply.headers["location"].clone();
        let id = at.rsplit('/').next().unwrap().to_owned();
        let offer = demo.page(&at);
        let uri = link(&offer, "taler+http://pay/");
        // Shown once, so that it is claimed and can be waited for by its contract.
        let session = uri.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
        let goods = format!("{}goods/{id}", demo.shop);
        let encoded = goods.replace(':', "%3A").replace('/', "%2F");
        let poll = attribute(&offer, "data-poll");
        let waiting = [
            format!("{}&timeout_ms=25000", poll.trim_start_matches('/')),
            format!("sessions/{session}?fulfillment_url={encoded}&timeout_ms=25000"),
        ];
        let legacy = format!("check-payment?order_id={id}&session_id={session}&timeout=25");
        let token = &demo.token;
        let wait = |path| {
            let url = format!("{}{path}", demo.api);
            let request = demo.client.get(url).bearer_auth(token);
            std::thread::spawn(move || crate::common::Reply::of(request.send().unwrap()))
        };
        let waiting = waiting.map(wait);
        let legacy = cfg!(feature = "legacy").then(|| wait(legacy));
        let said = wallet(&["pay", &uri]);
        assert!(said.starts_with("paid KUDOS:"), "{said}");
        let [order, by_session] = waiting.map(|poll| poll.join().unwrap());
        assert!(matches!(order.status, 200 | 202), "{order:?}");
        assert_eq!(
            (by_session.status, by_session.json()["order_id"].as_str()),
            (200, Some(&*id)),
            "{by_session:?}"
        );
        if let Some(legacy) = legacy.map(|poll| poll.join().unwrap()) {
            assert_eq!((legacy.status, &legacy.json()["paid"]), (200, &true.into()), "{legacy:?}");
        }
        assert!(demo.page(&goods).contains(delivery));
        sold.push(at);
    }

    // The article, which its paywall gives free at once.
    let article = format!("{}article", demo.shop);
    let paywall = demo.page(&article);
    assert!(!paywall.contains("Smell your browser"));
    let poll = attribute(&paywall, "data-poll");
    let poll = demo.waiting(&format!("{}&timeout_ms=25000", poll.trim_start_matches('/')));
    wallet(&["use-template", &link(&paywall, "taler+http://pay-template/")]);
    assert_eq!(poll.join().unwrap().status, 200);
    assert!(demo.page(&article).contains("Smell your browser"));

    // A tip of two, as the jar suggests.
    let jar = link(&demo.page(&demo.shop), "taler+http://pay-template/");
    wallet(&["use-template", &jar, "--amount", "KUDOS:2"]);
    // 60 less 2.50, 12, 25, 0.50 and 2, and a hundredth for each of six large coins: the shop bears
    // no fees. To change five coins costs two hundredths each, and one of the new ones another.
    assert_eq!(balance(&demo, &customer), "KUDOS:17.83");

    // Half of the coffee goes back, less what the exchange takes for it.
    let id = sold[0].rsplit('/').next().unwrap();
    demo.press(&demo.page(&sold[0]), &format!("/shop/orders/{id}/refund"));
    let sale = demo.page(&sold[0]);
    let refund = link(&sale, "taler+http://refund/");
    let said = wallet(&["refund", &refund]);
    assert_eq!(said, format!("refunded KUDOS:1.24 for order {id}"));
    assert_eq!(balance(&demo, &customer), "KUDOS:19.05");
    assert!(demo.page(&sold[0]).contains("1.25\u{a0}KUDOS of it went back"));
    let said = wallet(&["refund", &refund]);
    assert_eq!(said, format!("no new refund for order {id}"));

    let orders = demo.client.get(format!("{}private/orders?paid=yes", demo.api));
    let orders = crate::common::Reply::of(orders.bearer_auth(&demo.token).send().unwrap());
    assert_eq!(orders.json()["orders"].as_array().unwrap().len(), 5, "{orders:?}");
    demo.stop();
}
