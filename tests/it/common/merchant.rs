//! A merchant as wallets meet it: served on a port of its own inside the test, with true contracts,
//! true signatures, and coins truly deposited. It can be set to fail.

use std::collections::{BTreeMap, VecDeque};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use reqwest::blocking::Client;
use serde_json::{Value, json};
use taler::base32::{HashCode, Salt};
use taler::contract::contract_hash;
use taler::hash;
use taler::sign::merchant::{ContractOffer, PaymentOk, RefundRequest};
use taler::sign::{Signature, SigningKey, Statement};

use super::exchange::{Exchange, fresh_key, kudos};
use super::{PATIENCE, client};

/// Where its money goes.
const PAYTO: &str = "payto://x-taler-bank/bank.example/shop?receiver-name=Shop";

/// A running merchant; ended when dropped.
pub(crate) struct Merchant {
    shop: Arc<Shop>,
    base: String,
    server: Option<(ServerHandle, JoinHandle<()>)>,
}

/// What goes wrong with the next request of a kind.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// It is not done, and this is answered.
    Instead(u16, Value),
    /// It is done, and this is answered.
    Afterwards(u16, Value),
}

struct Shop {
    key: SigningKey,
    salt: Salt,
    /// Where the exchange is, and its master key.
    exchange: (String, Value),
    client: Client,
    orders: Mutex<BTreeMap<String, Order>>,
    /// By the last part of the path.
    troubles: Mutex<BTreeMap<String, VecDeque<Trouble>>>,
    /// The last parts of all paths, as they came.
    seen: Mutex<Vec<String>>,
}

#[derive(Clone, Default)]
struct Order {
    terms: Value,
    claimed: bool,
    coins: Vec<Value>,
    session: String,
    /// Number of the coin, number of the refund, amount.
    refunds: Vec<(usize, u64, String)>,
}

type Answer = (u16, Value);

fn error(status: u16, code: u32) -> Answer {
    (status, json!({ "code": code, "hint": format!("code {code}") }))
}

impl Merchant {
    /// One that takes this exchange's coins.
    pub(crate) fn start(exchange: &Exchange) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let shop = Arc::new(Shop {
            key: fresh_key(),
            salt: Salt::new(system::random().unwrap()),
            exchange: (exchange.base_url().to_owned(), json!(exchange.master_key())),
            client: client().timeout(PATIENCE).build().unwrap(),
            orders: Mutex::default(),
            troubles: Mutex::default(),
            seen: Mutex::default(),
        });
        let (served, (say, hear)) = (shop.clone(), channel());
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let shop = served.clone();
                    let answer = move |request: HttpRequest, body: web::Bytes| {
                        let (shop, path) = (shop.clone(), request.path().to_owned());
                        async move {
                            let (status, body) =
                                web::block(move || shop.answer(&path, &body)).await.unwrap();
                            let status = StatusCode::from_u16(status).unwrap();
                            HttpResponse::build(status).json(body)
                        }
                    };
                    App::new().default_service(web::to(answer))
                })
                .workers(1)
                .worker_max_blocking_threads(4)
                .shutdown_timeout(1)
                .disable_signals()
                .listen(listener)
                .unwrap()
                .run();
                say.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        let server = Some((hear.recv_timeout(PATIENCE).unwrap(), thread));
        Self { shop, base, server }
    }

    /// Makes an order; its pay address without a session.
    pub(crate) fn order(
        &self,
        exchange: &Exchange,
        id: &str,
        amount: &str,
        more: &Value,
    ) -> String {
        let now = exchange.now();
        let mut terms = json!({
            "amount": format!("KUDOS:{amount}"), "max_fee": "KUDOS:0", "summary": "Tea",
            "order_id": id, "products": [], "merchant_base_url": self.base,
            "merchant_pub": self.shop.key.public_key(), "merchant": { "name": "Shop" },
            "h_wire": hash::h_wire(PAYTO, &self.shop.salt), "wire_method": "x-taler-bank",
            "timestamp": { "t_s": now }, "refund_deadline": { "t_s": now + 3_600 },
            "pay_deadline": { "t_s": now + 3_600 },
            "wire_transfer_deadline": { "t_s": now + 7_200 },
            "exchanges": [{ "url": self.shop.exchange.0, "master_pub": self.shop.exchange.1,
                "priority": 1024 }],
        });
        for (name, value) in more.as_object().unwrap() {
            terms[name] = value.clone();
        }
        let order = Order { terms, ..Order::default() };
        self.shop.orders.lock().unwrap().insert(id.to_owned(), order);
        self.uri(id, "")
    }

    pub(crate) fn uri(&self, id: &str, session: &str) -> String {
        format!("{}{id}/{session}", self.base.replace("http://", "taler+http://pay/"))
    }

    pub(crate) fn refund_uri(&self, id: &str) -> String {
        format!("{}{id}/", self.base.replace("http://", "taler+http://refund/"))
    }

    /// What goes wrong with the next requests whose path ends so.
    pub(crate) fn fail(&self, what: &str, troubles: &[Trouble]) {
        let mut all = self.shop.troubles.lock().unwrap();
        all.entry(what.to_owned()).or_default().extend(troubles.iter().cloned());
    }

    /// Grants a refund of so much of the order's coin of this number.
    pub(crate) fn grant(&self, id: &str, coin: usize, number: u64, amount: &str) {
        let mut orders = self.shop.orders.lock().unwrap();
        orders.get_mut(id).unwrap().refunds.push((coin, number, format!("KUDOS:{amount}")));
    }

    /// To which session the order is bound.
    pub(crate) fn session(&self, id: &str) -> String {
        self.shop.orders.lock().unwrap()[id].session.clone()
    }

    /// The coins that paid the order, as they were sent.
    pub(crate) fn coins(&self, id: &str) -> Vec<Value> {
        self.shop.orders.lock().unwrap()[id].coins.clone()
    }

    /// How many requests there were whose path ends so.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.shop.seen.lock().unwrap().iter().filter(|seen| *seen == what).count()
    }
}

impl Drop for Merchant {
    fn drop(&mut self) {
        if let Some((handle, thread)) = self.server.take() {
            drop(handle.stop(false));
            thread.join().unwrap();
        }
    }
}

impl Shop {
    fn answer(&self, path: &str, body: &[u8]) -> Answer {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let last = (*parts.last().unwrap()).to_owned();
        self.seen.lock().unwrap().push(last.clone());
        let mut troubles = self.troubles.lock().unwrap();
        let trouble = troubles.get_mut(&last).and_then(VecDeque::pop_front);
        drop(troubles);
        if let Some(Trouble::Instead(status, body)) = trouble {
            return (status, body);
        }
        let done = match parts[..] {
            ["config"] => (200, json!({ "name": "taler-merchant", "version": "27:0:26" })),
            ["orders", id] => self.with(id, |_, order| {
                let total = order.refunds.iter().fold(kudos("0"), |sum, (_, _, amount)| {
                    sum.checked_add(&amount.parse().unwrap()).unwrap()
                });
                (200, json!({ "refund_amount": total }))
            }),
            ["orders", id, verb] => self.with(id, |shop, order| match verb {
                "claim" => shop.claim(order, &body),
                "pay" => shop.pay(order, &body),
                "paid" => shop.paid(order, &body),
                "refund" => shop.refund(order),
                "abort" => shop.abort(order, &body),
                _ => error(404, 21),
            }),
            _ => error(404, 21),
        };
        match trouble {
            Some(Trouble::Afterwards(status, body)) => (status, body),
            _ => done,
        }
    }

    fn with(&self, id: &str, work: impl FnOnce(&Self, &mut Order) -> Answer) -> Answer {
        match self.orders.lock().unwrap().get_mut(id) {
            Some(order) => work(self, order),
            None => error(404, 2005),
        }
    }

    fn claim(&self, order: &mut Order, body: &Value) -> Answer {
        if order.claimed && order.terms["nonce"] != body["nonce"] {
            return error(409, 2301);
        }
        order.claimed = true;
        order.terms["nonce"] = body["nonce"].clone();
        let sig = ContractOffer { h_contract: h_contract(order) }.sign(&self.key);
        (200, json!({ "contract_terms": order.terms, "sig": sig }))
    }

    fn pay(&self, order: &mut Order, body: &Value) -> Answer {
        let coins = body["coins"].as_array().unwrap().clone();
        let h_contract = h_contract(order);
        let ok = (200, json!({ "sig": PaymentOk { h_contract }.sign(&self.key) }));
        if !order.coins.is_empty() {
            return if order.coins == coins { ok } else { error(409, 2160) };
        }
        if coins.is_empty() && order.terms["amount"] == "KUDOS:0" {
            return ok;
        }
        let (status, reply) = self.deposit(order, &coins);
        if status != 200 {
            return (
                if status == 409 { 409 } else { 502 },
                json!({ "code": if status == 409 { 2150 } else { 2010 }, "hint": "the exchange",
                    "exchange_http_status": status, "exchange_reply": reply }),
            );
        }
        order.coins = coins;
        order.session = body["session_id"].as_str().unwrap().to_owned();
        ok
    }

    fn deposit(&self, order: &Order, coins: &[Value]) -> Answer {
        let deposited = |coin: &Value| {
            json!({
                "coin_pub": coin["coin_pub"], "denom_pub_hash": coin["h_denom"],
                "ub_sig": coin["ub_sig"], "contribution": coin["contribution"],
                "coin_sig": coin["coin_sig"],
            })
        };
        let (terms, h_contract) = (&order.terms, h_contract(order));
        let request = json!({
            "merchant_payto_uri": PAYTO, "wire_salt": self.salt,
            "merchant_pub": self.key.public_key(),
            "merchant_sig": ContractOffer { h_contract }.sign(&self.key),
            "h_contract_terms": h_contract, "timestamp": terms["timestamp"],
            "refund_deadline": terms["refund_deadline"],
            "wire_transfer_deadline": terms["wire_transfer_deadline"],
            "coins": coins.iter().map(deposited).collect::<Vec<_>>(),
        });
        self.ask("batch-deposit", &request)
    }

    fn paid(&self, order: &mut Order, body: &Value) -> Answer {
        let sig: Signature = serde_json::from_value(body["sig"].clone()).unwrap();
        let ok = PaymentOk { h_contract: h_contract(order) };
        if !ok.verify(&self.key.public_key(), &sig) {
            return error(403, 2201);
        }
        order.session = body["session_id"].as_str().unwrap().to_owned();
        (200, json!({ "refunded": false }))
    }

    /// Has the exchange give back so much of a coin.
    fn give_back(&self, order: &Order, coin: &Value, number: u64, amount: &Value) -> Answer {
        let h_contract = h_contract(order);
        let wish = RefundRequest {
            h_contract,
            coin_pub: serde_json::from_value(coin["coin_pub"].clone()).unwrap(),
            rtransaction_id: number,
            amount: serde_json::from_value::<taler::amount::Amount>(amount.clone())
                .unwrap()
                .to_nbo(),
        };
        let request = json!({
            "refund_amount": amount, "h_contract_terms": h_contract, "rtransaction_id": number,
            "merchant_pub": self.key.public_key(), "merchant_sig": wish.sign(&self.key),
        });
        let path = format!("coins/{}/refund", coin["coin_pub"].as_str().unwrap());
        let (status, mut reply) = self.ask(&path, &request);
        reply["type"] = json!(if status == 200 { "success" } else { "failure" });
        reply["exchange_status"] = json!(status);
        (status, reply)
    }

    fn refund(&self, order: &Order) -> Answer {
        let (mut total, mut refunds) = (kudos("0"), Vec::new());
        for (coin, number, amount) in &order.refunds {
            let coin = &order.coins[*coin];
            let (_, mut reply) = self.give_back(order, coin, *number, &json!(amount));
            reply["coin_pub"] = coin["coin_pub"].clone();
            reply["rtransaction_id"] = json!(number);
            reply["refund_amount"] = json!(amount);
            total = total.checked_add(&amount.parse().unwrap()).unwrap();
            refunds.push(reply);
        }
        let merchant_pub = self.key.public_key();
        (200, json!({ "refund_amount": total, "merchant_pub": merchant_pub, "refunds": refunds }))
    }

    fn abort(&self, order: &Order, body: &Value) -> Answer {
        let refund = |coin: &Value| self.give_back(order, coin, 0, &coin["contribution"]).1;
        let coins = body["coins"].as_array().unwrap();
        (200, json!({ "refunds": coins.iter().map(refund).collect::<Vec<_>>() }))
    }

    /// What the exchange answers; status 0 if it does not.
    fn ask(&self, path: &str, body: &Value) -> Answer {
        let url = format!("{}{path}", self.exchange.0);
        match self.client.post(url).json(body).send() {
            Ok(reply) => (reply.status().as_u16(), reply.json().unwrap_or_default()),
            Err(_) => (0, json!({})),
        }
    }
}

fn h_contract(order: &Order) -> HashCode {
    contract_hash(&order.terms).unwrap()
}
