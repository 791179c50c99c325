//! The back office, as a browser sees it: cookies, forms, redirects.

mod books;
mod cashiers;
mod exchanges;
mod guard;
mod products;
mod receipts;
mod settings;
mod setup;
mod sign_in;
mod till;
mod twice;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use rusqlite::Connection;

use crate::common::shop::Shop;
use crate::common::{PATIENCE, Place, client};

pub(crate) const PASSWORD: &str = "correct horse";
/// Whom the proxy in front of a daemon with a base URL sees.
pub(crate) const VISITOR: &str = "192.0.2.10";

/// A page, with all that came along.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    /// Each `Set-Cookie`, whole.
    pub(crate) cookies: Vec<String>,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn location(&self) -> &str {
        self.headers.get("location").map_or("", String::as_str)
    }

    /// What the first form of the page carries in `csrf`.
    pub(crate) fn csrf(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Name and value of the cookie called `name`, as a browser sends it back.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.whole_cookie(name).map(|whole| whole.split(';').next().unwrap().to_owned())
    }

    /// The header that sets the cookie called `name`, or that name with the daemon's port behind it.
    pub(crate) fn whole_cookie(&self, name: &str) -> Option<&str> {
        let is_it = |cookie: &&String| {
            let found = cookie.split('=').next().unwrap();
            let rest = found.strip_prefix(name).map(|rest| rest.strip_prefix('-').unwrap_or(rest));
            rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        self.cookies.iter().find(is_it).map(String::as_str)
    }
}

/// A browser that goes nowhere by itself.
pub(crate) struct Visitor {
    address: String,
    client: Client,
    /// What it calls the host, if not by its address.
    host: Option<String>,
    pub(crate) cookies: Vec<String>,
    pub(crate) csrf: String,
}

impl Visitor {
    pub(crate) fn of(address: &str) -> Self {
        let client = client().timeout(PATIENCE).redirect(Policy::none()).build().unwrap();
        let address = address.to_owned();
        Self { address, client, host: None, cookies: Vec::new(), csrf: String::new() }
    }

    /// Somebody who has signed in at `instance`.
    pub(crate) fn seated(address: &str, instance: &str) -> Self {
        let mut visitor = Self::of(address);
        let page = visitor.get("/webui/sign-in");
        visitor.csrf = page.csrf();
        visitor.cookies = page.cookie("__Host-tilld-presession").into_iter().collect();
        let page = visitor.sign_in(instance, PASSWORD);
        assert_eq!(page.status, 303, "{page:?}");
        visitor.cookies = vec![page.cookie("__Host-tilld").unwrap()];
        visitor.csrf = visitor.get("/webui/orders").csrf();
        visitor
    }

    pub(crate) fn sign_in(&self, instance: &str, password: &str) -> Page {
        self.post("/webui/sign-in", &[("instance", instance), ("password", password)])
    }

    /// Somebody who has opened a page with a form, and not signed in.
    pub(crate) fn at_form(address: &str, path: &str) -> Self {
        let mut visitor = Self::of(address);
        let page = visitor.get(path);
        visitor.csrf = page.csrf();
        visitor.cookies = page.cookie("__Host-tilld-presession").into_iter().collect();
        visitor
    }

    /// Opens the sign-in and signs in there.
    pub(crate) fn sign_in_anew(&self, instance: &str, password: &str) -> Page {
        Self::at_form(&self.address, "/webui/sign-in").sign_in(instance, password)
    }

    fn origin(&self) -> String {
        match &self.host {
            Some(host) => format!("http://{host}"),
            None => self.address.clone(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Page {
        self.ask("GET", path, None, &[])
    }

    /// Sends a form with its CSRF token, from the page's own origin; each from a page that was just opened.
    pub(crate) fn post(&self, path: &str, inputs: &[(&str, &str)]) -> Page {
        static PAGES: AtomicUsize = AtomicUsize::new(0);
        let csrf = self.csrf.split('.').next().unwrap();
        let csrf = format!("{csrf}.{}", PAGES.fetch_add(1, Ordering::Relaxed));
        self.post_from(&csrf, path, inputs)
    }

    /// Sends the form of a page that carries `csrf`: the same as before, if the rest is the same.
    pub(crate) fn post_from(&self, csrf: &str, path: &str, inputs: &[(&str, &str)]) -> Page {
        let inputs = [&[("csrf", csrf)], inputs].concat();
        self.ask("POST", path, Some(&inputs), &[("Origin", &self.origin())])
    }

    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        inputs: Option<&[(&str, &str)]>,
        headers: &[(&str, &str)],
    ) -> Page {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.address));
        request = request.header("X-Forwarded-For", VISITOR);
        if !self.cookies.is_empty() {
            request = request.header("Cookie", self.cookies.join("; "));
        }
        if let Some(host) = &self.host {
            request = request.header("Host", host);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(inputs) = inputs {
            let body =
                url::form_urlencoded::Serializer::new(String::new()).extend_pairs(inputs).finish();
            request =
                request.header("Content-Type", "application/x-www-form-urlencoded").body(body);
        }
        let response = request.send().unwrap();
        let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned();
        Page {
            status: response.status().as_u16(),
            cookies: response.headers().get_all("set-cookie").iter().map(text).collect(),
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            text: response.text().unwrap(),
        }
    }
}

/// A shop whose back office has a password.
fn office() -> Shop {
    let shop = Shop::new();
    shop.place.passwd("admin", PASSWORD);
    shop
}

/// The store's file, beside the daemon.
fn store(place: &Place) -> Connection {
    let store = Connection::open(place.db()).unwrap();
    store.busy_timeout(PATIENCE).unwrap();
    store
}

/// Changes what the daemon has kept, behind its back.
fn tamper(store: &Connection, statements: &str) {
    store.execute_batch(statements).unwrap();
    assert!(store.changes() > 0, "{statements}");
}
