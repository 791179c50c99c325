//! The client's address, and the base URL by which the client reaches the daemon.
//!
//! Behind a proxy the peer is the proxy; its `X-Forwarded-…` headers name the client and the original URL.
//! Any client can send such headers, so only those of trusted peers are used (merchant-api 1.1):
//! unix sockets, listed networks, and this machine if `base_url` says that there is a proxy on it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderName, ORIGIN};

use super::connection::Connection;
use super::error::Failure;
use super::headers::header;
use super::settings::Settings;
use crate::till::{Principal, Till};
use system::log_limit;
use taler::ids::InstanceId;
use taler::web::BaseUrl;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// Says how the page that sends a request is related to the address it is sent to.
pub(super) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The address of clients whose proxy sends an unreadable one: all such count as one client.
const UNREADABLE: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// The client's address; `None` when its proxy does not send it. Invalid entries
/// are ignored, so that a client cannot escape its limits by sending them.
pub(super) fn client(request: &HttpRequest, settings: &Settings) -> Option<IpAddr> {
    let peer = client_ip(request);
    if !trusted(peer, settings) {
        return peer;
    }
    // Each proxy appends its peer's address; entries of the client itself come first. So the list
    // is read from its end, up to the first address that is no proxy of ours.
    // Entries that are not text are ignored; the others are used.
    let lines: Vec<_> = request.headers().get_all(FORWARDED_FOR).collect();
    let hops = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let hops = hops.filter_map(|hop| std::str::from_utf8(hop).ok()).map(str::trim);
    let mut last = None;
    for hop in hops.filter(|hop| !hop.is_empty()) {
        let Some(ip) = address_of(hop) else {
            return Some(last.or(peer).unwrap_or(UNREADABLE));
        };
        if !trusted(Some(ip), settings) {
            return Some(ip);
        }
        last = Some(ip);
    }
    None
}

/// The address of a hop: bare, with a port, or in brackets.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    let ip = bare.parse().ok().or_else(with_port)?;
    Some(ip.to_canonical())
}

/// By whom a request that waits is counted: the client's address, or `None` for those that are not
/// counted: programs on this machine, and proxies that send no client address (decision 15).
pub(super) fn poller(request: &HttpRequest, settings: &Settings) -> Option<IpAddr> {
    client(request, settings).filter(|ip| !ip.is_loopback())
}

fn client_ip(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|address| address.ip().to_canonical())
}

/// Whether the peer's headers are used: always at a Unix socket; for a program on this machine if
/// the daemon is known to have a proxy: every browser here can send such headers, too.
fn trusted(peer: Option<IpAddr>, settings: &Settings) -> bool {
    peer.is_none_or(|ip| {
        (ip.is_loopback() && settings.base_url.is_some())
            || settings.trusted_proxies.iter().any(|net| net.contains(&ip))
    })
}

/// Whether another site's page sent the request. Browsers state it; programs send no such header.
///
/// Older browsers, and newer ones on plain HTTP, name the page's origin only. It is ours if it is the
/// host that was asked or, behind a proxy that passes on another `Host`, that of `base_url`.
fn is_cross_site(request: &HttpRequest, settings: &Settings) -> bool {
    if let Some(site) = header(request, SEC_FETCH_SITE) {
        return !["same-origin", "none"].contains(&site);
    }
    let Some(origin) = request.headers().get(ORIGIN) else { return false };
    let host =
        origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let Some(host) = host else { return true };
    let configured = settings.base_url.as_ref().map(BaseUrl::authority);
    Some(host) != header(request, HOST) && Some(host) != configured
}

/// The public address of `instance`: configured, else as the client sees it. It ends in a slash.
///
/// # Errors
/// [`Failure::Header`] when nothing tells a host (400/23).
pub(super) fn base_url(
    request: &HttpRequest,
    settings: &Settings,
    instance: &InstanceId,
) -> Result<BaseUrl, Failure> {
    let root = match &settings.base_url {
        Some(fixed) => fixed.clone(),
        None => seen(request, settings)?,
    };
    below(root, instance)
}

/// The public address of `instance` for an order of a client without a token. The address in its request is
/// signed only if it is configured, known from the shop's own requests, or our end of the connection;
/// else the address that the shop used last is taken, or that end.
///
/// # Errors
/// [`Failure::Header`] when there is none of these: behind a unix socket, before the shop has made
/// any request of its own.
pub(super) fn base_url_for_strangers(
    request: &HttpRequest,
    settings: &Settings,
    till: &Till,
    instance: &InstanceId,
) -> Result<BaseUrl, Failure> {
    if settings.base_url.is_some() {
        return base_url(request, settings, instance);
    }
    let seen = seen(request, settings)?;
    let local = request.conn_data::<Connection>().and_then(Connection::local);
    let used = till.addresses(instance)?;
    let is_known = used.contains(&seen) || local.is_some_and(|local| names(&seen, local));
    // Customers are seldom on this machine.
    let best = used.iter().find(|root| !root.names_this_machine()).or(used.first()).cloned();
    let root = match (is_known, best, local) {
        (true, ..) => seen,
        (false, Some(used), _) => used,
        (false, None, Some(local)) => {
            BaseUrl::parse(format!("http://{local}/")).map_err(|_| Failure::Header("Host"))?
        }
        (false, None, None) => {
            let line = format_args!(
                "an order was refused: no address is known that wallets can use; set server.base_url"
            );
            log_limit::warn("orders refused because no address is known", line);
            return Err(Failure::Header("Host"));
        }
    };
    below(root, instance)
}

/// Whether `url` is our end of a connection.
fn names(url: &BaseUrl, local: SocketAddr) -> bool {
    let local = SocketAddr::new(local.ip().to_canonical(), local.port());
    let own = [local.to_string(), format!("localhost:{}", local.port())];
    let own = own.iter().take(if local.ip().is_loopback() { 2 } else { 1 });
    let without_port = (local.port() == 80).then(|| match local.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    });
    let own: Vec<_> = own.map(String::as_str).chain(without_port.as_deref()).collect();
    let authority = url.host_and_path().strip_suffix('/');
    !url.is_https() && authority.is_some_and(|authority| own.contains(&authority))
}

/// Stores the base URL that the principal's shop used, if public orders may need it.
pub(super) fn note_address(
    request: &HttpRequest,
    settings: &Settings,
    till: &Till,
    principal: &Principal,
) {
    if settings.base_url.is_none()
        && let Ok(seen) = seen(request, settings)
    {
        till.note_address(principal, &seen);
    }
}

/// The address of `instance` below the daemon's root.
fn below(root: BaseUrl, instance: &InstanceId) -> Result<BaseUrl, Failure> {
    if instance.is_admin() {
        return Ok(root);
    }
    root.below(&["instances", instance.as_str()]).map_err(|bad| Failure::Bug(bad.to_string()))
}

/// The daemon's root as the client sees it, whatever is configured.
pub(super) fn seen(request: &HttpRequest, settings: &Settings) -> Result<BaseUrl, Failure> {
    let peer = client_ip(request);
    // A page of another site that reaches us past the proxy could name any address. It cannot reach
    // a unix socket.
    let is_believed =
        trusted(peer, settings) && (peer.is_none() || !is_cross_site(request, settings));
    let forwarded = |name: HeaderName| {
        let value = header(request, name).filter(|_| is_believed)?;
        // Several proxies may have written; the first one saw the client.
        value.split(',').next().map(str::trim).filter(|text| !text.is_empty())
    };
    let scheme = match forwarded(FORWARDED_PROTO) {
        None => "http",
        Some(text) if text.eq_ignore_ascii_case("https") => "https",
        Some(text) if text.eq_ignore_ascii_case("http") => "http",
        Some(_) => return Err(Failure::Header("X-Forwarded-Proto")),
    };
    let host = forwarded(FORWARDED_HOST)
        .or_else(|| header(request, HOST))
        .filter(|host| !host.is_empty() && !host.contains(['/', '@', '?', '#', '\\']))
        .ok_or(Failure::Header("Host"))?;
    let prefix = forwarded(FORWARDED_PREFIX).unwrap_or_default().trim_matches('/');
    // Either would become a second slash, and a path that begins with two is another host's address.
    if prefix.contains('\\') || prefix.contains("//") {
        return Err(Failure::Header("X-Forwarded-Prefix"));
    }
    let slash = if prefix.is_empty() { "" } else { "/" };
    let text = format!("{scheme}://{host}/{prefix}{slash}");
    BaseUrl::parse(text).map_err(|_| Failure::Header("Host"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn settings(base_url: Option<&str>) -> Settings {
        Settings {
            base_url: base_url.map(|text| BaseUrl::parse(text).unwrap()),
            trusted_proxies: vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
            ..Settings::default()
        }
    }

    fn request(peer: Option<&str>, headers: &[(&'static str, &'static str)]) -> HttpRequest {
        let mut request = TestRequest::default();
        if let Some(peer) = peer {
            request = request.peer_addr(format!("{peer}:4000").parse().unwrap());
        }
        for header in headers {
            request = request.append_header(*header);
        }
        request.to_http_request()
    }

    fn url(peer: Option<&str>, headers: &[(&'static str, &'static str)]) -> String {
        let shop = InstanceId::parse("shop").unwrap();
        match base_url(&request(peer, headers), &settings(None), &shop) {
            Ok(url) => url.as_str().to_owned(),
            Err(failure) => format!("{failure:?}"),
        }
    }

    const PROXIED: &[(&str, &str)] = &[
        ("Host", "127.0.0.1:9966"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "shop.example:8443"),
        ("X-Forwarded-Prefix", "/till/"),
    ];

    #[test]
    fn forwarded_headers_count_from_trusted_peers_only() {
        let public = "https://shop.example:8443/till/instances/shop/";
        assert_eq!(url(Some("127.0.0.1"), PROXIED), public);
        assert_eq!(url(None, PROXIED), public);
        assert_eq!(url(Some("192.0.2.7"), PROXIED), "http://127.0.0.1:9966/instances/shop/");
    }

    #[test]
    fn a_form_that_came_through_the_proxy_is_from_our_own_page() {
        let known = settings(Some("http://192.0.2.2:19990/"));
        let ask = |origin: Option<&'static str>| {
            let mut headers = vec![
                ("Host", "127.0.0.1:9966"),
                ("X-Forwarded-Proto", "http"),
                ("X-Forwarded-Host", "192.0.2.2:19990"),
            ];
            headers.extend(origin.map(|origin| ("Origin", origin)));
            seen(&request(Some("127.0.0.1"), &headers), &known).unwrap().as_str().to_owned()
        };
        // A browser on plain HTTP names the page in Origin only, and only when it sends a form.
        for origin in [None, Some("http://192.0.2.2:19990"), Some("http://127.0.0.1:9966")] {
            assert_eq!(ask(origin), "http://192.0.2.2:19990/", "{origin:?}");
        }
        for origin in [Some("http://evil.example"), Some("null")] {
            assert_eq!(ask(origin), "http://127.0.0.1:9966/", "{origin:?}");
        }
    }

    #[test]
    fn a_configured_address_beats_all() {
        let fixed = settings(Some("https://fixed.example/"));
        let url = base_url(&request(None, PROXIED), &fixed, &InstanceId::admin()).unwrap();
        assert_eq!(url.as_str(), "https://fixed.example/");
    }

    #[test]
    fn a_host_that_is_none_is_refused() {
        for host in ["", "a/b", "user@host", "a b", "x?y"] {
            assert_eq!(url(None, &[("Host", host)]), "Header(\"Host\")", "{host}");
        }
        for prefix in ["\\evil.example", "/\\evil.example/", "till//x", "a\\b"] {
            let seen = url(None, &[("Host", "a.example"), ("X-Forwarded-Prefix", prefix)]);
            assert_eq!(seen, "Header(\"X-Forwarded-Prefix\")", "{prefix}");
        }
        let proto = url(None, &[("Host", "a.example"), ("X-Forwarded-Proto", "gopher")]);
        assert_eq!(proto, "Header(\"X-Forwarded-Proto\")");
    }

    #[test]
    fn our_end_of_a_connection_is_known_by_its_own_name_only() {
        let names =
            |url: &str, local: &str| names(&BaseUrl::parse(url).unwrap(), local.parse().unwrap());
        for (url, local) in [
            ("http://192.168.1.2:9966/", "192.168.1.2:9966"),
            ("http://192.168.1.2:9966/", "[::ffff:192.168.1.2]:9966"),
            ("http://192.168.1.2/", "192.168.1.2:80"),
            ("http://[2001:db8::1]:9966/", "[2001:db8::1]:9966"),
            ("http://[2001:db8::1]/", "[2001:db8::1]:80"),
            ("http://localhost:9966/", "127.0.0.1:9966"),
        ] {
            assert!(names(url, local), "{url} {local}");
        }
        for (url, local) in [
            ("http://evil.example/", "192.168.1.2:80"),
            ("http://192.168.1.3:9966/", "192.168.1.2:9966"),
            ("http://192.168.1.2:9967/", "192.168.1.2:9966"),
            ("http://192.168.1.2:9966/evil/", "192.168.1.2:9966"),
            ("https://192.168.1.2:9966/", "192.168.1.2:9966"),
            ("http://localhost:9966/", "192.168.1.2:9966"),
        ] {
            assert!(!names(url, local), "{url} {local}");
        }
    }

    /// The client of a request from `client_ip` that carries these lines of `X-Forwarded-For`.
    fn client_of(settings: &Settings, peer: Option<&str>, lines: &[&[u8]]) -> Option<String> {
        let mut request = TestRequest::default();
        if let Some(peer) = peer {
            request = request.peer_addr(SocketAddr::new(peer.parse().unwrap(), 4000));
        }
        for line in lines {
            let value = actix_web::http::header::HeaderValue::from_bytes(line).unwrap();
            request = request.append_header((FORWARDED_FOR, value));
        }
        client(&request.to_http_request(), settings).map(|ip| ip.to_string())
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_no_proxy_of_ours() {
        let settings = settings(None);
        let of = |peer, lines: &[&[u8]]| client_of(&settings, peer, lines);
        let cases: &[(&[&[u8]], Option<&str>)] = &[
            (&[b"203.0.113.9, 198.51.100.1, 127.0.0.2"], Some("198.51.100.1")),
            // Several lines are one list.
            (&[b"203.0.113.9", b"198.51.100.1", b"127.0.0.2"], Some("198.51.100.1")),
            // With a port, in brackets, mapped.
            (&[b"198.51.100.1:4711"], Some("198.51.100.1")),
            (&[b"[2001:db8::1]:4711"], Some("2001:db8::1")),
            (&[b"[2001:db8::1]"], Some("2001:db8::1")),
            (&[b"2001:db8::1"], Some("2001:db8::1")),
            (&[b"::ffff:198.51.100.1"], Some("198.51.100.1")),
            // Junk before the hop that the proxy wrote.
            (&[b"junk, 198.51.100.1"], Some("198.51.100.1")),
            (&[b"unknown", b"198.51.100.1"], Some("198.51.100.1")),
            // What is empty or no text changes nothing.
            (&[b"198.51.100.1,, ", b"", b" , "], Some("198.51.100.1")),
            (&[b"198.51.100.1", b"\xff\xfe"], Some("198.51.100.1")),
            (&[b"\xff", b"203.0.113.9, 198.51.100.1"], Some("198.51.100.1")),
            (&[b"\xff, 198.51.100.1"], Some("198.51.100.1")),
            // An invalid entry ends the list, but the client keeps the address found so far.
            (&[b"203.0.113.9, junk"], Some("127.0.0.1")),
            (&[b"203.0.113.9, junk, 127.0.0.2"], Some("127.0.0.2")),
            (&[b"203.0.113.9, unix:"], Some("127.0.0.1")),
            // The proxy sends no client address.
            (&[], None),
            (&[b""], None),
            (&[b"127.0.0.3"], None),
        ];
        for (lines, client) in cases {
            assert_eq!(of(Some("127.0.0.1"), lines).as_deref(), *client, "{lines:?}");
            // Headers of untrusted peers are ignored.
            assert_eq!(of(Some("192.0.2.7"), lines).as_deref(), Some("192.0.2.7"), "{lines:?}");
        }
        assert_eq!(of(None, &[b"203.0.113.9, junk"]).as_deref(), Some("::"));
        assert_eq!(of(None, &[b"junk, 203.0.113.9"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(of(None, &[]), None);
    }

    #[test]
    fn this_machine_is_believed_when_there_is_a_proxy_on_it() {
        let bare = Settings::default();
        let named: &[&[u8]] = &[b"203.0.113.9"];
        for peer in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_ne!(client_of(&bare, Some(peer), named).as_deref(), Some("203.0.113.9"));
            let base_url = BaseUrl::parse("https://shop.example/").ok();
            let fixed = Settings { base_url, ..Settings::default() };
            assert_eq!(client_of(&fixed, Some(peer), named).as_deref(), Some("203.0.113.9"));
        }
        assert_eq!(client_of(&bare, None, named).as_deref(), Some("203.0.113.9"));
        let url = base_url(&request(Some("127.0.0.1"), PROXIED), &bare, &InstanceId::admin());
        assert_eq!(url.unwrap().as_str(), "http://127.0.0.1:9966/");
    }

    #[test]
    fn a_page_of_another_site_does_not_name_our_address() {
        let with =
            |peer, more: &[(&'static str, &'static str)]| url(peer, &[PROXIED, more].concat());
        let local = Some("127.0.0.1");
        let public = "https://shop.example:8443/till/instances/shop/";
        for foreign in [
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
            ("Origin", "https://evil.example"),
            ("Origin", "null"),
        ] {
            assert_eq!(with(local, &[foreign]), "http://127.0.0.1:9966/instances/shop/");
            // A browser cannot reach a unix socket: this came through the proxy.
            assert_eq!(with(None, &[foreign]), public);
        }
        for own in [("Sec-Fetch-Site", "same-origin"), ("Origin", "http://127.0.0.1:9966")] {
            assert_eq!(with(local, &[own]), public);
        }
    }
}
