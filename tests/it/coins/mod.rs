//! Wallets pay with coins: what is checked, what the exchange is asked, what is kept, and what goes
//! back (merchant-api 3.3 and 3.5 to 3.8).

mod abort;
mod apart;
mod cash;
mod closing;
mod compare;
mod fate;
mod inside;
mod kill;
mod kyc;
mod limits;
mod misbehaviour;
mod model;
mod money;
mod pay;
mod refund;
mod refused;
mod removed;
mod settle;
mod transfers;

use serde_json::{Value, json};
use taler::base32::HashCode;
use taler::sign::{PublicKey, Statement};

use crate::common::Reply;
use crate::common::exchange::{Coin, Exchange, Purchase};
use crate::common::shop::{Contract, Shop};

pub(crate) fn market() -> (Shop, Exchange) {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, "");
    (shop, exchange)
}

fn shop_with(exchange: &Exchange, settings: &str) -> Shop {
    // A bank that the sandbox can wire to.
    let account = "payto://x-taler-bank/localhost/shop?receiver-name=Shop";
    Shop::configured_at(account, &format!("{settings}\n{}", exchange.trusted()))
}

/// An order over `amount` in which the shop bears fees up to one KUDOS.
pub(crate) fn order(amount: &str) -> Value {
    json!({
        "order": {
            "summary": "tea",
            "amount": format!("KUDOS:{amount}"),
            "max_fee": "KUDOS:1",
            "fulfillment_url": "https://shop.example/tea",
        },
        "session_id": "S1",
        "refund_delay": { "d_us": 86_400_000_000_u64 },
    })
}

/// An order that a wallet has claimed.
pub(crate) struct Claimed {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) contract: Contract,
}

pub(crate) fn claimed(shop: &Shop, request: &Value) -> Claimed {
    let (id, token) = shop.made(request);
    let contract = shop.claimed(&id, &token);
    Claimed { id, token, contract }
}

impl Claimed {
    fn purchase(&self) -> Purchase {
        self.contract.purchase()
    }

    fn h_contract(&self) -> HashCode {
        self.contract.h_contract.parse().unwrap()
    }

    fn merchant_pub(&self) -> PublicKey {
        self.contract.terms["merchant_pub"].as_str().unwrap().parse().unwrap()
    }

    /// The body of a payment with these coins, each of them giving so much.
    pub(crate) fn payment(&self, exchange: &Exchange, coins: &[(&Coin, &str)]) -> Value {
        let purchase = self.purchase();
        let coins: Vec<_> =
            coins.iter().map(|(coin, part)| coin.paying(exchange, &purchase, part)).collect();
        json!({ "coins": coins, "session_id": "S1" })
    }

    pub(crate) fn pay(&self, shop: &Shop, body: &Value) -> Reply {
        shop.strange_post(&format!("/orders/{}/pay", self.id), body)
    }

    /// Pays, which must go well; the receipt.
    fn paid(&self, shop: &Shop, exchange: &Exchange, coins: &[(&Coin, &str)]) -> String {
        let reply = self.pay(shop, &self.payment(exchange, coins));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["sig"].as_str().unwrap().to_owned()
    }

    pub(crate) fn pick_up(&self, shop: &Shop) -> Reply {
        let body = json!({ "h_contract": self.contract.h_contract });
        shop.strange_post(&format!("/orders/{}/refund", self.id), &body)
    }

    fn abort(&self, shop: &Shop, coins: &[&Coin]) -> Reply {
        let coins: Vec<_> = coins
            .iter()
            .map(|coin| {
                json!({
                    "coin_pub": coin.key.public_key(),
                    "contribution": "KUDOS:1",
                    "exchange_url": "https://exchange.example/",
                })
            })
            .collect();
        let body = json!({ "h_contract": self.contract.h_contract, "coins": coins });
        shop.strange_post(&format!("/orders/{}/abort", self.id), &body)
    }

    fn query(&self) -> String {
        format!("?h_contract={}", self.contract.h_contract)
    }
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: u64) {
    assert_eq!((reply.status, reply.json()["code"].as_u64().unwrap()), (status, code), "{reply:?}");
}

/// Waits until the exchange says so of a coin.
fn await_account(exchange: &Exchange, coin: &Coin, member: &str, wanted: &str) {
    let started = std::time::Instant::now();
    while exchange.account_of(coin)[member] != wanted {
        let account = exchange.account_of(coin);
        assert!(started.elapsed() < crate::common::PATIENCE, "{account}");
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
}

/// Checks the exchange's signature on a refund.
fn confirmed(claimed: &Claimed, refund: &Value) {
    let read = |name: &str| refund[name].as_str().unwrap();
    let statement = taler::sign::exchange::RefundConfirmation {
        h_contract: claimed.h_contract(),
        coin_pub: read("coin_pub").parse().unwrap(),
        merchant_pub: claimed.merchant_pub(),
        rtransaction_id: refund["rtransaction_id"].as_u64().unwrap(),
        amount: taler::amount::Amount::parse(read("refund_amount")).unwrap().to_nbo(),
    };
    let key: PublicKey = read("exchange_pub").parse().unwrap();
    assert!(statement.verify(&key, &read("exchange_sig").parse().unwrap()), "{refund}");
}
