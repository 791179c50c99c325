//! `tilld wallet …`

use std::path::Path;

use serde_json::json;

use crate::common::exchange::Exchange;
use crate::common::merchant::Merchant;
use crate::common::tilld;

/// Exit status, and what was said to people: the results, or what went wrong.
pub(crate) fn run(dir: &Path, args: &[&str]) -> (i32, String) {
    let output = tilld().args(["wallet", "--data-dir"]).arg(dir).args(args).output().unwrap();
    let status = output.status.code().unwrap();
    let said = if status == 0 { output.stdout } else { output.stderr };
    (status, String::from_utf8(said).unwrap().trim_end().to_owned())
}

#[test]
fn a_customer_withdraws_pays_and_is_refunded() {
    let exchange = Exchange::start();
    let merchant = Merchant::start(&exchange);
    let dir = tempfile::tempdir().unwrap();
    let (dir, url) = (dir.path().join("demo"), exchange.base_url());
    assert_eq!(
        run(&dir, &["balance"]),
        (0, "no money yet; get some with: tilld wallet withdraw KUDOS:20".into())
    );
    assert_eq!(
        run(&dir, &["--exchange", url, "withdraw", "KUDOS:0.4"]),
        (0, "withdrew KUDOS:0.4; new balance KUDOS:0.4".into())
    );
    assert_eq!(run(&dir, &["balance"]), (0, format!("KUDOS:0.4 of {url}")));
    let page = json!({ "fulfillment_url": "https://tea.example/" });
    let uri = merchant.order(&exchange, "O-1", "0.3", &page);
    assert_eq!(
        run(&dir, &["pay", &uri, "--session", "S1"]),
        (0, "paid KUDOS:0.3 for \"Tea\" (order O-1): https://tea.example/".into())
    );
    assert_eq!(merchant.session("O-1"), "S1");
    assert_eq!(
        run(&dir, &["pay", &uri]),
        (0, "\"Tea\" was paid before (order O-1): https://tea.example/".into())
    );
    merchant.grant("O-1", 0, 1, "0.01");
    let refund = merchant.refund_uri("O-1");
    assert_eq!(run(&dir, &["refund", &refund]), (0, "refunded KUDOS:0.01 for order O-1".into()));
    assert_eq!(run(&dir, &["refund", &refund]), (0, "no new refund for order O-1".into()));
    let (status, said) = run(&dir, &["abort", &uri]);
    let paid = "tilld: that order is paid, and a payment that has arrived cannot be called off; the \
                shop can refund it, and then: tilld wallet refund";
    assert_eq!((status, said.as_str()), (1, paid));
    let other = merchant.order(&exchange, "O-2", "0.3", &page);
    let (status, said) = run(&dir, &["abort", &other]);
    assert_eq!((status, said.as_str()), (1, "tilld: this wallet has not paid for that order"));
}

#[test]
fn what_makes_no_sense_is_a_mistake_of_usage_and_a_strangers_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let usage = |args: &[&str]| assert_eq!(run(dir.path(), args).0, 2, "{args:?}");
    usage(&["withdraw", "20"]);
    usage(&["--exchange", "exchange", "withdraw", "KUDOS:20"]);
    usage(&["pay", "https://shop.example/"]);
    usage(&["pay", "taler://pay/shop.example/O-1/", "--session", ""]);
    usage(&["refund", "taler://pay/shop.example/O-1/"]);
    usage(&["use-template", "taler://pay-template/shop.example/x", "--amount", "1"]);
    usage(&["dance"]);

    let empty = tempfile::tempdir().unwrap();
    assert_eq!(run(empty.path(), &["history"]), (0, String::new()));
    assert_eq!(run(empty.path(), &["--json", "history"]), (0, "[]".into()));
    assert_eq!(run(empty.path(), &["--json", "balance"]), (0, "[]".into()));
    assert!(!empty.path().join("wallet.sqlite").exists());

    let letter = tempfile::tempdir().unwrap();
    std::fs::write(letter.path().join("wallet.sqlite"), "dear customer, ".repeat(100)).unwrap();
    let (status, said) = run(letter.path(), &["balance"]);
    assert_eq!(status, 4, "{said}");
    assert!(said.contains("is no wallet"), "{said}");
}
