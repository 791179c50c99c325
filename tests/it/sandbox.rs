//! The sandbox exchange, as wallets and merchants meet it.

use serde_json::{Value, json};
use tilld::domain::time::Timestamp;
use tilld::machine;
use tilld::sandbox::Act;
use tilld::taler::base32::Salt;
use tilld::taler::hash;
use tilld::taler::sign::exchange::{
    DenominationUnknown, DepositConfirmation, KeySet, RefundConfirmation,
};
use tilld::taler::sign::merchant::{ContractOffer, RefundRequest};
use tilld::taler::sign::{PublicKey, Signature, SigningKey, Statement};

use crate::common::Reply;
use crate::common::exchange::{Coin, Exchange, Planchet, Purchase, kudos, times};
use crate::common::shop::Shop;

/// Status and code of a failure.
fn failure(reply: &Reply) -> (u16, u64) {
    let body = reply.json();
    assert!(body["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{reply:?}");
    (reply.status, body["code"].as_u64().unwrap())
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"))
}

fn fresh_key() -> SigningKey {
    SigningKey::from_seed(machine::random().unwrap())
}

#[test]
fn the_list_of_keys_is_signed_by_a_listed_key() {
    let exchange = Exchange::start();
    let keys = exchange.keys();
    assert_eq!(keys["base_url"], exchange.base_url());
    assert_eq!(keys["master_public_key"], json!(exchange.master_key()));
    let groups = keys["denominations"].as_array().unwrap();
    let master_sigs: Vec<Signature> = groups
        .iter()
        .flat_map(|group| group["denoms"].as_array().unwrap())
        .map(|denom| read(&denom["master_sig"]))
        .collect();
    assert_eq!(master_sigs.len(), 12);
    let date: Timestamp = read(&keys["list_issue_date"]);
    let list = KeySet { list_issue_date_us: date.to_micros(), master_sigs: &master_sigs };
    let signer: PublicKey = read(&keys["exchange_pub"]);
    assert!(list.verify(&signer, &read(&keys["exchange_sig"])));
    let listed = keys["signkeys"].as_array().unwrap();
    assert!(listed.iter().any(|key| read::<PublicKey>(&key["key"]) == signer));
}

#[test]
fn a_coin_is_withdrawn_and_is_good() {
    let exchange = Exchange::start();
    let reserve = exchange.reserve("10");
    let denomination = exchange.denomination("5");
    let planchet = Planchet::new(&reserve, fresh_key(), &denomination, None);
    let reply = exchange.withdraw(&reserve, std::slice::from_ref(&planchet));
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(planchet.coin(&reply.json()["ev_sigs"][0]).is_good());
    assert_eq!(exchange.balance(&reserve), "KUDOS:4.99");

    // Again is the same, and costs nothing.
    let again = exchange.withdraw(&reserve, std::slice::from_ref(&planchet));
    assert_eq!((again.status, &again.text), (200, &reply.text));
    assert_eq!(exchange.balance(&reserve), "KUDOS:4.99");

    // Another one is too much.
    let another = [Planchet::new(&reserve, fresh_key(), &denomination, None)];
    let reply = exchange.withdraw(&reserve, &another);
    assert_eq!(failure(&reply), (409, 1150));
    assert_eq!(reply.json()["balance"], "KUDOS:4.99");
}

#[test]
fn a_denomination_that_does_not_exist_is_denied_with_a_signature() {
    let exchange = Exchange::start();
    let reserve = exchange.reserve("10");
    let mut denomination = exchange.denomination("1");
    denomination.h_denom = hash::sha512(b"none");
    let planchet = [Planchet::new(&reserve, fresh_key(), &denomination, None)];
    let reply = exchange.withdraw(&reserve, &planchet);
    assert_eq!(failure(&reply), (404, 1005));
    let body = reply.json();
    let timestamp: Timestamp = read(&body["timestamp"]);
    let statement = DenominationUnknown {
        timestamp_us: timestamp.to_micros(),
        h_denom: read(&body["h_denom_pub"]),
    };
    assert_eq!(statement.h_denom, denomination.h_denom);
    let signer: PublicKey = read(&body["exchange_pub"]);
    assert!(statement.verify(&signer, &read(&body["exchange_sig"])));
}

/// A merchant with an account, seen from the exchange.
struct Merchant {
    key: SigningKey,
    salt: Salt,
}

const PAYTO: &str = "payto://x-taler-bank/bank.example/shop?receiver-name=Shop";

impl Merchant {
    fn new() -> Self {
        Self { key: fresh_key(), salt: Salt::new(machine::random().unwrap()) }
    }

    /// A purchase that can be refunded for an hour.
    fn purchase(&self, exchange: &Exchange, what: &str) -> Purchase {
        Purchase {
            h_contract: hash::sha512(what.as_bytes()),
            h_wire: hash::h_wire(PAYTO, &self.salt),
            timestamp_s: exchange.now(),
            refund_deadline_s: exchange.now() + 3_600,
            merchant_pub: self.key.public_key(),
            wallet_data_hash: None,
        }
    }

    /// A request to deposit these coins.
    fn request(&self, purchase: &Purchase, coins: &[Value]) -> Value {
        let offer = ContractOffer { h_contract: purchase.h_contract };
        json!({
            "merchant_payto_uri": PAYTO,
            "wire_salt": self.salt,
            "merchant_pub": purchase.merchant_pub,
            "merchant_sig": offer.sign(&self.key),
            "h_contract_terms": purchase.h_contract,
            "timestamp": { "t_s": purchase.timestamp_s },
            "refund_deadline": { "t_s": purchase.refund_deadline_s },
            "wire_transfer_deadline": { "t_s": purchase.refund_deadline_s + 3_600 },
            "coins": coins,
        })
    }

    fn deposit(&self, exchange: &Exchange, purchase: &Purchase, coins: &[Value]) -> Reply {
        exchange.post("batch-deposit", &self.request(purchase, coins))
    }

    /// A request to refund so much of a coin.
    fn refund_request(&self, coin: &Coin, purchase: &Purchase, amount: &str, id: u64) -> Value {
        let amount = kudos(amount);
        let wish = RefundRequest {
            h_contract: purchase.h_contract,
            coin_pub: coin.key.public_key(),
            rtransaction_id: id,
            amount: amount.to_nbo(),
        };
        json!({
            "refund_amount": amount,
            "h_contract_terms": purchase.h_contract,
            "rtransaction_id": id,
            "merchant_pub": purchase.merchant_pub,
            "merchant_sig": wish.sign(&self.key),
        })
    }

    fn refund(
        &self,
        exchange: &Exchange,
        coin: &Coin,
        purchase: &Purchase,
        amount: &str,
        id: u64,
    ) -> Reply {
        let path = format!("coins/{}/refund", coin.key.public_key());
        exchange.post(&path, &self.refund_request(coin, purchase, amount, id))
    }
}

/// Whether the exchange has confirmed this deposit with this net total, by a key that it lists.
fn confirms(exchange: &Exchange, request: &Value, total: &str, reply: &Reply) -> bool {
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    let time = |value: &Value| read::<Timestamp>(value).to_micros();
    let coin_sigs: Vec<Signature> =
        request["coins"].as_array().unwrap().iter().map(|coin| read(&coin["coin_sig"])).collect();
    let confirmation = DepositConfirmation {
        h_contract: read(&request["h_contract_terms"]),
        h_wire: hash::h_wire(PAYTO, &read(&request["wire_salt"])),
        h_policy: None,
        exchange_timestamp_us: time(&body["exchange_timestamp"]),
        wire_transfer_deadline_us: time(&request["wire_transfer_deadline"]),
        refund_deadline_us: time(&request["refund_deadline"]),
        total: kudos(total).to_nbo(),
        coin_sigs: &coin_sigs,
        merchant_pub: read(&request["merchant_pub"]),
    };
    let signer: PublicKey = read(&body["exchange_pub"]);
    let keys = exchange.keys();
    let listed = keys["signkeys"].as_array().unwrap();
    listed.iter().any(|key| read::<PublicKey>(&key["key"]) == signer)
        && confirmation.verify(&signer, &read(&body["exchange_sig"]))
}

#[test]
fn coins_are_deposited_once_and_confirmed_for_ever() {
    let mut exchange = Exchange::start();
    let shop = Merchant::new();
    let purchase = shop.purchase(&exchange, "a book");
    let (five, cents) = (exchange.coin("5"), exchange.coin("0.2"));
    let coins = [five.deposited(&purchase, "4"), cents.deposited(&purchase, "0.2")];
    let request = shop.request(&purchase, &coins);
    let reply = exchange.post("batch-deposit", &request);
    assert!(confirms(&exchange, &request, "4.19", &reply));

    exchange.pass(60);
    let again = exchange.post("batch-deposit", &request);
    assert_eq!((again.status, &again.text), (200, &reply.text));
    exchange.restart();
    let again = exchange.post("batch-deposit", &request);
    assert_eq!((again.status, &again.text), (200, &reply.text));

    let account = exchange.account_of(&five);
    assert_eq!(
        account,
        json!({ "value": "KUDOS:5", "spent": "KUDOS:4", "refunded": "KUDOS:0", "left": "KUDOS:1" })
    );

    // One of the coins in another request of the same merchant is not taken twice.
    let request = shop.request(&purchase, &coins[..1]);
    let reply = exchange.post("batch-deposit", &request);
    assert!(confirms(&exchange, &request, "3.99", &reply));
    assert_eq!(exchange.account_of(&five), account);
}

#[test]
fn a_coin_is_spent_in_parts_and_never_beyond_its_value() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, other) = (exchange.coin("1"), exchange.coin("2"));
    let first = shop.purchase(&exchange, "a pen");
    assert_eq!(shop.deposit(&exchange, &first, &[coin.deposited(&first, "0.6")]).status, 200);
    let second = shop.purchase(&exchange, "ink");
    let coins = [other.deposited(&second, "1"), coin.deposited(&second, "0.41")];
    let reply = shop.deposit(&exchange, &second, &coins);
    assert_eq!(failure(&reply), (409, 1012));
    assert_eq!(reply.json()["coin_pub"], json!(coin.key.public_key()));
    assert_eq!(reply.json()["h_denom_pub"], json!(coin.denomination.h_denom));
    // All or nothing: the other coin was not touched.
    let reply = exchange.get(&format!("sandbox/coins/{}", other.key.public_key()));
    assert_eq!(failure(&reply), (404, 1019));
    assert_eq!(shop.deposit(&exchange, &second, &[coin.deposited(&second, "0.4")]).status, 200);
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0");
}

#[test]
fn a_refund_gives_back_what_can_be_spent_again() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let coin = exchange.coin("2");
    let purchase = shop.purchase(&exchange, "a book");
    assert_eq!(shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "2")]).status, 200);
    let reply = shop.refund(&exchange, &coin, &purchase, "0.5", 1);
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    let confirmation = RefundConfirmation {
        h_contract: purchase.h_contract,
        coin_pub: coin.key.public_key(),
        merchant_pub: purchase.merchant_pub,
        rtransaction_id: 1,
        amount: kudos("0.5").to_nbo(),
    };
    let signer: PublicKey = read(&body["exchange_pub"]);
    assert!(confirmation.verify(&signer, &read(&body["exchange_sig"])));
    // The fee of a hundredth is lost.
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0.49");

    let again = shop.refund(&exchange, &coin, &purchase, "0.5", 1);
    assert_eq!((again.status, &again.text), (200, &reply.text));
    assert_eq!(failure(&shop.refund(&exchange, &coin, &purchase, "0.4", 1)), (424, 1510));
    assert_eq!(failure(&shop.refund(&exchange, &coin, &purchase, "1.51", 2)), (409, 1501));
    assert_eq!(shop.refund(&exchange, &coin, &purchase, "1.5", 2).status, 200);
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:1.98");
    let second = shop.purchase(&exchange, "two pens");
    assert_eq!(shop.deposit(&exchange, &second, &[coin.deposited(&second, "1.98")]).status, 200);

    exchange.pass(7_200);
    let reply = shop.refund(&exchange, &coin, &second, "1", 1);
    assert_eq!(failure(&reply), (410, 1503));
    assert_eq!(shop.refund(&exchange, &coin, &purchase, "0.5", 1).status, 200);
}

#[test]
fn a_coin_and_its_exchange_are_what_a_till_reads() {
    let exchange = Exchange::start();
    let purchase = Merchant::new().purchase(&exchange, "a book");
    let coin = exchange.coin("0.5");
    let read: tilld::domain::coin::Coin = read(&coin.paying(&exchange, &purchase, "0.4"));
    assert_eq!(read.exchange_url.as_str(), exchange.base_url());
    assert_eq!(read.ub_sig, coin.ub_sig);

    let till = Shop::configured(&exchange.trusted());
    let config = till.daemon.get("/config").json();
    let trusted = &config["exchanges"][0];
    assert_eq!(trusted["base_url"], exchange.base_url());
    assert_eq!(trusted["master_pub"], json!(exchange.master_key()));
}

#[test]
fn what_was_deposited_is_deposited_even_if_the_answer_is_lost() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    for act in [Act::LoseAnswer, Act::FailAfterwards(500)] {
        let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
        let request = shop.request(&purchase, &[coin.deposited(&purchase, "1")]);
        exchange.deposits(times(1, act));
        match exchange.try_post("batch-deposit", &request) {
            Ok(reply) => assert_eq!((act, reply.status), (Act::FailAfterwards(500), 500)),
            Err(error) => assert!(act == Act::LoseAnswer && !error.is_timeout(), "{error}"),
        }
        assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0", "{act:?}");
        let reply = exchange.post("batch-deposit", &request);
        assert!(confirms(&exchange, &request, "0.99", &reply), "{act:?}");
    }
}

#[test]
fn a_deposit_can_be_lied_about_or_refused_and_is_true_afterwards() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let request = shop.request(&purchase, &[coin.deposited(&purchase, "1")]);
    for (act, expected) in [
        (Act::Status(503), (503, 50)),
        (Act::KycRequired, (451, 1028)),
        (Act::Frozen, (451, 1036)),
        (Act::DenominationUnknown, (404, 1005)),
        (Act::DoubleSpending, (409, 1012)),
    ] {
        exchange.deposits(act);
        assert_eq!(failure(&exchange.post("batch-deposit", &request)), expected, "{act:?}");
    }
    exchange.deposits(Act::NotJson);
    let reply = exchange.post("batch-deposit", &request);
    assert!(reply.status == 200 && reply.text.starts_with('<'), "{reply:?}");
    let unseen = exchange.get(&format!("sandbox/coins/{}", coin.key.public_key()));
    assert_eq!(failure(&unseen), (404, 1019));
    for act in [Act::WrongSignature, Act::UnknownSigningKey] {
        exchange.deposits(act);
        let reply = exchange.post("batch-deposit", &request);
        assert!(!confirms(&exchange, &request, "0.99", &reply), "{act:?}");
    }
    exchange.behave();
    let reply = exchange.post("batch-deposit", &request);
    assert!(confirms(&exchange, &request, "0.99", &reply));
}

#[test]
fn an_exchange_without_keys_says_so_until_it_has_made_them() {
    let exchange = Exchange::with(|settings| settings.denominations.truncate(2));
    let reply = exchange.get("keys");
    assert!(reply.status == 200 || failure(&reply) == (503, 1007), "{reply:?}");
    assert_eq!(exchange.denominations().len(), 2);
    assert!(exchange.coin("0.02").is_good());
}

#[test]
fn the_books_agree_after_anything() {
    let exchange = Exchange::start();
    let ledger = exchange.ledger();
    assert_eq!(ledger["topped_up"], "KUDOS:0");
    let coin = exchange.coin("20");
    assert_eq!(exchange.ledger()["coins"], "KUDOS:20");
    assert_eq!(exchange.ledger()["fees"], "KUDOS:0.01");
    let shop = Merchant::new();
    let purchase = shop.purchase(&exchange, "a book");
    assert_eq!(shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "15")]).status, 200);
    let earned = json!({ purchase.merchant_pub.to_string(): "KUDOS:14.99" });
    assert_eq!(exchange.ledger()["by_merchant"], earned);
    // A whole refund leaves nothing to pay the deposit fee from.
    assert_eq!(shop.refund(&exchange, &coin, &purchase, "15", 7).status, 200);
    let ledger = exchange.ledger();
    assert_eq!(ledger["merchants"], "KUDOS:0");
    assert_eq!(ledger["fees"], "KUDOS:0.02");
    assert_eq!(ledger["coins"], "KUDOS:19.99");
    assert_eq!(ledger["reserves"], "KUDOS:0");
    assert_eq!(ledger["topped_up"], "KUDOS:20.01");
}
