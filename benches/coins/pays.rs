//! Payments from end to end: the wallet's request, the till's checks, the exchange's confirmation,
//! the record on the disk, the answer.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use serde_json::json;
use taler::contract::contract_hash;

use crate::coins::exchange::Exchange;
use crate::harness::client::{Conn, post, post_as_shop};
use crate::harness::measure::{Watch, together};
use crate::harness::process::Server;
use crate::harness::shop::Shop;
use crate::harness::table::{Bar, Table};

/// Wallets that pay at the same time.
const WALLETS: usize = 16;
/// A bank that the sandbox can wire to.
const ACCOUNT: &str = "payto://x-taler-bank/localhost/shop?receiver-name=Shop";

/// Measures payments with one coin and with four; `check_us` is what looking at one coin takes.
pub(crate) async fn measure(folder: &Path, payments: usize, check_us: f64, table: &mut Table) {
    let exchange = Exchange::start(folder).await;
    let shop = Shop::open_at(folder, ACCOUNT, Some(&exchange.settings()));
    let daemon = shop.daemon();
    for coins in [1, 4] {
        let requests = prepare(&exchange, &shop, &daemon, payments, coins).await;
        let watch = Watch::on(&daemon);
        let waiting = Rc::new(RefCell::new(requests.into_iter()));
        let at = daemon.address;
        together(WALLETS, |_| {
            let waiting = waiting.clone();
            async move {
                let mut conn = Conn::open(at).await;
                loop {
                    let Some(request) = waiting.borrow_mut().next() else { return };
                    assert_eq!(conn.ask(&request).await, 200, "{}", conn.text());
                }
            }
        })
        .await;
        let rate = watch.rate(payments);
        let name = format!("payments/s, {coins} coins each");
        table.add(&name, rate.per_second(), None, Bar::None);
        let checks = check_us * coins as f64;
        let beside = Some(("checking its coins", checks));
        let name = format!("  the till's time for {coins} coins, µs");
        table.add(&name, rate.cpu_us(), beside, Bar::None);
    }
}

/// Requests that pay for an order each.
async fn prepare(
    exchange: &Exchange,
    shop: &Shop,
    daemon: &Server,
    payments: usize,
    coins: usize,
) -> Vec<Vec<u8>> {
    let all = exchange.coins(payments * coins).await;
    let mut conn = Conn::open(daemon.address).await;
    let mut requests = Vec::with_capacity(payments);
    for coins in all.chunks(coins) {
        let order = json!({
            "summary": "Tea",
            "amount": format!("KUDOS:{}", coins.len()),
            "max_fee": "KUDOS:1",
        });
        let body = json!({ "order": order, "create_token": false }).to_string();
        let made = conn.get(&post_as_shop(&shop.token, "/private/orders", &body)).await;
        let id = made["order_id"].as_str().unwrap();
        let nonce = taler::base32::encode(&[7; 32]);
        let claim = post(&format!("/orders/{id}/claim"), &json!({ "nonce": nonce }).to_string());
        let contract = conn.get(&claim).await["contract_terms"].take();
        let h_contract = contract_hash(&contract).unwrap();
        let body = exchange.payment(&contract, h_contract, coins);
        requests.push(post(&format!("/orders/{id}/pay"), &body));
    }
    requests
}
