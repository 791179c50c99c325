//! A shop: its file, its daemon, and the requests that it and its customers make.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use crate::harness::client::{Conn, get, get_as_shop, post, post_as_shop};
use crate::harness::process::{Server, output};

/// How long polls ask to wait, and the most that the daemon lets them: longer than anything here.
const WAIT_S: u64 = 1800;

/// What the shop needs to know of itself.
pub(crate) struct Shop {
    pub(crate) database: PathBuf,
    /// Its file of settings, if it has one.
    settings: Option<PathBuf>,
    /// What shows that a request comes from the shop.
    pub(crate) token: String,
}

/// An order, and who waits for it.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) id: String,
    token: String,
    visit: Visit,
}

/// One customer before one page of the paywall.
#[derive(Clone, Copy)]
pub(crate) struct Visit(u64);

impl Shop {
    /// Opens a shop with a file of its own.
    pub(crate) fn open(folder: &Path) -> Self {
        let account = "payto://iban/DE75512108001245126199?receiver-name=Shop";
        Self::open_at(folder, account, None)
    }

    /// As [`Shop::open`], with this bank account, and settings as in the file `tilld.toml`.
    pub(crate) fn open_at(folder: &Path, account: &str, settings: Option<&str>) -> Self {
        let settings = settings.map(|text| {
            let file = folder.join("tilld.toml");
            std::fs::write(&file, text).unwrap();
            file
        });
        let database = folder.join("tilld.db");
        let mut shop = Self { database, settings, token: String::new() };
        output(shop.tilld(&["instance", "add", "admin", "--create"]));
        output(shop.tilld(&["account", "add", "admin", account]));
        shop.token = output(shop.tilld(&["token", "create", "admin", "--scope", "all"]));
        shop
    }

    fn tilld(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tilld"));
        // The figures must not depend on the settings of the person who takes them.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TILLD_") {
                command.env_remove(name);
            }
        }
        if let Some(settings) = &self.settings {
            command.env("TILLD_CONFIG", settings);
        }
        command.arg("--database").arg(&self.database).args(args);
        command
    }

    /// Starts the daemon as it is shipped, but lets polls wait until the measurement is over.
    pub(crate) fn daemon(&self) -> Server {
        let mut command = self.tilld(&["serve"]);
        command
            .env("TILLD_SERVER__LISTEN", "127.0.0.1:0")
            .env("TILLD_ADMIN__LISTEN", "127.0.0.1:0")
            // All wallets are on this machine.
            .env("TILLD_STRANGERS__NETWORK_BURST", "4000000000")
            .env("TILLD_STRANGERS__NETWORK_PER_MINUTE", "4000000000")
            .env("TILLD_POLLS__MAX_WAIT_S", WAIT_S.to_string());
        Server::start(&command)
    }

    /// Asks for an order for the session of `visit`.
    pub(crate) fn order(&self, visit: Visit) -> Vec<u8> {
        let order = json!({
            "summary": "The article of the day",
            "amount": "KUDOS:1",
            "fulfillment_url": visit.url(),
        });
        let body = json!({ "order": order, "session_id": visit.session() }).to_string();
        post_as_shop(&self.token, "/private/orders", &body)
    }

    /// Makes an order for the session of `visit`.
    pub(crate) async fn make(&self, visit: Visit, conn: &mut Conn) -> Order {
        let made = conn.get(&self.order(visit)).await;
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Order { id: text("order_id"), token: text("token"), visit }
    }

    /// Says that an order was paid at the counter.
    pub(crate) fn pay(&self, order: &Order) -> Vec<u8> {
        let path = format!("/private/orders/{}/payments", order.id);
        post_as_shop(&self.token, &path, r#"{"method":"cash"}"#)
    }

    /// The question of 2019 whether `order` is paid, asked once a wallet has claimed it.
    pub(crate) async fn poll_2019(&self, order: &Order, conn: &mut Conn) -> Vec<u8> {
        let nonce = taler::base32::encode(&[7; 32]);
        let claim = json!({ "nonce": nonce, "token": order.token }).to_string();
        conn.get(&post(&format!("/orders/{}/claim", order.id), &claim)).await;
        let private = format!("/private/orders/{}", order.id);
        let status = conn.get(&get_as_shop(&self.token, &private)).await;
        let url = status["order_status_url"].as_str().unwrap();
        let hash = url.split_once("h_contract=").unwrap().1;
        get(&format!("/public/poll-payment?order_id={}&h_contract={hash}", order.id))
    }
}

impl Order {
    /// The browser's question on the order's own page; it waits.
    pub(crate) fn poll(&self) -> Vec<u8> {
        let Self { id, token, .. } = self;
        get(&format!("/orders/{id}?token={token}&timeout_ms={}", WAIT_S * 1000))
    }

    /// The same question, to be answered at once.
    pub(crate) fn ask(&self) -> Vec<u8> {
        get(&format!("/orders/{}?token={}", self.id, self.token))
    }

    /// The paywall's question; it waits.
    pub(crate) fn poll_session(&self) -> Vec<u8> {
        self.visit.poll()
    }

    /// The paywall's question, to be answered at once.
    pub(crate) fn ask_session(&self) -> Vec<u8> {
        self.visit.ask()
    }
}

impl Visit {
    /// One that was never before.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Self(NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    /// Looks like chance, and is another one for each visit.
    pub(crate) fn chance(self) -> u64 {
        self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// Begins with the time, as those of paywalls do.
    pub(crate) fn session(self) -> String {
        format!("{:010}-{:016x}", self.0 / 1000, self.chance())
    }

    pub(crate) fn url(self) -> String {
        format!("https://shop.example/articles/{}", self.0 % 1000)
    }

    fn ask(self) -> Vec<u8> {
        get(&format!("/sessions/{}?fulfillment_url={}", self.session(), self.url()))
    }

    /// The paywall's question, before or after there is an order; it waits.
    pub(crate) fn poll(self) -> Vec<u8> {
        let (session, url) = (self.session(), self.url());
        let wait_ms = WAIT_S * 1000;
        get(&format!("/sessions/{session}?fulfillment_url={url}&timeout_ms={wait_ms}"))
    }
}
