//! A shop: an instance with a bank account, its till, and its clients.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use taler::contract::contract_hash;
use taler::sign::SigningKey;
use tempfile::NamedTempFile;

use super::exchange::Purchase;
use super::{Daemon, PATIENCE, Place, Reply};

/// Where wallets find the shop.
pub(crate) const BASE: &str = "https://shop.example/";
/// Where the shop's money goes.
pub(crate) const IBAN: &str = "payto://iban/DE75512108001245126199?receiver-name=Shop";

/// The instance `admin` with an account, its daemon, and a token for everything.
pub(crate) struct Shop {
    pub(crate) place: Place,
    pub(crate) daemon: Daemon,
    pub(crate) token: String,
    /// Its file of settings, if it has one, and what its environment says.
    settings: Option<NamedTempFile>,
    variables: Vec<(String, String)>,
}

/// What a wallet has of an order that it has claimed.
pub(crate) struct Contract {
    pub(crate) terms: Value,
    pub(crate) h_contract: String,
    pub(crate) sig: String,
}

impl Contract {
    /// What a coin signs to pay it.
    pub(crate) fn purchase(&self) -> Purchase {
        let seconds = |name: &str| self.terms[name]["t_s"].as_u64().unwrap();
        let text = |name: &str| self.terms[name].as_str().unwrap();
        Purchase {
            h_contract: self.h_contract.parse().unwrap(),
            h_wire: text("h_wire").parse().unwrap(),
            timestamp_s: seconds("timestamp"),
            refund_deadline_s: seconds("refund_deadline"),
            merchant_pub: text("merchant_pub").parse().unwrap(),
            wallet_data_hash: None,
        }
    }
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With settings of its own, as in the file `tilld.toml`.
    pub(crate) fn configured(text: &str) -> Self {
        Self::configured_at(IBAN, text)
    }

    /// The same, with this bank account.
    pub(crate) fn configured_at(payto: &str, text: &str) -> Self {
        Self::configured_in(payto, text, &[])
    }

    /// The same, and this is said in its environment.
    pub(crate) fn configured_in(payto: &str, text: &str, variables: &[(&str, &str)]) -> Self {
        let settings = NamedTempFile::new().unwrap();
        std::fs::write(settings.path(), text).unwrap();
        let config = [("TILLD_CONFIG", settings.path().to_str().unwrap())];
        let shop = Self::at(payto, &[&config, variables].concat());
        Self { settings: Some(settings), ..shop }
    }

    /// The same shop, after its daemon was killed and started again.
    pub(crate) fn restarted(self) -> Self {
        self.restarted_after(|_| {})
    }

    /// The same, but for what happens to its files in between.
    pub(crate) fn restarted_after(self, meanwhile: impl FnOnce(&Place)) -> Self {
        let Self { place, daemon, token, settings, variables } = self;
        daemon.kill();
        meanwhile(&place);
        let borrowed: Vec<_> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        let daemon = place.start_with(&borrowed);
        Self { place, daemon, token, settings, variables }
    }

    /// With settings of its own.
    pub(crate) fn with(variables: &[(&str, &str)]) -> Self {
        Self::at(IBAN, variables)
    }

    fn at(payto: &str, variables: &[(&str, &str)]) -> Self {
        let place = Place::new();
        place.instance("admin");
        place.ok(&["account", "add", "admin", payto]);
        let token = place.token("admin", "all");
        let own = [("TILLD_SERVER__BASE_URL", BASE), ("TILLD_ADMIN__LISTEN", "127.0.0.1:0")];
        let variables = [&own, variables].concat();
        let daemon = place.start_with(&variables);
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let variables = variables.iter().map(owned).collect();
        Self { place, daemon, token, settings: None, variables }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.daemon.ask("GET", path).token(&self.token).send()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.daemon.ask("POST", path).token(&self.token).json(body).send()
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Reply {
        self.daemon.ask("PATCH", path).token(&self.token).json(body).send()
    }

    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.daemon.ask("DELETE", path).token(&self.token).send()
    }

    /// What somebody without a token posts.
    pub(crate) fn strange_post(&self, path: &str, body: &Value) -> Reply {
        self.daemon.ask("POST", path).json(body).send()
    }

    /// Asks for an order; `request` is the whole body.
    pub(crate) fn order(&self, request: &Value) -> Reply {
        self.post("/private/orders", request)
    }

    /// Makes an order; its name and its claim token, empty if it has none.
    pub(crate) fn made(&self, request: &Value) -> (String, String) {
        let reply = self.order(request);
        assert_eq!(reply.status, 200, "{reply:?}");
        let made = reply.json();
        let token = made["token"].as_str().unwrap_or_default();
        (made["order_id"].as_str().unwrap().to_owned(), token.to_owned())
    }

    /// How the shop sees an order; `query` with its question mark.
    pub(crate) fn status(&self, id: &str, query: &str) -> Value {
        let reply = self.get(&format!("/private/orders/{id}{query}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// How a browser sees an order.
    pub(crate) fn seen(&self, id: &str, query: &str) -> Reply {
        self.daemon.get(&format!("/orders/{id}{query}"))
    }

    /// A wallet asks for a contract.
    pub(crate) fn claim(&self, id: &str, token: &str, nonce: &str) -> Reply {
        let mut body = json!({ "nonce": nonce });
        if !token.is_empty() {
            body["token"] = json!(token);
        }
        self.strange_post(&format!("/orders/{id}/claim"), &body)
    }

    /// A wallet gets a contract.
    pub(crate) fn claimed(&self, id: &str, token: &str) -> Contract {
        let reply = self.claim(id, token, &nonce(1));
        assert_eq!(reply.status, 200, "{reply:?}");
        let body = reply.json();
        let terms = body["contract_terms"].clone();
        Contract {
            h_contract: contract_hash(&terms).unwrap().to_string(),
            sig: body["sig"].as_str().unwrap().to_owned(),
            terms,
        }
    }

    /// Records a payment taken at the counter.
    pub(crate) fn pay(&self, id: &str, payment: &Value) -> Reply {
        self.post(&format!("/private/orders/{id}/payments"), payment)
    }

    /// Makes an order that is paid in cash; its name.
    pub(crate) fn sold(&self, request: &Value) -> String {
        let (id, _) = self.made(request);
        let reply = self.pay(&id, &json!({ "method": "cash" }));
        assert_eq!(reply.status, 200, "{reply:?}");
        id
    }

    /// Raises the refunds of an order to a total.
    pub(crate) fn refund(&self, id: &str, total: &str) -> Reply {
        let body = json!({ "refund": total, "reason": "cold" });
        self.post(&format!("/private/orders/{id}/refund"), &body)
    }

    /// Posts all `bodies` at the same time; the answers in their order.
    pub(crate) fn at_once(&self, path: &str, bodies: &[Value]) -> Vec<Reply> {
        let send = |body: &Value| {
            let ask = self.daemon.ask("POST", path).token(&self.token).json(body);
            let request = ask.request;
            std::thread::spawn(move || Reply::of(request.send().unwrap()))
        };
        let sent: Vec<_> = bodies.iter().map(send).collect();
        sent.into_iter().map(|reply| reply.join().unwrap()).collect()
    }

    /// What is answered to a `GET` that is parked when `then` happens.
    pub(crate) fn parked_while(&self, path: &str, then: impl FnOnce()) -> Reply {
        let request = self.daemon.ask("GET", path).token(&self.token).request;
        let poll = std::thread::spawn(move || Reply::of(request.send().unwrap()));
        self.await_parked(1);
        then();
        let reply = poll.join().unwrap();
        self.await_parked(0);
        reply
    }

    /// Waits until so many requests wait for news.
    pub(crate) fn await_parked(&self, wanted: usize) {
        let line = format!("tilld_polls_parked {wanted}");
        let started = Instant::now();
        loop {
            let metrics = self.metrics();
            if metrics.lines().any(|has| has == line) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "never: {line}: {metrics}");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// What the operator's listener tells in numbers.
    pub(crate) fn metrics(&self) -> String {
        let admin = self.daemon.admin.as_deref().unwrap();
        let mut stream = TcpStream::connect(admin.trim_start_matches("http://")).unwrap();
        let request = b"GET /metrics HTTP/1.1\r\nHost: tilld\r\nConnection: close\r\n\r\n";
        stream.write_all(request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// An order over `amount` for `summary`, without anything else.
pub(crate) fn plain(summary: &str, amount: &str) -> Value {
    json!({ "order": { "summary": summary, "amount": amount } })
}

/// The key that the `n`th wallet makes for an order.
pub(crate) fn nonce(n: u8) -> String {
    SigningKey::from_seed([n; 32]).public_key().to_string()
}

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the shop's own watch")]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
