//! Checks that wallets can reach the base URL that contracts name.

use std::net::IpAddr;

use url::{Host, Url};

use super::Finding;
use crate::config::Listen;
use taler::web::BaseUrl;

/// From where an address can be reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reach {
    /// From nowhere.
    Nowhere,
    /// From this machine only.
    Machine,
    /// From the local network.
    Network,
    /// From the Internet, as far as the name shows.
    World,
}

/// Suffixes of names that the public DNS does not have.
const LOCAL_NAMES: &[&str] = &[".local", ".lan", ".home", ".home.arpa", ".internal"];

fn reach(url: &BaseUrl) -> Reach {
    let url = Url::parse(url.as_str()).ok();
    let ip = match url.as_ref().and_then(Url::host) {
        None => return Reach::Nowhere,
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            return match name {
                "localhost" => Reach::Machine,
                name if name.ends_with(".localhost") => Reach::Machine,
                name if !name.contains('.') => Reach::Network,
                name if LOCAL_NAMES.iter().any(|end| name.ends_with(end)) => Reach::Network,
                _ => Reach::World,
            };
        }
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
    };
    match ip.to_canonical() {
        ip if ip.is_unspecified() || ip.is_multicast() => Reach::Nowhere,
        ip if ip.is_loopback() => Reach::Machine,
        IpAddr::V4(ip) if ip.is_broadcast() => Reach::Nowhere,
        IpAddr::V4(ip) if ip.is_private() || ip.is_link_local() => Reach::Network,
        IpAddr::V6(ip) if ip.is_unique_local() || ip.is_unicast_link_local() => Reach::Network,
        IpAddr::V4(_) | IpAddr::V6(_) => Reach::World,
    }
}

/// Whether the address is this machine itself.
pub(super) fn is_loopback(url: &BaseUrl) -> bool {
    reach(url) == Reach::Machine
}

/// Judges the base URL that wallets use. Its syntax was checked when the
/// settings were read. Without one, the base URL is taken from requests, which is only safe as long
/// as all of them come from this machine.
pub(super) fn base_url(url: Option<&BaseUrl>, listens: &[Listen]) -> Finding {
    let Some(url) = url else {
        let remedy = "set server.base_url (or TILLD_SERVER__BASE_URL) to the address that wallets \
                      use, like https://shop.example.com/";
        let open = listens.iter().find_map(|listen| match listen {
            Listen::Tcp(address) if !address.ip().to_canonical().is_loopback() => Some(address),
            Listen::Tcp(_) | Listen::Unix(_) => None,
        });
        return match open {
            Some(address) => Finding::Fail(
                format!(
                    "base URL: not set, and {address} is open to other machines, which could \
                     make contracts name any address"
                ),
                remedy.into(),
            ),
            None => Finding::Warn(
                "base URL: not set, so contracts name the address of the shop's own \
                 requests"
                    .into(),
                remedy.into(),
            ),
        };
    };
    let name = url.as_str();
    match reach(url) {
        Reach::Nowhere => Finding::Fail(
            format!("base URL: nobody can reach {name}"),
            "set server.base_url (or TILLD_SERVER__BASE_URL) to the address that wallets use, \
             like https://shop.example.com/"
                .into(),
        ),
        Reach::Machine => Finding::Warn(
            format!("base URL: only wallets on this machine can reach {name}"),
            "for other customers, set server.base_url (or TILLD_SERVER__BASE_URL) to a name or \
             an address of this machine that they can reach"
                .into(),
        ),
        Reach::Network => Finding::Warn(
            format!("base URL: only wallets in this network can reach {name}"),
            "for customers on the Internet, set server.base_url (or TILLD_SERVER__BASE_URL) to \
             a public name, like https://shop.example.com/"
                .into(),
        ),
        // Tor encrypts the traffic to .onion names.
        Reach::World if !url.is_https() && !url.host_and_path().contains(".onion") => {
            Finding::Warn(
                format!(
                    "base URL: {name} is not https: wallets may refuse it, and others can read the traffic"
                ),
                "put a web server with TLS in front (Caddy, nginx), and set server.base_url \
                 (or TILLD_SERVER__BASE_URL) to its https:// address"
                    .into(),
            )
        }
        Reach::World => Finding::Ok(format!("base URL: {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> BaseUrl {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_reaches_as_far_as_its_host_is_known() {
        for (text, expected) in [
            ("http://0.0.0.0/", Reach::Nowhere),
            ("http://[::]/", Reach::Nowhere),
            ("http://localhost:9966/", Reach::Machine),
            ("https://shop.localhost/", Reach::Machine),
            ("http://127.0.0.2/", Reach::Machine),
            ("http://[::1]:8080/", Reach::Machine),
            ("http://[::ffff:127.0.0.1]/", Reach::Machine),
            ("http://192.168.1.4:9966/", Reach::Network),
            ("http://10.0.0.1/", Reach::Network),
            ("http://[fd00::1]/", Reach::Network),
            ("http://[fe80::1]/", Reach::Network),
            ("http://till/", Reach::Network),
            ("http://till.local/", Reach::Network),
            ("https://shop.example/", Reach::World),
            ("https://localhost.example/", Reach::World),
            ("https://198.51.100.7/", Reach::World),
        ] {
            assert_eq!(reach(&url(text)), expected, "{text}");
        }
    }

    #[test]
    fn only_a_public_https_address_is_good_and_only_one_that_leads_nowhere_fails() {
        let base_url = |url: Option<&BaseUrl>| base_url(url, &[]);
        assert!(matches!(base_url(Some(&url("https://shop.example/a/"))), Finding::Ok(_)));
        assert!(matches!(base_url(Some(&url("http://abcdef.onion/"))), Finding::Ok(_)));
        for text in ["http://shop.example/", "https://localhost/", "https://192.168.1.4/"] {
            assert!(matches!(base_url(Some(&url(text))), Finding::Warn(..)), "{text}");
        }
        assert!(matches!(base_url(None), Finding::Warn(..)));
        assert!(matches!(base_url(Some(&url("https://0.0.0.0/"))), Finding::Fail(..)));
    }

    #[test]
    fn without_an_address_only_this_machine_may_ask() {
        let without = |listen: &str| base_url(None, &[listen.parse().unwrap()]);
        for listen in ["127.0.0.1:9966", "[::1]:9966", "unix:/run/tilld.sock"] {
            assert!(matches!(without(listen), Finding::Warn(..)), "{listen}");
        }
        for listen in ["0.0.0.0:9966", "[::]:9966", "192.168.1.2:9966"] {
            assert!(matches!(without(listen), Finding::Fail(..)), "{listen}");
        }
    }
}
