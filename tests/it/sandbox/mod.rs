//! The sandbox exchange, as wallets and merchants meet it.

mod books;
mod clients;
mod deposit;
mod faults;
mod keys;
mod manners;
mod observed;
mod refresh;
mod refund;
mod transfers;
mod withdraw;

use serde_json::{Value, json};
use taler::base32::Salt;
use taler::hash;
use taler::sign::exchange::{DenominationExpired, DenominationUnknown, DepositConfirmation};
use taler::sign::merchant::{ContractOffer, RefundRequest};
use taler::sign::{PublicKey, Signature, SigningKey, Statement};
use taler::time::Timestamp;

use crate::common::Reply;
use crate::common::exchange::{Coin, Exchange, Purchase, fresh_key, kudos};

/// Status and code of a failure.
fn failure(reply: &Reply) -> (u16, u64) {
    let body = reply.json();
    assert!(body["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{reply:?}");
    (reply.status, body["code"].as_u64().unwrap())
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"))
}

/// A merchant with an account, seen from the exchange.
struct Merchant {
    key: SigningKey,
    salt: Salt,
}

const PAYTO: &str = "payto://x-taler-bank/bank.example/shop?receiver-name=Shop";

impl Merchant {
    fn new() -> Self {
        Self { key: fresh_key(), salt: Salt::new(system::random().unwrap()) }
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

/// Whether the failure comes with the exchange's word that it knows no such denomination.
fn denies_denomination(reply: &Reply) -> bool {
    let body = reply.json();
    let statement = DenominationUnknown {
        timestamp_us: read::<Timestamp>(&body["timestamp"]).to_micros(),
        h_denom: read(&body["h_denom_pub"]),
    };
    let signer: PublicKey = read(&body["exchange_pub"]);
    statement.verify(&signer, &read(&body["exchange_sig"]))
}

/// Whether the failure comes with the exchange's word that the denomination is not valid for this.
fn denies_time(reply: &Reply, operation: &str) -> bool {
    let body = reply.json();
    assert_eq!(body["oper"], operation);
    let mut words = [0; 8];
    words[..operation.len()].copy_from_slice(operation.as_bytes());
    let statement = DenominationExpired {
        timestamp_us: read::<Timestamp>(&body["timestamp"]).to_micros(),
        operation: words,
        h_denom: read(&body["h_denom_pub"]),
    };
    let signer: PublicKey = read(&body["exchange_pub"]);
    statement.verify(&signer, &read(&body["exchange_sig"]))
}
