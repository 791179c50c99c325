//! Checks that wallets can reach the base URL that contracts name.

use super::Line;
use crate::config::Listen;
use crate::till::Finding;
use taler::web::{BaseUrl, Reach};

/// Judges the base URL that wallets use. Its syntax was checked when the
/// settings were read. Without one, the base URL is taken from requests, which is only safe as long
/// as all of them come from this machine.
pub(super) fn base_url(url: Option<&BaseUrl>, listens: &[Listen]) -> Line {
    let Some(url) = url else {
        let remedy = "set server.base_url (or TILLD_SERVER__BASE_URL) to the address that wallets \
                      use, like https://shop.example.com/";
        let open = listens.iter().find_map(|listen| match listen {
            Listen::Tcp(address) if !address.ip().to_canonical().is_loopback() => Some(address),
            Listen::Tcp(_) | Listen::Unix(_) => None,
        });
        let finding = Finding::NoAddress { is_open: open.is_some() };
        let sentence = match open {
            Some(address) => format!(
                "base URL: not set, and {address} is open to other machines, which could \
                 make contracts name any address"
            ),
            None => {
                "base URL: not set, so contracts name the address of the shop's own requests".into()
            }
        };
        return Line::of(&finding, sentence, remedy);
    };
    let (name, finding) = (url.as_str(), Finding::address(url));
    let (sentence, remedy) = match url.reach() {
        Reach::Nowhere => (
            format!("base URL: nobody can reach {name}"),
            "set server.base_url (or TILLD_SERVER__BASE_URL) to the address that wallets use, \
             like https://shop.example.com/",
        ),
        Reach::Machine => (
            format!("base URL: only wallets on this machine can reach {name}"),
            "for other customers, set server.base_url (or TILLD_SERVER__BASE_URL) to a name or \
             an address of this machine that they can reach",
        ),
        Reach::Network => (
            format!("base URL: only wallets in this network can reach {name}"),
            "for customers on the Internet, set server.base_url (or TILLD_SERVER__BASE_URL) to \
             a public name, like https://shop.example.com/",
        ),
        Reach::World if matches!(finding, Finding::Address { is_encrypted: false, .. }) => (
            format!(
                "base URL: {name} is not https: wallets may refuse it, and others can read the traffic"
            ),
            "put a web server with TLS in front (Caddy, nginx), and set server.base_url \
             (or TILLD_SERVER__BASE_URL) to its https:// address",
        ),
        Reach::World => (format!("base URL: {name}"), ""),
    };
    Line::of(&finding, sentence, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> BaseUrl {
        text.parse().unwrap()
    }

    #[test]
    fn only_a_public_https_address_is_good_and_only_one_that_leads_nowhere_fails() {
        let base_url = |url: Option<&BaseUrl>| base_url(url, &[]);
        assert!(matches!(base_url(Some(&url("https://shop.example/a/"))), Line::Ok(_)));
        assert!(matches!(base_url(Some(&url("http://abcdef.onion/"))), Line::Ok(_)));
        for text in ["http://shop.example/", "https://localhost/", "https://192.168.1.4/"] {
            assert!(matches!(base_url(Some(&url(text))), Line::Warn(..)), "{text}");
        }
        assert!(matches!(base_url(None), Line::Warn(..)));
        assert!(matches!(base_url(Some(&url("https://0.0.0.0/"))), Line::Fail(..)));
    }

    #[test]
    fn without_an_address_only_this_machine_may_ask() {
        let without = |listen: &str| base_url(None, &[listen.parse().unwrap()]);
        for listen in ["127.0.0.1:9966", "[::1]:9966", "unix:/run/tilld.sock"] {
            assert!(matches!(without(listen), Line::Warn(..)), "{listen}");
        }
        for listen in ["0.0.0.0:9966", "[::]:9966", "192.168.1.2:9966"] {
            assert!(matches!(without(listen), Line::Fail(..)), "{listen}");
        }
    }
}
