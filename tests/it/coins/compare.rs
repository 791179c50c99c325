//! `tilld check --ask-exchanges`: differences from the exchange's records are found.

use std::fs;

use playground::sandbox::FaultAction;
use rusqlite::Connection;

use super::{claimed, market, order};
use crate::common::exchange::Exchange;
use crate::common::shop::Shop;
use crate::common::tilld;

/// The exit status, and what was printed.
fn check(shop: &Shop, exchange: &Exchange) -> (i32, String) {
    let settings = tempfile::NamedTempFile::new().unwrap();
    fs::write(settings.path(), exchange.trusted()).unwrap();
    let mut command = tilld();
    command.arg("--config").arg(settings.path()).arg("--database").arg(shop.place.db());
    let output = command.args(["check", "--ask-exchanges"]).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn deposits_that_differ_from_the_exchanges_are_found() {
    let (shop, mut exchange) = market();
    let (sold, doubtful) = (claimed(&shop, &order("1")), claimed(&shop, &order("1")));
    let (coin, lost, stranger) = (exchange.coin("1"), exchange.coin("1"), exchange.coin("1"));
    sold.paid(&shop, &exchange, &[(&coin, "1")]);
    let (status, said) = check(&shop, &exchange);
    assert!(said.contains("1 deposits agree with their exchanges"), "{said}");
    assert_eq!(status, 0, "{said}");

    exchange.deposits(FaultAction::FailAfterwards(500));
    let body = doubtful.payment(&exchange, &[(&lost, "1")]);
    assert_eq!(doubtful.pay(&shop, &body).status, 502);
    let (status, said) = check(&shop, &exchange);
    let missing = format!(
        "has the deposit of coin {}, but its confirmation is missing here",
        lost.key.public_key()
    );
    assert!(status == 1 && said.contains(&missing), "{said}");

    // A coin that the exchange has never seen, in the books as if it had confirmed it.
    let other = stranger.key.public_key();
    let books = Connection::open(shop.place.db()).unwrap();
    let changed = books
        .prepare_cached(
            "UPDATE deposits SET coin = json_set(coin, '$.coin_pub', ?), coin_pub = ?
            WHERE exchange_sig IS NOT NULL",
        )
        .unwrap()
        .execute((other.to_string(), &other.as_bytes()[..]))
        .unwrap();
    assert_eq!(changed, 1);
    let (status, said) = check(&shop, &exchange);
    let unknown = format!("confirmed the deposit of coin {other} and now does not know it");
    assert!(status == 1 && said.contains(&unknown), "{said}");

    // Without an exchange, and without being told to, the file alone is checked.
    let mut compared = None;
    let address = exchange.base_url().to_owned();
    let settings = tempfile::NamedTempFile::new().unwrap();
    fs::write(settings.path(), exchange.trusted()).unwrap();
    exchange.restart_after(|| {
        let mut command = tilld();
        command.arg("--config").arg(settings.path()).arg("--database").arg(shop.place.db());
        compared = Some(command.args(["check", "--ask-exchanges"]).output().unwrap());
    });
    let compared = compared.unwrap();
    let said = String::from_utf8(compared.stdout).unwrap();
    let silent = format!("2 coins of {address} could not be compared: ");
    // That nobody answers is no fault of the books.
    assert!(compared.status.code() == Some(6) && said.contains(&silent), "{said}");
    let complaint = String::from_utf8(compared.stderr).unwrap();
    assert!(
        complaint.contains("no errors found") && complaint.contains("not be compared"),
        "{complaint}"
    );
    assert!(!complaint.contains("backup"), "{complaint}");
    let alone = shop.place.run(&["check"]);
    assert!(alone.status.success(), "{alone:?}");
}
