//! Where the request came from, and under which address the client sees us.
//!
//! Behind a proxy the peer is the proxy; its `X-Forwarded-…` headers say who asked, and for what.
//! Anybody can send such headers, so only those of trusted peers are believed (merchant-api 1.1).

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderName};

use super::Settings;
use super::error::Failure;
use super::extract::header;
use crate::domain::ids::InstanceId;
use crate::domain::web::BaseUrl;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The client's address; `None` when it came through a unix socket and nobody says more.
pub(super) fn client(request: &HttpRequest, settings: &Settings) -> Option<IpAddr> {
    let peer = request.peer_addr().map(|address| address.ip().to_canonical());
    if !trusted(peer, settings) {
        return peer;
    }
    // Each proxy adds at the end whom it saw; the last one that no proxy of ours is, is the client.
    let named = request.headers().get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok());
    let mut hops: Vec<IpAddr> = named
        .flat_map(|text| text.split(','))
        .map_while(|hop| hop.trim().parse().ok())
        .map(|ip: IpAddr| ip.to_canonical())
        .collect();
    while let Some(hop) = hops.pop() {
        if !trusted(Some(hop), settings) || hops.is_empty() {
            return Some(hop);
        }
    }
    peer
}

/// By whom a request that waits is counted: the client's address, or `None` for those that are not
/// counted: programs on trusted machines that speak for nobody else (decision 15).
pub(super) fn poller(request: &HttpRequest, settings: &Settings) -> Option<IpAddr> {
    client(request, settings).filter(|ip| !trusted(Some(*ip), settings))
}

/// Is the peer one whose headers are believed? A unix socket's is.
fn trusted(peer: Option<IpAddr>, settings: &Settings) -> bool {
    peer.is_none_or(|ip| settings.trusted_proxies.iter().any(|net| net.contains(&ip)))
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
    if instance.is_admin() {
        return Ok(root);
    }
    root.below(&["instances", instance.as_str()]).map_err(|bad| Failure::Bug(bad.to_string()))
}

/// The daemon's root as the client sees it, whatever is configured.
pub(super) fn seen(request: &HttpRequest, settings: &Settings) -> Result<BaseUrl, Failure> {
    let peer = request.peer_addr().map(|address| address.ip().to_canonical());
    let forwarded = |name: HeaderName| {
        let value = header(request, name).filter(|_| trusted(peer, settings))?;
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
    fn the_client_is_the_last_hop_that_is_no_proxy_of_ours() {
        let settings = settings(None);
        let of = |peer, headers: &[(&'static str, &'static str)]| {
            client(&request(peer, headers), &settings).map(|ip| ip.to_string())
        };
        let spoofed = &[("X-Forwarded-For", "203.0.113.9, 198.51.100.1, 127.0.0.2")];
        assert_eq!(of(Some("127.0.0.1"), spoofed).as_deref(), Some("198.51.100.1"));
        assert_eq!(of(Some("192.0.2.7"), spoofed).as_deref(), Some("192.0.2.7"));
        assert_eq!(of(Some("127.0.0.1"), &[]).as_deref(), Some("127.0.0.1"));
        assert_eq!(of(None, &[("X-Forwarded-For", "nobody")]), None);
    }
}
