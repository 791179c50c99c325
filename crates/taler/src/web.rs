//! Web addresses: where an API answers, and where a customer finds what was bought.
//!
//! A base URL is ours or an exchange's to build upon, so it is kept in the one form that every
//! client computes too (merchant-api 1.1). A fulfillment URL is the shop's word and half of what
//! names a purchase, so it is kept and compared byte for byte (merchant-api 4.2).

use std::net::IpAddr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::{Host, Url};

use super::text::{bad_text, text_value};

bad_text! {
    /// This text is no such address; the sentence says what is wrong with it.
    BadUrl
}

/// Longest base URL, in bytes.
pub const MAX_BASE: usize = 1024;

/// Longest fulfillment URL, in characters.
pub const MAX_FULFILLMENT: usize = 4096;

/// What must be encoded in a segment of a path: everything but the characters that no reader of
/// addresses ever touches.
const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'@');

/// What must be encoded in a query's value: everything that some reader could take for more.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `text` as a value in an address's query.
pub fn query_value(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, QUERY)
}

/// The address under which an API answers: absolute, http or https, ending with a slash, without
/// user, query or fragment.
///
/// ```
/// use taler::web::BaseUrl;
/// let base = BaseUrl::parse("HTTPS://Shop.Example:443/api/").unwrap();
/// assert_eq!(base.as_str(), "https://shop.example/api/");
/// assert_eq!(base.join(&["orders", "a b"]), "https://shop.example/api/orders/a%20b");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Reads an address and puts it in its canonical form: host in lower case, no default port.
    ///
    /// # Errors
    /// When any of the above is missing or too much, or the text is beyond 1024 bytes.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadUrl> {
        let text = text.into();
        if text.len() > MAX_BASE {
            return Err(BadUrl("a base URL has at most 1024 bytes"));
        }
        if has_blanks(&text) {
            return Err(BadUrl("a base URL has no blanks or control characters"));
        }
        let url = Url::parse(&text).map_err(|_| BadUrl("a base URL is an absolute web address"))?;
        if !is_web(&url) {
            return Err(BadUrl("a base URL begins with https:// or http:// and a host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadUrl("a base URL names no user"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BadUrl("a base URL has no query and no fragment"));
        }
        if !text.ends_with('/') {
            return Err(BadUrl("a base URL ends with a slash"));
        }
        if url.as_str().len() > MAX_BASE {
            return Err(BadUrl("a base URL has at most 1024 bytes"));
        }
        Ok(Self(url.into()))
    }

    /// The address in canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is reached by https.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// What follows the scheme: host, port if it is not the default one, and path, with the slash
    /// at the end and without one in front.
    pub fn host_and_path(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, rest)| rest)
    }

    /// Host, and port if it is not the default one, like `shop.example:8443`.
    pub fn authority(&self) -> &str {
        self.host_and_path().split('/').next().unwrap_or_default()
    }

    /// Whether it names the machine that asks, so that no other one gets here by it.
    pub fn names_this_machine(&self) -> bool {
        self.reach() == Reach::Machine
    }

    /// From where it can be reached, as far as its host shows.
    pub fn reach(&self) -> Reach {
        let url = Url::parse(&self.0).ok();
        let ip = match url.as_ref().and_then(Url::host) {
            None => return Reach::Nowhere,
            Some(Host::Domain(name)) if is_this_machine(name) => return Reach::Machine,
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                let is_local =
                    !name.contains('.') || LOCAL_NAMES.iter().any(|end| name.ends_with(end));
                return if is_local { Reach::Network } else { Reach::World };
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

    /// The address of a resource below this one. Each segment is encoded; there is no slash at
    /// the end.
    pub fn join(&self, segments: &[&str]) -> String {
        let mut joined = self.0.clone();
        for (position, segment) in segments.iter().enumerate() {
            if position > 0 {
                joined.push('/');
            }
            joined.extend(utf8_percent_encode(segment, SEGMENT));
        }
        joined
    }

    /// The base URL below this one, such as an instance's.
    ///
    /// # Errors
    /// When a segment cannot be in a path (empty, `.`, `..`), or the address gets too long.
    pub fn below(&self, segments: &[&str]) -> Result<Self, BadUrl> {
        if segments.iter().any(|segment| ["", ".", ".."].contains(segment)) {
            return Err(BadUrl("a segment of a path is not empty and not dots"));
        }
        Self::parse(self.join(segments) + "/")
    }
}

text_value!(BaseUrl, BadUrl);

/// Where a customer finds what was bought: a web address, or a message for the wallet to show
/// (`taler://fulfillment-success/…`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FulfillmentUrl(String);

impl FulfillmentUrl {
    /// Reads an address of at most 4096 characters, and keeps it byte for byte.
    ///
    /// # Errors
    /// When it is longer, has blanks or control characters in it, or is neither a web address nor
    /// a message.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadUrl> {
        let text = text.into();
        if text.chars().count() > MAX_FULFILLMENT {
            return Err(BadUrl("a fulfillment URL has at most 4096 characters"));
        }
        if has_blanks(&text) {
            return Err(BadUrl("a fulfillment URL has no blanks or control characters"));
        }
        let url =
            Url::parse(&text).map_err(|_| BadUrl("a fulfillment URL is an absolute address"))?;
        let is_message = url.scheme() == "taler"
            && url.host_str().is_some_and(|host| host.eq_ignore_ascii_case("fulfillment-success"));
        if is_web(&url) || is_message {
            return Ok(Self(text));
        }
        Err(BadUrl(
            "a fulfillment URL begins with https://, http:// or taler://fulfillment-success/",
        ))
    }

    /// The address as the shop wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it leads to a page. Only then does it name a purchase that can be recognised again;
    /// a message names nothing.
    pub fn is_web(&self) -> bool {
        self.0.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"))
    }

    /// The words that it shows to a customer who has paid, if it is no page but a message; `+` stands for
    /// a blank.
    pub fn message(&self) -> Option<String> {
        let (_, words) = self.0.split_once("://").filter(|_| !self.is_web())?;
        let (_, words) = words.split_once('/')?;
        let words = words.replace('+', " ");
        let words = percent_decode_str(&words).decode_utf8_lossy().into_owned();
        Some(words).filter(|words| !words.trim().is_empty())
    }
}

text_value!(FulfillmentUrl, BadUrl);

/// `text` as a browser can be sent there, by a link or a header: in ASCII, and only http and https.
pub fn web_link(text: &str) -> Option<String> {
    Url::parse(text).ok().filter(is_web).map(String::from)
}

fn has_blanks(text: &str) -> bool {
    text.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn is_web(url: &Url) -> bool {
    ["http", "https"].contains(&url.scheme()) && url.has_host()
}

/// From where an address can be reached, as far as it shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// From nowhere.
    Nowhere,
    /// From the machine that asks only.
    Machine,
    /// From the local network.
    Network,
    /// From the Internet, as far as the name shows.
    World,
}

/// Suffixes of names that the public DNS does not have.
const LOCAL_NAMES: &[&str] = &[".local", ".lan", ".home", ".home.arpa", ".internal"];

/// Whether `authority`, a host with or without port and with or without a path behind it, names the machine
/// that asks: `localhost` and names below it, `127.0.0.1`, `[::1]` (decision 157).
pub fn is_this_machine(authority: &str) -> bool {
    let authority = authority.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let ip: Option<IpAddr> = host.parse().ok();
    host == "localhost"
        || host.ends_with(".localhost")
        || ip.is_some_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            assert_eq!(BaseUrl::parse(text).unwrap().reach(), expected, "{text}");
        }
    }

    #[test]
    fn an_address_that_only_its_own_machine_understands_is_known() {
        for here in [
            "127.0.0.1:9966/",
            "localhost",
            "LOCALHOST:80",
            "[::1]:1/x",
            "127.8.0.1",
            "a.localhost/",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert!(is_this_machine(here), "{here}");
        }
        for there in [
            "192.168.1.20:9966/",
            "localhost.example/",
            "[2001:db8::1]/",
            "shop.example/127.0.0.1",
            "",
        ] {
            assert!(!is_this_machine(there), "{there}");
        }
        assert!(BaseUrl::parse("http://127.0.0.1:9966/").unwrap().names_this_machine());
    }

    #[test]
    fn a_base_url_is_put_in_canonical_form() {
        for (text, canonical) in [
            ("https://b.example.com/", "https://b.example.com/"),
            ("http://localhost:9966/", "http://localhost:9966/"),
            ("http://localhost:80/", "http://localhost/"),
            (
                "HTTPS://B.Example.COM:443/Pre/instances/shop1/",
                "https://b.example.com/Pre/instances/shop1/",
            ),
            ("http://[::1]:8080/", "http://[::1]:8080/"),
            ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().as_str(), canonical);
        }
    }

    #[test]
    fn a_base_url_is_nothing_else() {
        for bad in [
            "",
            "/",
            "example.com/",
            "https://example.com",
            "https://example.com/a",
            "https://example.com/?",
            "https://example.com/?a/",
            "https://example.com/#/",
            "https://me@example.com/",
            "https://:x@example.com/",
            "ftp://example.com/",
            "taler://example.com/",
            "https:///",
            "https://exa mple.com/",
            " https://example.com/",
            "https://example.com/\n",
            "https://example.com:99999/",
            "data:/",
        ] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad:?}");
        }
        assert!(BaseUrl::parse(format!("https://a.example/{}/", "x".repeat(1100))).is_err());
    }

    #[test]
    fn resources_lie_below_their_base() {
        let base = BaseUrl::parse("https://b.example.com/").unwrap();
        assert_eq!(base.join(&[]), "https://b.example.com/");
        assert_eq!(
            base.join(&["sessions", "a/b?c#d%"]),
            "https://b.example.com/sessions/a%2Fb%3Fc%23d%25"
        );
        assert_eq!(base.host_and_path(), "b.example.com/");
        assert_eq!(base.authority(), "b.example.com");
        let shop = base.below(&["instances", "shop1"]).unwrap();
        assert_eq!(shop.as_str(), "https://b.example.com/instances/shop1/");
        assert_eq!(shop.host_and_path(), "b.example.com/instances/shop1/");
        assert!(shop.is_https());
        assert!(base.below(&["instances", ".."]).is_err());
    }

    #[test]
    fn only_web_addresses_become_links_and_messages_are_read_out() {
        let link = |text| web_link(text);
        assert_eq!(
            link("https://news.example/é?a b").unwrap(),
            "https://news.example/%C3%A9?a%20b"
        );
        assert_eq!(link("HTTP://News.example").unwrap(), "http://news.example/");
        for bad in ["javascript:alert(1)", "data:text/html,x", "taler://pay/x/", "/a", "//a/b", ""]
        {
            assert_eq!(link(bad), None, "{bad}");
        }
        let message = |text| FulfillmentUrl::parse(text).unwrap().message();
        let said = message("taler://fulfillment-success/Thank+you,%20Zo%C3%AB%2b");
        assert_eq!(said.as_deref(), Some("Thank you, Zoë+"));
        assert_eq!(message("taler://fulfillment-success/"), None);
        assert_eq!(message("https://news.example/a"), None);
    }

    #[test]
    fn a_fulfillment_url_is_kept_as_it_is() {
        for (good, web) in [
            ("https://news.example/a7?o=${ORDER_ID}", true),
            ("HTTP://News.Example:80", true),
            ("https://news.example/%7e#part", true),
            ("https://news.example/é", true),
            ("taler://fulfillment-success/thank+you", false),
            ("taler://Fulfillment-Success/Enjoy%20it", false),
        ] {
            let url = FulfillmentUrl::parse(good).unwrap();
            assert_eq!(url.as_str(), good);
            assert_eq!(url.is_web(), web, "{good}");
        }
        for bad in [
            "",
            "news.example",
            "//news.example/",
            "https://",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://news.example/",
            "taler://pay/example.com/a/",
            "taler:fulfillment-success/x",
            "https://news.example/a b",
            "https://news.example/\u{0}",
            " https://news.example/",
        ] {
            assert!(FulfillmentUrl::parse(bad).is_err(), "{bad:?}");
        }
        assert!(FulfillmentUrl::parse(format!("https://a.example/{}", "x".repeat(4078))).is_ok());
        assert!(FulfillmentUrl::parse(format!("https://a.example/{}", "x".repeat(4079))).is_err());
    }

    proptest! {
        #[test]
        fn text_and_wire_give_the_address_back(
            base in "https?://[a-z]{1,9}(\\.example)?(:[1-9][0-9]{0,3})?/([a-z%/~é-]{0,9}/)?",
            url in "https?://[a-zA-Z]{1,9}\\.example(/[!-~é]{0,20})?",
        ) {
            if let Ok(base) = BaseUrl::parse(base) {
                prop_assert_eq!(&BaseUrl::parse(base.as_str()).unwrap(), &base);
                let json = serde_json::to_string(&base).unwrap();
                prop_assert_eq!(serde_json::from_str::<BaseUrl>(&json).unwrap(), base);
            }
            let parsed = FulfillmentUrl::parse(url.clone()).unwrap();
            prop_assert_eq!(parsed.to_string(), url);
            let json = serde_json::to_string(&parsed).unwrap();
            prop_assert_eq!(serde_json::from_str::<FulfillmentUrl>(&json).unwrap(), parsed);
        }

        #[test]
        fn a_segment_stays_one_segment(segment in "\\PC{1,20}") {
            prop_assume!(segment != "." && segment != "..");
            let base = BaseUrl::parse("https://b.example/x/").unwrap();
            let url = Url::parse(&base.join(&[&segment])).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 2);
            let decoded = percent_decode_str(segments[1]).decode_utf8().unwrap();
            prop_assert_eq!(decoded, segment);
            prop_assert_eq!(url.query(), None);
        }

        #[test]
        fn no_text_panics(text in "\\PC*", tail in "[\\x00-\\xff]{0,20}") {
            for text in [text, format!("https://{tail}"), format!("https://a/{tail}/"), format!("taler://{tail}")] {
                let _ = FulfillmentUrl::parse(text.clone());
                if let Ok(base) = BaseUrl::parse(text) {
                    prop_assert!(base.as_str().ends_with('/'));
                    prop_assert_eq!(BaseUrl::parse(base.as_str()).unwrap(), base);
                }
            }
        }
    }
}
