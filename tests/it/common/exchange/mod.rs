//! An exchange: the sandbox, served on a port of its own inside the test, and a small wallet that
//! speaks the true protocol with it.

mod coin;
pub(crate) mod refresh;

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use playground::sandbox::{Fault, FaultAction, Faults, Sandbox, Settings};
use reqwest::Method;
use reqwest::blocking::Client;
use rusqlite::Connection;
use serde_json::{Value, json};
use system::clock::Clock;
use taler::amount::{Amount, Currency};
use taler::base32::ShortHash;
use taler::coin::age::AgeMask;
use taler::coin::denomination::DenominationKey;
use taler::coin::rsa::RsaPublicKey;
use taler::payto::Payto;
use taler::sign::{PublicKey, SigningKey};
use taler::web::BaseUrl;
use tempfile::TempDir;

pub(crate) use self::coin::{Coin, Denomination, Planchet, Purchase, Reserve, fresh_key};
use super::shop::now;
use super::{PATIENCE, Reply, client};

/// The path below which the exchange answers, as in the demonstration.
const PREFIX: &str = "/sandbox-exchange";

/// How many seconds an exchange's clock is ahead when it starts.
pub(crate) const AHEAD: u64 = 3_600;

/// A running sandbox exchange; ended when dropped.
pub(crate) struct Exchange {
    dir: TempDir,
    /// Gone only while it starts anew.
    sandbox: Option<Sandbox>,
    settings: Settings,
    /// How many seconds its clock is ahead of ours.
    ahead: Arc<AtomicU64>,
    server: Option<(ServerHandle, JoinHandle<()>)>,
    client: Client,
}

/// An amount of the exchange's money.
pub(crate) fn kudos(text: &str) -> Amount {
    Amount::parse(format!("KUDOS:{text}")).unwrap()
}

fn settings(address: SocketAddr) -> Settings {
    let base = BaseUrl::parse(format!("http://{address}{PREFIX}/")).unwrap();
    let demo = Settings::demo(Currency::parse("KUDOS").unwrap(), base).unwrap();
    Settings { key_bits: 1024, ..demo }
}

/// A sandbox's file with all its keys, so that they are made only once.
fn template() -> &'static [u8] {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sandbox.db");
        let sandbox =
            Sandbox::open(&file, settings(([127, 0, 0, 1], 1).into()), Clock::system()).unwrap();
        sandbox.await_keys();
        drop(sandbox);
        fs::read(&file).unwrap()
    })
}

impl Exchange {
    /// Starts an exchange that nobody has used yet.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same, with other settings, but for those of its keys.
    pub(crate) fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("sandbox.db"), template()).unwrap();
        Self::at(dir, change)
    }

    /// Starts an exchange that has not even keys, with settings of its own.
    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::at(tempfile::tempdir().unwrap(), change)
    }

    fn at(dir: TempDir, change: impl FnOnce(&mut Settings)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut settings = settings(listener.local_addr().unwrap());
        change(&mut settings);
        // So that it can be turned back.
        let ahead = Arc::new(AtomicU64::new(AHEAD));
        let (sandbox, server) = serve(&dir, &settings, &ahead, listener);
        let client = client().timeout(PATIENCE).build().unwrap();
        Self { dir, sandbox: Some(sandbox), settings, ahead, server: Some(server), client }
    }

    /// What would be there after a power cut in this moment: another exchange, on a copy of what
    /// is on the disk.
    pub(crate) fn after_power_cut(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["sandbox.db", "sandbox.db-wal"] {
            fs::copy(self.dir.path().join(name), dir.path().join(name)).unwrap();
        }
        Self::at(dir, |_| {})
    }

    /// Stops it, and starts it again on the same file at the same address.
    pub(crate) fn restart(&mut self) {
        self.restart_after(|| ());
    }

    /// The same; in between nobody listens at its address.
    pub(crate) fn restart_after(&mut self, meanwhile: impl FnOnce()) {
        self.stop();
        meanwhile();
        let address: SocketAddr = self
            .base_url()
            .trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        self.sandbox = None;
        let listener = TcpListener::bind(address).unwrap();
        let (sandbox, server) = serve(&self.dir, &self.settings, &self.ahead, listener);
        (self.sandbox, self.server) = (Some(sandbox), Some(server));
    }

    fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }

    fn stop(&mut self) {
        if let Some((handle, thread)) = self.server.take() {
            drop(handle.stop(false));
            thread.join().unwrap();
        }
    }

    /// Lets time pass, for the exchange.
    pub(crate) fn pass(&self, seconds: u64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Turns the exchange's clock back.
    pub(crate) fn turn_back(&self, seconds: u64) {
        self.ahead.fetch_sub(seconds, Ordering::Relaxed);
    }

    /// What time it is for the exchange, in seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        now() + self.ahead.load(Ordering::Relaxed)
    }

    pub(crate) fn base_url(&self) -> &str {
        self.sandbox().base_url().as_str()
    }

    pub(crate) fn master_key(&self) -> PublicKey {
        self.sandbox().master_public_key()
    }

    /// The table of a settings file that has a till trust this exchange.
    pub(crate) fn trusted(&self) -> String {
        format!(
            "[[exchange]]\nbase_url = \"{}\"\nmaster_public_key = \"{}\"\ncurrency = \"KUDOS\"\n",
            self.base_url(),
            self.master_key()
        )
    }

    /// Has it misbehave at deposits, whichever way.
    pub(crate) fn deposits(&self, fault: impl Into<Fault>) {
        self.misbehave(Faults { deposit: Some(fault.into()), ..Faults::default() });
    }

    /// Has it misbehave in any way.
    pub(crate) fn misbehave(&self, faults: Faults) {
        self.sandbox().misbehave(faults).unwrap();
    }

    /// How often it was asked what became of deposits and what transfers paid for.
    pub(crate) fn questions(&self) -> u64 {
        self.sandbox().questions()
    }

    /// Has it behave.
    pub(crate) fn behave(&self) {
        self.misbehave(Faults::default());
    }

    fn send(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Result<Reply> {
        let url = format!("{}{path}", self.base_url());
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().map(Reply::of)
    }

    /// `path` without a slash in front.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).unwrap()
    }

    /// `path` without a slash in front.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, Some(body)).unwrap()
    }

    /// Posts to an exchange that may close the connection instead of answering.
    pub(crate) fn try_post(&self, path: &str, body: &Value) -> reqwest::Result<Reply> {
        self.send(Method::POST, path, Some(body))
    }

    /// The keys, once they are made.
    pub(crate) fn keys(&self) -> Value {
        self.sandbox().await_keys();
        let reply = self.get("keys");
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// All denominations that are listed.
    pub(crate) fn denominations(&self) -> Vec<Denomination> {
        let mut found = Vec::new();
        for group in self.keys()["denominations"].as_array().unwrap() {
            let amount = |name: &str| Amount::parse(group[name].as_str().unwrap()).unwrap();
            let ages = group.get("age_mask").map_or(0, |mask| mask.as_u64().unwrap());
            let ages = AgeMask::new(ages.try_into().unwrap());
            for denom in group["denoms"].as_array().unwrap() {
                let key = RsaPublicKey::parse(denom["rsa_pub"].as_str().unwrap()).unwrap();
                found.push(Denomination {
                    h_denom: DenominationKey::Rsa(key.clone()).hash(ages),
                    key,
                    ages,
                    value: amount("value"),
                    fee_withdraw: amount("fee_withdraw"),
                    fee_deposit: amount("fee_deposit"),
                    fee_refresh: amount("fee_refresh"),
                });
            }
        }
        found
    }

    /// The newest denomination of this value, without ages.
    pub(crate) fn denomination(&self, value: &str) -> Denomination {
        let value = kudos(value);
        let fits = |d: &Denomination| d.value == value && d.ages == AgeMask::NONE;
        self.denominations().into_iter().rfind(fits).unwrap()
    }

    /// Has it revoke a denomination.
    pub(crate) fn revoke(&self, denomination: &Denomination) {
        assert!(self.sandbox().revoke(&denomination.h_denom).unwrap());
    }

    /// A transfer comes from this account, with this key in its subject.
    pub(crate) fn prove_account(&self, payto: &str, key: &PublicKey) {
        self.sandbox().prove_account(&Payto::parse(payto).unwrap(), key).unwrap();
    }

    /// A reserve with so much in it.
    pub(crate) fn reserve(&self, amount: &str) -> Reserve {
        let reserve = Reserve::new();
        let reply = self.top_up(&reserve, amount);
        assert_eq!(reply.status, 200, "{reply:?}");
        reserve
    }

    pub(crate) fn top_up(&self, reserve: &Reserve, amount: &str) -> Reply {
        let amount = kudos(amount);
        let body = json!({ "reserve_pub": reserve.key.public_key(), "amount": amount });
        self.post("sandbox/reserves", &body)
    }

    /// What a reserve has.
    pub(crate) fn balance(&self, reserve: &Reserve) -> String {
        let reply = self.get(&format!("reserves/{}", reserve.key.public_key()));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["balance"].as_str().unwrap().to_owned()
    }

    pub(crate) fn withdraw(&self, reserve: &Reserve, planchets: &[Planchet]) -> Reply {
        let bodies: Vec<_> = planchets.iter().map(|planchet| &planchet.body).collect();
        let path = format!("reserves/{}/batch-withdraw", reserve.key.public_key());
        self.post(&path, &json!({ "planchets": bodies }))
    }

    /// A coin of this value, fresh from a reserve of its own.
    pub(crate) fn coin(&self, value: &str) -> Coin {
        self.coin_of(&self.denomination(value), None)
    }

    /// A coin of this denomination, fresh from a reserve of its own.
    pub(crate) fn coin_of(
        &self,
        denomination: &Denomination,
        h_age_commitment: Option<ShortHash>,
    ) -> Coin {
        self.coin_with(fresh_key(), denomination, h_age_commitment)
    }

    /// A coin of this denomination and key, fresh from a reserve of its own.
    pub(crate) fn coin_with(
        &self,
        key: SigningKey,
        denomination: &Denomination,
        h_age_commitment: Option<ShortHash>,
    ) -> Coin {
        let price = denomination.value.checked_add(&denomination.fee_withdraw).unwrap();
        let reserve = self.reserve(price.to_string().split_once(':').unwrap().1);
        let planchet = Planchet::new(&reserve, key, denomination, h_age_commitment);
        let reply = self.withdraw(&reserve, std::slice::from_ref(&planchet));
        assert_eq!(reply.status, 200, "{reply:?}");
        planchet.coin(&reply.json()["ev_sigs"][0])
    }

    /// What the exchange knows of a coin: what it was worth, what is spent, back, and left.
    pub(crate) fn account_of(&self, coin: &Coin) -> Value {
        let reply = self.get(&format!("sandbox/coins/{}", coin.key.public_key()));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// What the merchants have of each coin for each contract: what it gave, less what they gave
    /// back, in units of 10⁻⁸.
    pub(crate) fn held(&self) -> BTreeMap<([u8; 32], [u8; 64]), i64> {
        // Nobody else may open its file; what it has committed is in a copy as well.
        let dir = tempfile::tempdir().unwrap();
        for name in ["sandbox.db", "sandbox.db-wal"] {
            fs::copy(self.dir.path().join(name), dir.path().join(name)).unwrap();
        }
        let books = Connection::open(dir.path().join("sandbox.db")).unwrap();
        let mut deposits = books
            .prepare_cached(
                "SELECT coin_pub, h_contract, contribution - deposits.refunded FROM deposits
                JOIN coins ON coins.serial = coin",
            )
            .unwrap();
        let rows = deposits.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)));
        rows.unwrap().map(Result::unwrap).filter(|(_, units)| *units != 0).collect()
    }

    /// The exchange's books.
    pub(crate) fn ledger(&self) -> Value {
        let reply = self.get("sandbox/ledger");
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Opens the sandbox and serves it on a thread of its own.
fn serve(
    dir: &TempDir,
    settings: &Settings,
    ahead: &Arc<AtomicU64>,
    listener: TcpListener,
) -> (Sandbox, (ServerHandle, JoinHandle<()>)) {
    let file: PathBuf = dir.path().join("sandbox.db");
    let ahead = ahead.clone();
    let clock = Clock::from_fn(move || Duration::from_secs(now() + ahead.load(Ordering::Relaxed)));
    let sandbox = Sandbox::open(&file, settings.clone(), clock).unwrap();
    let (say, hear) = channel();
    let served = sandbox.clone();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                App::new().service(web::scope(PREFIX).service(served.routes()))
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
    (sandbox, (hear.recv_timeout(PATIENCE).unwrap(), thread))
}

/// What goes wrong for the next `times` requests.
pub(crate) fn times(times: u32, act: FaultAction) -> Fault {
    Fault { act, times: Some(times), ..Fault::default() }
}
