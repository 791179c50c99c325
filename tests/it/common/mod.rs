//! The actors of the tests: a daemon with its files, and its clients.

pub(crate) mod document;
pub(crate) mod exchange;
pub(crate) mod fake_peer;
pub(crate) mod merchant;
pub(crate) mod rng;
pub(crate) mod shop;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::blocking::{Client, ClientBuilder};
use serde_json::Value;
use taler::currency::CurrencySpecification;
use taler::time::RelativeTime;
use tempfile::TempDir;
use tilld::till::{Policy, StrangerLimits, WebhookPolicy};

/// A safety net: what takes longer has gone wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Bounds for strangers that no test reaches by accident: all its wallets are on one machine.
const FOR_CROWDS: [(&str, &str); 4] = [
    ("TILLD_STRANGERS__NETWORK_BURST", "1000000"),
    ("TILLD_STRANGERS__NETWORK_PER_MINUTE", "1000000"),
    ("TILLD_STRANGERS__TEMPLATE_BURST", "1000000"),
    ("TILLD_STRANGERS__TEMPLATE_PER_MINUTE", "1000000"),
];

/// The program.
pub(crate) fn tilld() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tilld"));
    // Tests must not see the settings of the person who runs them.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TILLD_") {
            command.env_remove(name);
        }
    }
    command.env("TILLD_SERVER__LISTEN", "127.0.0.1:0").envs(FOR_CROWDS).stdin(Stdio::null());
    command
}

/// Copies a program that is to be run. A process of its own writes the copy: a file that this process held
/// open for writing could not be run while another test starts a child, which inherits it for a moment.
pub(crate) fn copy_program(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg(from).arg(to).status().unwrap().success());
}

/// A client that goes straight to the daemon. It could speak TLS, as the program's own does, but
/// trusts nobody.
pub(crate) fn client() -> ClientBuilder {
    // It is there already unless this is the first client.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().tls_certs_only([])
}

/// Waits until `fact` holds.
pub(crate) fn eventually(what: &str, mut fact: impl FnMut() -> bool) {
    let started = Instant::now();
    while !fact() {
        assert!(started.elapsed() < PATIENCE, "never came true: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// A folder with a database, and perhaps a daemon on it.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.dir.path().join("tilld.db")
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        tilld().arg("--database").arg(self.db()).args(args).output().unwrap()
    }

    /// Runs a command that must succeed; what it printed.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {errors}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Runs a command that must fail; its exit status and what it said.
    pub(crate) fn fails(&self, args: &[&str]) -> (i32, String) {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?} must fail");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    /// Sets a password, fed through standard input.
    pub(crate) fn passwd(&self, instance: &str, password: &str) {
        let mut child = tilld()
            .arg("--database")
            .arg(self.db())
            .args(["passwd", instance, "--create", "--password-file", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// Makes an instance without a password.
    pub(crate) fn instance(&self, name: &str) {
        self.ok(&["instance", "add", name, "--create"]);
    }

    /// Makes a token.
    pub(crate) fn token(&self, instance: &str, scope: &str) -> String {
        self.ok(&["token", "create", instance, "--scope", scope])
    }

    pub(crate) fn start(&self) -> Daemon {
        self.start_with(&[])
    }

    pub(crate) fn start_with(&self, variables: &[(&str, &str)]) -> Daemon {
        let mut command = tilld();
        command.arg("--database").arg(self.db()).arg("serve").envs(variables.iter().copied());
        Daemon::start(command)
    }
}

/// A running daemon; killed when dropped.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    pub(crate) address: String,
    /// The operator's listener, if there is one.
    pub(crate) admin: Option<String>,
    client: Client,
    /// What it says after it has started, on standard error and on standard output.
    pub(crate) lines: Mutex<Receiver<String>>,
    /// What it said until it had started.
    pub(crate) greeting: String,
}

impl Daemon {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (say, lines) = channel();
        let streams: [Box<dyn Read + Send>; 2] = [Box::new(stdout), Box::new(stderr)];
        for stream in streams {
            let say = say.clone();
            std::thread::spawn(move || {
                // Whatever it says, be it text or not.
                for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                    if say.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                        return;
                    }
                }
            });
        }
        drop(say);
        let (mut greeting, mut address, mut admin) = (String::new(), None, None);
        loop {
            let line = lines
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("the daemon did not start: {greeting}"));
            greeting += &line;
            greeting.push('\n');
            let at = |text: &str| {
                line.split_once(text).map(|(_, rest)| rest.trim_end_matches("/metrics").to_owned())
            };
            admin = admin.or(at("metrics at "));
            address = address.or(at("listening at ").map(|a| a.trim_end_matches('/').to_owned()));
            if line.contains("ready, database") {
                break;
            }
        }
        let client = client().timeout(PATIENCE).build().unwrap();
        let address = address.unwrap();
        Self { child, address, admin, client, lines: Mutex::new(lines), greeting }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn socket(&self) -> String {
        self.address.trim_start_matches("http://").to_owned()
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{path}", self.address);
        let asked = (method.to_string(), path.to_owned());
        Ask { request: self.client.request(method, url), asked, _daemon: self }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path).send()
    }

    /// Sends `bytes` as they are and reads until the daemon closes.
    pub(crate) fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// Asks it to end, and waits.
    pub(crate) fn stop(mut self) -> i32 {
        self.signal("TERM");
        self.child.wait().unwrap().code().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Ends it without a warning, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request being put together.
pub(crate) struct Ask<'a> {
    pub(crate) request: reqwest::blocking::RequestBuilder,
    /// The method and the path.
    asked: (String, String),
    _daemon: &'a Daemon,
}

impl Ask<'_> {
    pub(crate) fn token(mut self, token: &str) -> Self {
        self.request = self.request.header("Authorization", format!("Bearer {token}"));
        self
    }

    pub(crate) fn basic(mut self, name: &str, password: &str) -> Self {
        self.request = self.request.basic_auth(name, Some(password));
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<reqwest::blocking::Body>) -> Self {
        self.request = self.request.body(body);
        self
    }

    pub(crate) fn send(self) -> Reply {
        let reply = Reply::of(self.request.send().unwrap());
        let (method, path) = &self.asked;
        let complaint = document::complaint(method, path, reply.status, reply.code());
        assert_eq!(complaint, None, "{reply:?}");
        reply
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn of(response: reqwest::blocking::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        Self { status, headers, text: response.text().unwrap() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The Taler code of an error; none for an answer without one.
    fn code(&self) -> Option<u64> {
        let is_error = self.status >= 400 && self.status != 402;
        let is_json = self.headers.get("content-type").is_some_and(|it| it == "application/json");
        if is_error && is_json && !self.text.is_empty() {
            self.json()["code"].as_u64()
        } else {
            None
        }
    }

    /// Status and Taler code of an error, after checking that its body is one.
    pub(crate) fn failure(&self) -> (u16, u64) {
        let body = self.json();
        assert!(body["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{self:?}");
        assert_eq!(body["request_id"], self.headers["x-request-id"], "{self:?}");
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!(self.headers["access-control-allow-origin"], "*");
        (self.status, body["code"].as_u64().unwrap())
    }
}

/// All bytes of a file.
pub(crate) fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// Terms of a till inside a test: play money, no exchanges, a day for everything.
pub(crate) fn terms() -> Policy {
    let currency = "KUDOS".parse().unwrap();
    let day = RelativeTime::from_secs(86_400).unwrap();
    Policy {
        currency,
        currencies: vec![CurrencySpecification::shipped(currency)],
        exchanges: vec![],
        exchange_times: tilld::exchange::Times::default(),
        default_pay_delay: day,
        default_refund_delay: day,
        default_wire_transfer_delay: day,
        strangers: StrangerLimits::default(),
        stock_by_product_id: false,
        webhooks: WebhookPolicy::default(),
    }
}
