//! What customers and the shop were told, sale by sale, and whether a till still says the same.

use serde_json::{Value, json};

use crate::common::exchange::{Coin, Exchange};
use crate::common::shop::{Contract, nonce};
use crate::common::{PATIENCE, Reply, client};

/// Where everything is sold.
pub(crate) const PAGE: &str = "https://shop.example/tea";

/// One thing that is asked of the till.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Create,
    Claim,
    Pay,
    /// The wallet shows the receipt in another session, of this number.
    Replay(u32),
    /// The refunds are raised to so many cents.
    Refund(u32),
}

/// What came of a step.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// It was done, and said to be.
    Done,
    /// It was refused for now, with this status and code; the answer says when to come back.
    NotNow(u16, u64),
    /// Nobody answered, or not to the end.
    Nobody,
}

/// How the customer pays.
pub(crate) enum Means {
    Cash,
    /// With this coin.
    Coin(Box<Coin>),
}

/// One order and all that was said of it.
pub(crate) struct Sale {
    pub(crate) id: String,
    means: Means,
    token: Option<String>,
    contract: Option<Contract>,
    receipt: Option<String>,
    session: u32,
    refunded: u32,
    /// What was asked and not answered.
    pub(crate) doubt: Option<Step>,
}

/// A till as its customers and its shop reach it.
pub(crate) struct Counter {
    client: reqwest::blocking::Client,
    address: String,
    token: String,
}

impl Counter {
    pub(crate) fn new(address: &str, token: &str) -> Self {
        let client = client().timeout(PATIENCE).build().unwrap();
        Self { client, address: address.to_owned(), token: token.to_owned() }
    }

    /// The whole answer, if there is one.
    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Option<Reply> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.address));
        if path.starts_with("/private") {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().ok()?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        // Cut off in the middle of an answer is not answered.
        Some(Reply { status, headers, text: response.text().ok()? })
    }

    fn post(&self, path: &str, body: &Value) -> Option<Reply> {
        self.send("POST", path, Some(body))
    }

    pub(crate) fn get(&self, path: &str) -> Option<Reply> {
        self.send("GET", path, None)
    }
}

fn cents(amount: u32) -> String {
    format!("KUDOS:{}.{:02}", amount / 100, amount % 100)
}

impl Sale {
    pub(crate) fn new(id: String, means: Means) -> Self {
        Self {
            id,
            means,
            token: None,
            contract: None,
            receipt: None,
            session: 0,
            refunded: 0,
            doubt: None,
        }
    }

    /// What comes next when `roll` is the dice's word (below 100); `None` when it is done.
    pub(crate) fn next(&self, roll: u64) -> Option<Step> {
        if self.doubt.is_some() {
            return self.doubt;
        }
        if self.token.is_none() {
            return Some(Step::Create);
        }
        let by_coin = matches!(self.means, Means::Coin(_));
        match (&self.contract, &self.receipt) {
            (None, None) if by_coin || roll < 60 => Some(Step::Claim),
            (_, None) => Some(Step::Pay),
            // Only a wallet has the contract that it shows.
            (Some(_), Some(_)) if roll < 30 => Some(Step::Replay(self.session + 1)),
            (_, Some(_)) if roll < 60 && self.refunded < 60 => {
                Some(Step::Refund(self.refunded + 20))
            }
            (_, Some(_)) => None,
        }
    }

    fn session(&self, number: u32) -> String {
        format!("{}-{number}", self.id)
    }

    /// Has the till do `step`. What it then says must fit what it has said before.
    pub(crate) fn take(
        &mut self,
        step: Step,
        till: &Counter,
        exchange: Option<&Exchange>,
    ) -> Answer {
        self.doubt = Some(step);
        let id = &self.id;
        let reply = match step {
            Step::Create => till.post(
                "/private/orders",
                &json!({
                    "order": { "order_id": id, "summary": "tea", "amount": "KUDOS:1",
                        "max_fee": "KUDOS:1", "fulfillment_url": PAGE },
                    "session_id": self.session(0),
                    "refund_delay": { "d_us": 86_400_000_000_u64 },
                }),
            ),
            Step::Claim => till.post(
                &format!("/orders/{id}/claim"),
                &json!({ "nonce": nonce(1), "token": self.token }),
            ),
            Step::Pay => match &self.means {
                Means::Cash => till.post(
                    &format!("/private/orders/{id}/payments"),
                    &json!({ "method": "cash", "reference": id }),
                ),
                Means::Coin(coin) => {
                    let purchase = self.contract.as_ref().unwrap().purchase();
                    let coin = coin.paying(exchange.unwrap(), &purchase, "1");
                    let body = json!({ "coins": [coin], "session_id": self.session(0) });
                    till.post(&format!("/orders/{id}/pay"), &body)
                }
            },
            Step::Replay(session) => till.post(
                &format!("/orders/{id}/paid"),
                &json!({
                    "sig": self.receipt, "session_id": self.session(session),
                    "h_contract": self.contract.as_ref().unwrap().h_contract,
                }),
            ),
            Step::Refund(total) => till.post(
                &format!("/private/orders/{id}/refund"),
                &json!({ "refund": cents(total), "reason": "cold" }),
            ),
        };
        let Some(reply) = reply else { return Answer::Nobody };
        if [502, 503, 504, 507].contains(&reply.status) {
            let (status, code) = reply.failure();
            assert!(
                ![503, 507].contains(&status)
                    || reply.headers.get("retry-after").is_some_and(|secs| secs != "0"),
                "{step:?} of {}: {reply:?}",
                self.id
            );
            return Answer::NotNow(status, code);
        }
        assert_eq!(reply.status, 200, "{step:?} of {}: {reply:?}", self.id);
        self.note(step, &reply.json());
        self.doubt = None;
        Answer::Done
    }

    /// Notes what was answered. Who asks again gets the same.
    fn note(&mut self, step: Step, answer: &Value) {
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        match step {
            Step::Create => {
                assert_eq!(text("order_id"), self.id);
                self.token = Some(text("token"));
            }
            Step::Claim => {
                let terms = answer["contract_terms"].clone();
                let h_contract = taler::contract::contract_hash(&terms).unwrap();
                let (h_contract, sig) = (h_contract.to_string(), text("sig"));
                self.contract = Some(Contract { terms, h_contract, sig });
            }
            Step::Pay => self.receipt = Some(text("sig")),
            Step::Replay(session) => self.session = session,
            Step::Refund(total) => self.refunded = total,
        }
    }

    /// What was said once and does not hold any more, as sentences.
    pub(crate) fn broken(&self, till: &Counter, exchange: Option<&Exchange>) -> Vec<String> {
        let mut broken = Vec::new();
        let mut expect = |holds: bool, what: &str, seen: &Reply| {
            if !holds {
                broken.push(format!("order {}: {what}; now: {seen:?}", self.id));
            }
        };
        let status = till.get(&format!("/private/orders/{}", self.id)).unwrap();
        if self.token.is_none() && status.status == 404 {
            return broken;
        }
        if status.status != 200 {
            expect(false, "it was made", &status);
            return broken;
        }
        let body = status.json();
        let now = body["order_status"].as_str().unwrap();
        if let Some(contract) = &self.contract {
            let same = body["contract_terms"] == contract.terms;
            expect(same, "it was claimed with another contract", &status);
        }
        let is_paid = now == "paid";
        expect(is_paid || self.receipt.is_none(), "it was paid", &status);
        let may_be_paid = self.receipt.is_some() || self.doubt == Some(Step::Pay);
        expect(!is_paid || may_be_paid, "nobody has paid", &status);
        if is_paid {
            let refunded = body["refund_amount"].as_str().unwrap();
            let known = refunded.parse::<taler::amount::Amount>().unwrap();
            let is = |total: u32| known == cents(total).parse::<taler::amount::Amount>().unwrap();
            let fits =
                is(self.refunded) || matches!(self.doubt, Some(Step::Refund(total)) if is(total));
            expect(fits, &format!("{} were granted back", cents(self.refunded)), &status);
            let sessions = match self.doubt {
                Some(Step::Replay(session)) => vec![self.session, session],
                _ => vec![self.session],
            };
            let shown: Vec<Reply> = sessions
                .iter()
                .map(|number| {
                    let session = self.session(*number);
                    let path = format!("/private/orders/{}?session_id={session}", self.id);
                    till.get(&path).unwrap()
                })
                .collect();
            let has_it = |reply: &&Reply| reply.json()["order_status"] == "paid";
            let fits = shown.iter().filter(has_it).count() == 1;
            expect(fits, &format!("session {} has it", self.session), &shown[0]);
        }
        if let (true, Means::Coin(coin), Some(exchange)) = (is_paid, &self.means, exchange) {
            let account = exchange.account_of(coin);
            let fits = account["spent"] == "KUDOS:1";
            expect(fits, &format!("its coin pays once: {account}"), &status);
        }
        broken
    }
}
