//! `tilld demo`: what it prints, its shop's pages as a browser sees them, and what outlasts it.

mod offline;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, RequestBuilder};
use reqwest::redirect;

use crate::backoffice::Visitor;
use crate::common::{PATIENCE, Reply, client, tilld};

/// A running demonstration; killed when dropped.
struct Demo {
    child: Child,
    shop: String,
    api: String,
    exchange: String,
    token: String,
    password: String,
    client: Client,
    /// The visitor's cookie, once there is one.
    cookie: Mutex<String>,
}

fn command(folder: &Path, listen: &str) -> Command {
    let mut command = tilld();
    command.args(["demo", "--listen", listen, "--data-dir"]).arg(folder);
    command
}

/// Somebody who goes nowhere without being told.
fn browser() -> Client {
    client().timeout(PATIENCE).redirect(redirect::Policy::none()).build().unwrap()
}

impl Demo {
    fn start(folder: &Path, listen: &str) -> Self {
        let mut command = command(folder, listen);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (say, lines) = channel();
        thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| say.send(line)).ok();
        });
        // From here on it ends with the test.
        let mut demo = Self {
            child,
            shop: String::new(),
            api: String::new(),
            exchange: String::new(),
            token: String::new(),
            password: String::new(),
            client: browser(),
            cookie: Mutex::default(),
        };
        let line = || lines.recv_timeout(PATIENCE).unwrap();
        let value = |name: &str| {
            let line = line();
            line.strip_prefix(name).unwrap_or_else(|| panic!("{name}: {line}")).to_owned()
        };
        demo.shop = value("Shop: ");
        demo.api = value("API: ");
        demo.exchange = value("Exchange: ");
        demo.token = value("Token: ");
        assert_eq!(value("Till: "), format!("{}webui/till", demo.api));
        assert_eq!(value("Back office: "), format!("{}webui/", demo.api));
        demo.password = value("Password: ");
        line();
        assert!(line().contains("play money"));
        demo
    }

    /// `127.0.0.1:PORT`
    fn address(&self) -> String {
        self.api.trim_start_matches("http://").trim_end_matches('/').to_owned()
    }

    /// Sends as the visitor's browser would, and keeps the cookie.
    fn send(&self, request: RequestBuilder) -> Reply {
        let cookie = self.cookie.lock().unwrap().clone();
        let reply = Reply::of(request.header("Cookie", cookie).send().unwrap());
        if let Some(set) = reply.headers.get("set-cookie") {
            assert!(
                set.ends_with("; HttpOnly; SameSite=Lax; Path=/shop; Max-Age=2592000"),
                "{set}"
            );
            *self.cookie.lock().unwrap() = set.split(';').next().unwrap().to_owned();
        }
        reply
    }

    fn get(&self, url: &str) -> Reply {
        self.send(self.client.get(url))
    }

    /// A page, after checking what holds for all of them.
    fn page(&self, url: &str) -> String {
        let reply = self.get(url);
        assert_eq!(reply.status, 200, "{url}: {reply:?}");
        self.is_page(&reply);
        reply.text
    }

    fn is_page(&self, reply: &Reply) {
        assert!(reply.headers["content-type"].starts_with("text/html"), "{reply:?}");
        let policy = &reply.headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"));
        assert!(reply.text.contains("play money"), "{reply:?}");
        // Nothing comes from elsewhere, nothing is inline.
        for (at, _) in reply.text.match_indices("http") {
            let is_ours = reply.text[at..].starts_with(&self.api)
                || reply.text[..at].ends_with("taler+")
                || reply.text[at..].starts_with("http-equiv")
                || reply.text[at..].starts_with("http%3A%2F%2F127.0.0.1");
            assert!(is_ours, "{}", &reply.text[at..][..60]);
        }
        assert!(!reply.text.contains("<style") && !reply.text.contains(" style="));
        assert!(!reply.text.contains("<script>") && !reply.text.contains(" onclick"));
    }

    fn post(&self, url: &str, form: &str) -> Reply {
        let request = self.client.post(url).body(form.to_owned());
        self.send(request.header("Content-Type", "application/x-www-form-urlencoded"))
    }

    /// Presses a button of `page` that leads to `action`, sending all hidden fields of its form;
    /// the address that the shop then sends the browser to.
    fn press(&self, page: &str, action: &str) -> String {
        let (_, form) = page.split_once(&format!("action=\"{action}\"")).unwrap();
        let form = form.split("</form>").next().unwrap();
        let fields: Vec<_> = form
            .split("<input")
            .skip(1)
            .map(|field| format!("{}={}", attribute(field, "name"), attribute(field, "value")))
            .collect();
        let url = format!("{}{}", self.api.trim_end_matches('/'), action);
        let reply = self.post(&url, &fields.join("&"));
        assert_eq!(reply.status, 303, "{action}: {reply:?}");
        reply.headers["location"].clone()
    }

    /// The front page of the shop, once there is an exchange.
    fn opened(&self) -> String {
        let end = Instant::now() + 2 * PATIENCE;
        loop {
            let front = self.page(&self.shop);
            if !front.contains("One moment") {
                return front;
            }
            assert!(front.contains("http-equiv=\"refresh\""));
            assert!(Instant::now() < end, "the exchange has no keys yet");
        }
    }

    /// Asks in the background what takes until something happens.
    fn waiting(&self, path: &str) -> thread::JoinHandle<Reply> {
        let request = self.client.get(format!("{}{path}", self.api));
        thread::spawn(move || Reply::of(request.send().unwrap()))
    }

    /// A question that the daemon has and does not answer yet.
    fn parked(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        let head = format!("GET /{path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address());
        stream.write_all(head.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        assert!(stream.peek(&mut [0]).is_err(), "answered at once");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Asks it to end, and waits.
    fn stop(mut self) {
        let pid = self.child.id().to_string();
        let begun = Instant::now();
        assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The value of an attribute in `text`, unescaped as far as addresses need it.
fn attribute(text: &str, name: &str) -> String {
    let (_, rest) = text.split_once(&format!("{name}=\"")).unwrap_or_else(|| panic!("{name}"));
    rest.split('"').next().unwrap().replace("&#38;", "&")
}

/// What the forms of a page carry to show that they are the shop's.
fn csrf_token(page: &str) -> String {
    attribute(page.split("name=\"csrf_token\"").nth(1).unwrap(), "value")
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn a_visitor_buys_with_the_demo_wallet_and_all_of_it_outlasts_the_demo() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("demo");
    let demo = Demo::start(&folder, "127.0.0.1:0");
    assert_eq!(demo.shop, format!("{}shop/", demo.api));
    assert_eq!(demo.exchange, format!("{}sandbox-exchange/", demo.api));
    assert_eq!((mode(&folder), mode(&folder.join("token"))), (0o700, 0o600));
    assert_eq!(mode(&folder.join("password")), 0o600);
    let front = demo.opened();
    assert!(front.contains("The demo wallet is empty"));
    assert_eq!(demo.get(&format!("{}keys", demo.exchange)).status, 200);
    for file in ["files/style.css", "files/poll.js"] {
        assert_eq!(demo.get(&format!("{}{file}", demo.shop)).status, 200);
    }

    // An order, and everybody who can wait for it.
    let at = demo.press(&front, "/shop/buy");
    let id = at.rsplit('/').next().unwrap().to_owned();
    let offer = demo.page(&at);
    assert!(offer.contains("<svg class=\"qr\"") && offer.contains("Waiting for your wallet"));
    assert!(offer.contains(&format!("taler+http://pay/{}/{id}/", demo.address())));
    // A wallet without money claims it all the same, and then says so.
    let refused = demo.post(&format!("{at}/pay"), &format!("csrf_token={}", csrf_token(&offer)));
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.text.contains("does not have enough money"), "{refused:?}");
    demo.is_page(&refused);
    // Where it is missing it can be had; a double click withdraws once.
    assert!(offer.contains(&format!("name=\"back\" value=\"orders/{id}\"")), "{offer}");
    for _ in 0..2 {
        assert_eq!(demo.press(&offer, "/shop/withdraw"), at);
    }
    let offer = demo.page(&at);
    assert!(!offer.contains("/shop/withdraw") && offer.contains("small fees"), "{offer}");
    assert!(offer.contains("The demo wallet has 50.00\u{a0}KUDOS."), "{offer}");

    let poll = attribute(&offer, "data-poll");
    let hash = poll.split("h_contract=").nth(1).unwrap().split('&').next().unwrap();
    let session = poll.split("session_id=").nth(1).unwrap().to_owned();
    let goods = format!("{}goods/{id}", demo.shop);
    let reply = demo.get(&goods);
    assert_eq!((reply.status, &reply.headers["location"]), (303, &at), "not before it is paid");
    let encoded = goods.replace(':', "%3A").replace('/', "%2F");
    let waiting = [
        format!("{}&timeout_ms=25000", poll.trim_start_matches('/')),
        format!("sessions/{session}?fulfillment_url={encoded}&timeout_ms=25000"),
    ]
    .map(|path| demo.waiting(&path));
    let legacy = format!("public/poll-payment?order_id={id}&h_contract={hash}&timeout=25");
    let legacy = cfg!(feature = "legacy").then(|| demo.waiting(&legacy));
    assert_eq!(demo.press(&offer, &format!("/shop/orders/{id}/pay")), at);
    let [order, session_reply] = waiting.map(|poll| poll.join().unwrap());
    assert_eq!(order.status, 200, "{order:?}");
    assert_eq!(
        (session_reply.status, session_reply.json()["order_id"].as_str()),
        (200, Some(&*id))
    );
    if let Some(legacy) = legacy.map(|poll| poll.join().unwrap()) {
        assert_eq!(
            (legacy.status, legacy.json()["paid"].clone()),
            (200, true.into()),
            "{legacy:?}"
        );
    }
    assert!(demo.page(&at).contains("It is paid"));
    assert!(demo.page(&goods).contains("Here is your coffee"));

    // Another visitor sees an offer, not the goods.
    let seen = Reply::of(browser().get(&goods).send().unwrap());
    assert_eq!(seen.status, 303);

    // Half of it goes back.
    demo.press(&demo.page(&at), &format!("/shop/orders/{id}/refund"));
    let sale = demo.page(&at);
    assert!(sale.contains(&format!("taler+http://refund/{}/{id}/", demo.address())));
    demo.press(&sale, &format!("/shop/orders/{id}/collect"));
    assert!(demo.page(&at).contains("1.25\u{a0}KUDOS of it went back"));

    // The article, and a tip.
    let article = format!("{}article", demo.shop);
    let paywall = demo.page(&article);
    assert!(paywall.contains("Read on for") && !paywall.contains("Smell your browser"));
    let poll = attribute(&paywall, "data-poll");
    let poll = demo.waiting(&format!("{}&timeout_ms=25000", poll.trim_start_matches('/')));
    assert_eq!(demo.press(&paywall, "/shop/article/pay"), article);
    assert_eq!(poll.join().unwrap().status, 200);
    assert!(demo.page(&article).contains("Smell your browser"));
    let front = demo.page(&demo.shop);
    let coin = |page: &str| page.split("The demo wallet has ").nth(1).unwrap()[..5].to_owned();
    let tipped = demo.press(&front, "/shop/tip");
    let after = coin(&demo.page(&demo.shop));
    assert_eq!(demo.press(&front, "/shop/tip"), tipped, "a form that is sent twice");
    assert_eq!(coin(&demo.page(&demo.shop)), after, "tips once");
    let front = demo.page(&tipped);
    assert!(front.contains("Thank you for the tip"));
    // Its back office opens with the password, and a wallet in its folder finds its exchange.
    assert!(front.contains("href=\"/webui/\""), "{front}");
    let mut keeper = Visitor::of(demo.api.trim_end_matches('/'));
    let page = keeper.get("/webui/sign-in");
    keeper.csrf = page.csrf();
    keeper.cookies = page.cookie("__Host-tilld-presession").into_iter().collect();
    assert_eq!(keeper.sign_in("admin", &demo.password).status, 303);
    let mut wallet = tilld();
    wallet.args(["wallet", "--data-dir"]).arg(&folder).args(["withdraw", "KUDOS:1"]);
    let output = wallet.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let front = demo.page(&demo.shop);
    let balance = coin(&front);

    // It ends while somebody waits, who is answered; and is found again as it was.
    let (address, token) = (demo.address(), demo.token.clone());
    let open = demo.press(&front, "/shop/buy");
    let poll = attribute(&demo.page(&open), "data-poll");
    let cookie = demo.cookie.lock().unwrap().clone();
    let parked = demo.parked(&format!("{}&timeout_ms=25000", poll.trim_start_matches('/')));
    demo.stop();
    let answer = BufReader::new(parked).lines().next().unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 402"), "{answer}");
    let demo = Demo::start(&folder, &address);
    *demo.cookie.lock().unwrap() = cookie;
    assert_eq!(demo.token, token);
    assert!(demo.opened().contains(&balance));
    assert!(demo.page(&at).contains("1.25\u{a0}KUDOS of it went back"));
    assert!(demo.page(&article).contains("Smell your browser"));
    assert!(demo.page(&open).contains("Waiting for your wallet"));
    let orders = demo.client.get(format!("{}private/orders?paid=yes", demo.api));
    let orders = Reply::of(orders.bearer_auth(&token).send().unwrap());
    assert_eq!(orders.json()["orders"].as_array().unwrap().len(), 3, "{orders:?}");
}

#[test]
fn a_form_that_is_not_from_the_shops_own_page_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path(), "127.0.0.1:0");
    let csrf_token = csrf_token(&demo.page(&demo.shop));
    let buy = format!("{}buy", demo.shop);
    let form = format!("csrf_token={csrf_token}&item=coffee");
    let with = |name: &str, value: &str| {
        let request = demo.client.post(&buy).body(form.clone()).header(name, value);
        demo.send(request.header("Content-Type", "application/x-www-form-urlencoded"))
    };
    let own = demo.api.trim_end_matches('/');
    for (name, value, status) in [
        ("Origin", own, 303),
        ("Sec-Fetch-Site", "same-origin", 303),
        ("Origin", "http://evil.example", 403),
        ("Origin", "null", 403),
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Sec-Fetch-Site", "same-site", 403),
        ("Host", "evil.example", 403),
    ] {
        let reply = with(name, value);
        assert_eq!(reply.status, status, "{name}: {value}: {reply:?}");
    }
    let other = form.replace(&csrf_token, &"0".repeat(csrf_token.len()));
    for (form, status) in [
        (other.as_str(), 403),
        ("csrf_token=&item=coffee", 403),
        ("item=coffee", 400),
        (&*format!("csrf_token={csrf_token}&item=yacht"), 400),
        (&*format!("{form}&more={}", "x".repeat(5000)), 400),
    ] {
        let reply = demo.post(&buy, form);
        assert_eq!(reply.status, status, "{form}: {reply:?}");
        demo.is_page(&reply);
    }
    // Another visitor's CSRF token.
    *demo.cookie.lock().unwrap() = String::new();
    assert_eq!(demo.post(&buy, &form).status, 403);
    demo.page(&demo.shop);
    assert_eq!(demo.post(&buy, &form).status, 403);

    for path in ["nothing", "orders/nothing", "orders/%3Cb%3E", "buy/"] {
        let reply = demo.get(&format!("{}{path}", demo.shop));
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
        demo.is_page(&reply);
    }
    assert_eq!(demo.get(&buy).status, 405);

    // Pages and refusals alike speak the reader's language, and read numbers as the reader does.
    let german = |request: RequestBuilder| demo.send(request.header("Accept-Language", "de-DE"));
    let front = german(demo.client.get(&demo.shop));
    assert!(front.text.contains("<html lang=\"de\">") && front.text.contains("Spielgeld"));
    assert!(front.text.contains("Für 2,50\u{a0}KUDOS kaufen"), "{front:?}");
    let csrf_token = self::csrf_token(&front.text);
    let tip = |amount: &str| {
        let form = format!("csrf_token={csrf_token}&amount={amount}");
        let request = demo.client.post(format!("{}tip", demo.shop)).body(form);
        german(request.header("Content-Type", "application/x-www-form-urlencoded"))
    };
    let elsewhere = demo.client.post(&buy).header("Host", "evil.example");
    for (reply, status, text) in [
        (german(demo.client.get(format!("{}nothing", demo.shop))), 404, "Eine solche Seite"),
        (german(elsewhere), 403, "Das kam von keiner unserer eigenen Seiten"),
        (tip("0,00"), 400, "Dieses Formular ist nicht vollständig"),
        (tip("2,505"), 400, "Dieses Formular ist nicht vollständig"),
        (tip("1.000,50"), 409, "Die Demo-Wallet"),
    ] {
        assert_eq!(reply.status, status, "{reply:?}");
        assert_eq!(reply.headers["content-language"], "de");
        assert_eq!(reply.headers["vary"], "Accept-Language");
        assert!(reply.text.contains(text) && reply.text.contains("Spielgeld"), "{reply:?}");
        assert!(reply.headers["content-security-policy"].starts_with("default-src 'none'; "));
    }
    let elsewhere = demo.send(demo.client.get(&demo.shop).header("Host", "evil.example"));
    assert_eq!((elsewhere.status, &elsewhere.headers["location"]), (303, &demo.shop));
    // What is not the shop's is the daemon's.
    assert_eq!(demo.get(&format!("{}config", demo.api)).json()["name"], "taler-merchant");
}

#[test]
fn a_demo_says_why_it_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let running = Demo::start(folder.path(), "127.0.0.1:0");
    let status = |command: &mut Command| {
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = status(&mut command(folder.path(), "127.0.0.1:0"));
    assert_eq!(code, Some(5), "{said}");
    let other = tempfile::tempdir().unwrap();
    let (code, said) = status(&mut command(other.path(), &running.address()));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&running.address()), "{said}");
    let (code, said) = status(&mut command(other.path(), "0.0.0.0:0"));
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = status(command(other.path(), "127.0.0.1:0").args(["--database", "x.db"]));
    assert_eq!(code, Some(2), "{said}");
    std::fs::write(other.path().join("sandbox.db"), "this is no sandbox").unwrap();
    let (code, said) = status(&mut command(other.path(), "127.0.0.1:0"));
    assert_eq!(code, Some(4), "{said}");
}

#[test]
fn a_connection_that_is_used_again_and_again_is_good_for_shop_and_exchange_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path(), "127.0.0.1:0");
    let address = demo.api.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    // Together their heads are longer than one may be.
    let padding = "x".repeat(1000);
    for path in ["/shop/files/style.css", "/sandbox-exchange/config"].repeat(30) {
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nX-Padding: {padding}\r\n\r\n")
            .unwrap();
        let (mut line, mut length) = (String::new(), 0);
        answers.read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 200 "), "{path}: {line:?}");
        loop {
            let mut header = String::new();
            answers.read_line(&mut header).unwrap();
            let header = header.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
        }
        std::io::copy(&mut answers.by_ref().take(length), &mut std::io::sink()).unwrap();
    }
}
