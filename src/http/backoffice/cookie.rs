//! Cookies of the back office: the web session's, and the one that protects the sign-in form.
//!
//! Scripts cannot read them, and other sites cannot send them. Where the browser uses
//! TLS they have the prefix `__Host-`, which only we can set; a local network has no
//! certificates, so over plain HTTP they lack it, and the sign-in page warns.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie as HttpCookie, SameSite};
use actix_web::http::header::{HOST, HeaderValue};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::super::headers::header;
use super::super::origin;
use super::super::settings::Settings;
use net::header::cookie;
use taler::ids::InstanceId;
use taler::web::is_this_machine;

/// Which cookie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cookie {
    /// The token of the web session.
    Session,
    /// A random text that binds the form for signing in to this browser.
    PreSession,
    /// Says that cashiers may sign in at this browser.
    Device,
    /// On which paper this browser prints receipts, and whether it does that by itself.
    Receipt,
}

/// How long a browser keeps what holds for the device: a year.
const LONG: Duration = Duration::days(365);

/// The way from the browser to us.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Transport {
    /// Whether it is protected, by HTTPS or because it does not leave the machine.
    is_safe: bool,
    /// What tells our cookies from those of another tilld on the same host: browsers send the cookies
    /// of a host to all of its ports and, as the prefix `__Host-` wants it, to all of its paths. Empty
    /// for the one at the usual port and without a path.
    mark: String,
}

impl Transport {
    /// The way that `request` came.
    pub(super) fn of(request: &HttpRequest, settings: &Settings) -> Self {
        let configured = origin::base_url(request, settings, &InstanceId::admin());
        let seen = origin::seen(request, settings);
        let (Ok(configured), Ok(seen)) = (configured, seen) else {
            return Self { is_safe: false, mark: String::new() };
        };
        let seen_host = seen.authority();
        // A proxy that does not say how it was asked is one that we are known by.
        let known = configured.is_https() && configured.authority() == seen_host;
        let path = match settings.base_url {
            Some(_) => configured.host_and_path(),
            None => seen.host_and_path(),
        };
        let path = path.split_once('/').map_or("", |(_, path)| path);
        Self {
            is_safe: seen.is_https() || known || is_this_machine(seen_host),
            mark: mark(seen_host, path),
        }
    }

    /// Whether others on the network can read what is sent.
    pub(super) fn is_plain(&self) -> bool {
        !self.is_safe
    }
}

/// The end of our cookies' names, for `host` (with its port, if it is not the usual one) and `path`.
fn mark(host: &str, path: &str) -> String {
    let port = match host.rsplit_once(':') {
        Some((_, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => port,
        _ => "",
    };
    let path = match path {
        "" => String::new(),
        path => {
            let hash = Sha256::digest(path.as_bytes());
            HEXLOWER.encode(hash.get(..4).unwrap_or_default())
        }
    };
    [port, &path]
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(|part| format!("-{part}"))
        .collect()
}

impl Cookie {
    fn name(self, way: &Transport) -> String {
        let prefix = if way.is_safe { "__Host-" } else { "" };
        let kind = match self {
            Self::Session => "",
            Self::PreSession => "-presession",
            Self::Device => "-till",
            Self::Receipt => "-receipt",
        };
        format!("{prefix}tilld{kind}{}", way.mark)
    }

    /// Its value in `request`.
    pub(super) fn read(self, request: &HttpRequest, way: &Transport) -> Option<String> {
        cookie(request.headers(), &self.name(way))
    }

    /// The header that sets it: until the browser is closed, or for a year what holds for the device.
    pub(super) fn set(self, way: &Transport, value: &str) -> Option<HeaderValue> {
        let mut cookie = self.http(way, value);
        match self {
            Self::Session | Self::PreSession => {}
            Self::Device | Self::Receipt => cookie.set_max_age(LONG),
        }
        HeaderValue::try_from(cookie.to_string()).ok()
    }

    /// The header that takes it away.
    pub(super) fn clear(self, way: &Transport) -> Option<HeaderValue> {
        let mut cookie = self.http(way, "");
        cookie.set_max_age(Duration::ZERO);
        HeaderValue::try_from(cookie.to_string()).ok()
    }

    fn http<'a>(self, way: &Transport, value: &'a str) -> HttpCookie<'a> {
        HttpCookie::build(self.name(way), value)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(way.is_safe)
            .finish()
    }
}

/// What a browser calls itself.
pub(super) fn browser(request: &HttpRequest) -> &str {
    header(request, actix_web::http::header::USER_AGENT).unwrap_or("?")
}

/// The address that the browser has us under, without the path: `http://192.168.1.2:9966`.
pub(super) fn is_own_origin(request: &HttpRequest, settings: &Settings, origin: &str) -> bool {
    let configured = origin::base_url(request, settings, &InstanceId::admin()).ok();
    let seen = origin::seen(request, settings).ok();
    let ours = [configured, seen].into_iter().flatten().map(|url| {
        let scheme = if url.is_https() { "https" } else { "http" };
        format!("{scheme}://{}", url.authority())
    });
    // A proxy may not say that it was asked by HTTPS; the host is what tells sites apart.
    let host = header(request, HOST).unwrap_or_default();
    let by_proxy = format!("https://{host}");
    ours.chain([by_proxy]).any(|own| own.eq_ignore_ascii_case(origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use taler::web::BaseUrl;

    fn way(base_url: Option<&str>, headers: &[(&'static str, &'static str)]) -> Transport {
        let settings = Settings {
            base_url: base_url.map(|text| BaseUrl::parse(text).unwrap()),
            trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
            ..Settings::default()
        };
        let client = "127.0.0.1:4000".parse().unwrap();
        let request = headers
            .iter()
            .fold(TestRequest::default().peer_addr(client), |all, one| all.append_header(*one));
        Transport::of(&request.to_http_request(), &settings)
    }

    #[test]
    fn a_way_is_safe_by_https_or_inside_the_machine() {
        for host in
            ["localhost", "LOCALHOST:9966", "shop.localhost:9966", "127.0.0.1:1", "[::1]:9966"]
        {
            assert!(way(None, &[("Host", host)]).is_safe, "{host}");
        }
        for host in ["192.168.1.2:9966", "shop.lan", "localhost.evil.example", "[fd00::1]"] {
            assert!(way(None, &[("Host", host)]).is_plain(), "{host}");
        }
        let proxied = [("Host", "shop.example"), ("X-Forwarded-Proto", "https")];
        assert!(way(None, &proxied).is_safe);
        let known = Some("https://shop.example/");
        assert!(way(known, &[("Host", "shop.example")]).is_safe);
        assert!(way(known, &[("Host", "192.168.1.2")]).is_plain());
    }

    #[test]
    fn two_daemons_on_a_host_have_cookies_of_their_own() {
        let name = |base_url, headers: &[_]| Cookie::Session.name(&way(base_url, headers));
        assert_eq!(name(None, &[("Host", "127.0.0.1:9966")]), "__Host-tilld-9966");
        assert_eq!(name(None, &[("Host", "127.0.0.1:9967")]), "__Host-tilld-9967");
        assert_eq!(name(None, &[("Host", "[::1]:9967")]), "__Host-tilld-9967");
        assert_eq!(name(None, &[("Host", "[fd00::1]")]), "tilld");
        assert_eq!(name(None, &[("Host", "shop.lan:80")]), "tilld");
        let shop = [("Host", "shop.example")];
        assert_eq!(name(Some("https://shop.example/"), &shop), "__Host-tilld");
        let bar = name(Some("https://shop.example/bar/"), &shop);
        let inn = name(Some("https://shop.example/inn/"), &shop);
        assert!(bar.starts_with("__Host-tilld-") && bar != inn, "{bar} {inn}");
        let seen = |prefix| name(None, &[("Host", "localhost"), ("X-Forwarded-Prefix", prefix)]);
        assert_ne!(seen("/bar"), seen("/inn"));
    }
}
