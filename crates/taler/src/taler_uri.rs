//! `taler://` addresses: what a wallet opens, from a link, a QR code or a `Taler:` header
//! (merchant-api 10).
//!
//! The host and path in such an address are those of the base URL under which the shop's API
//! answers; the scheme says whether by https (`taler`) or, for trials, by http (`taler+http`).
//! Sessions and everything in the query are encoded here, so that the rest of the program sees
//! them plain; orders and templates need no encoding, and wallets do not undo any.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::ids::{OrderId, SessionId, TemplateId};
use super::text::bad_text;
use super::web::BaseUrl;

bad_text! {
    /// This text is no such address for a wallet; the sentence says what is wrong with it.
    BadUri
}

/// Longest address that is looked at: a fulfillment URL, encoded, and room for the rest.
const MAX_URI: usize = 16 * 1024;

/// Everything is encoded but the characters that mean nothing to any reader of addresses.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Asks a wallet to pay for an order.
///
/// ```
/// use taler::taler_uri::Pay;
/// let pay: Pay = "taler://pay/b.example/instances/shop1/O-1/S%2F2?c=6MXX".parse().unwrap();
/// assert_eq!(pay.base.as_str(), "https://b.example/instances/shop1/");
/// assert_eq!(pay.session.as_ref().unwrap().as_str(), "S/2");
/// assert_eq!(pay.to_string(), "taler://pay/b.example/instances/shop1/O-1/S%2F2?c=6MXX");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pay {
    /// Where the shop's API answers.
    pub base: BaseUrl,
    /// The order ID within the instance.
    pub order: OrderId,
    /// The session to bind the payment to.
    pub session: Option<SessionId>,
    /// Shows that the wallet that claims the order was given this address.
    pub claim_token: Option<String>,
    /// A wireless network that the shop offers to get online with.
    pub ssid: Option<String>,
}

impl Pay {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none of this kind; the slash behind the order must be there even without session.
    pub fn parse(text: &str) -> Result<Self, BadUri> {
        let uri = Uri::of(text, "pay")?;
        let (path, session) = uri.last()?;
        let (base, order) = path.last_of_base()?;
        let session = match decoded(session)? {
            text if text.is_empty() => None,
            text => Some(SessionId::parse(text).map_err(|bad| BadUri(bad.0))?),
        };
        let claim_token = uri.value("c").filter(|token| !token.is_empty());
        let ssid = uri.fragment.map(decoded).transpose()?;
        Ok(Self { base, order, session, claim_token, ssid })
    }
}

impl fmt::Display for Pay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}/", Head("pay", &self.base), self.order)?;
        if let Some(session) = &self.session {
            write!(f, "{}", encoded(session.as_str()))?;
        }
        write_query(f, self.claim_token.iter().map(|token| ("c", token.as_str())))?;
        match &self.ssid {
            Some(ssid) => write!(f, "#{}", encoded(ssid)),
            None => Ok(()),
        }
    }
}

/// Tells a wallet that a refund waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Where the shop's API answers.
    pub base: BaseUrl,
    /// The order ID within the instance.
    pub order: OrderId,
}

impl Refund {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none of this kind; the slash behind the order must be there.
    pub fn parse(text: &str) -> Result<Self, BadUri> {
        let (path, nothing) = Uri::of(text, "refund")?.last()?;
        if !nothing.is_empty() {
            return Err(BadUri("a refund address ends with a slash behind the order"));
        }
        let (base, order) = path.last_of_base()?;
        Ok(Self { base, order })
    }
}

impl fmt::Display for Refund {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}/", Head("refund", &self.base), self.order)
    }
}

/// Asks a wallet to make an order of a template, and to pay for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayTemplate {
    /// Where the shop's API answers.
    pub base: BaseUrl,
    /// The template.
    pub template: TemplateId,
    /// What is given for the blanks of the template, in order; an empty value asks the customer.
    pub params: Vec<(String, String)>,
}

impl PayTemplate {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none of this kind.
    pub fn parse(text: &str) -> Result<Self, BadUri> {
        let uri = Uri::of(text, "pay-template")?;
        let (path, template) = uri.last()?;
        let template = TemplateId::parse(decoded(template)?).map_err(|bad| BadUri(bad.0))?;
        Ok(Self { base: path.base()?, template, params: uri.params().collect() })
    }
}

impl fmt::Display for PayTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Head("pay-template", &self.base), self.template)?;
        write_query(f, self.params.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

macro_rules! from_str {
    ($($name:ty)*) => {$(
        impl FromStr for $name {
            type Err = BadUri;

            fn from_str(text: &str) -> Result<Self, BadUri> {
                Self::parse(text)
            }
        }
    )*};
}

from_str! { Pay Refund PayTemplate }

/// An address taken apart: scheme and action are known, the path is not yet looked at.
struct Uri<'a> {
    https: bool,
    path: &'a str,
    query: &'a str,
    fragment: Option<&'a str>,
}

impl<'a> Uri<'a> {
    /// Takes an address of this action apart.
    fn of(text: &'a str, action: &str) -> Result<Self, BadUri> {
        if text.len() > MAX_URI {
            return Err(BadUri("the address is too long"));
        }
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(BadUri("the address has blanks or control characters"));
        }
        let (scheme, rest) = text.split_once("://").ok_or(NO_TALER)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "taler" => true,
            "taler+http" => false,
            _ => return Err(NO_TALER),
        };
        let (rest, fragment) = match rest.split_once('#') {
            Some((rest, fragment)) => (rest, Some(fragment)),
            None => (rest, None),
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (found, path) = path.split_once('/').unwrap_or((path, ""));
        if !found.eq_ignore_ascii_case(action) {
            return Err(BadUri("the address is for something else"));
        }
        Ok(Self { https, path, query, fragment })
    }

    /// The path up to and without its last segment, and that segment.
    fn last(&self) -> Result<(Path<'a>, &'a str), BadUri> {
        let (rest, last) = self.path.rsplit_once('/').ok_or(BadUri("the address ends early"))?;
        Ok((Path { https: self.https, path: rest }, last))
    }

    /// The decoded names and values of the query.
    fn params(&self) -> impl Iterator<Item = (String, String)> + use<'a> {
        url::form_urlencoded::parse(self.query.as_bytes()).into_owned()
    }

    fn value(&self, name: &str) -> Option<String> {
        self.params().find_map(|(found, value)| (found == name).then_some(value))
    }
}

/// The front part of an address's path: a host, and what follows it.
struct Path<'a> {
    https: bool,
    path: &'a str,
}

impl Path<'_> {
    fn base(&self) -> Result<BaseUrl, BadUri> {
        let scheme = if self.https { "https" } else { "http" };
        BaseUrl::parse(format!("{scheme}://{}/", self.path)).map_err(|bad| BadUri(bad.0))
    }

    /// Takes the order off the end; what remains is the base.
    fn last_of_base(&self) -> Result<(BaseUrl, OrderId), BadUri> {
        let (path, order) = self.path.rsplit_once('/').ok_or(BadUri("the address ends early"))?;
        let order = OrderId::parse(decoded(order)?).map_err(|bad| BadUri(bad.0))?;
        Ok((Path { path, ..*self }.base()?, order))
    }
}

/// The front of an address: scheme, action, host and path of the base, with a slash behind.
struct Head<'a>(&'a str, &'a BaseUrl);

impl fmt::Display for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.1.is_https() { "taler" } else { "taler+http" };
        write!(f, "{scheme}://{}/{}", self.0, self.1.host_and_path())
    }
}

const NO_TALER: BadUri = BadUri("the address does not begin with taler:// or taler+http://");

fn decoded(text: &str) -> Result<String, BadUri> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(Into::into).map_err(|_| BadUri("the address encodes no text"))
}

fn encoded(text: &str) -> impl fmt::Display {
    utf8_percent_encode(text, ENCODED)
}

fn write_query<'a>(
    f: &mut fmt::Formatter<'_>,
    params: impl Iterator<Item = (&'a str, &'a str)>,
) -> fmt::Result {
    for (position, (name, value)) in params.enumerate() {
        let mark = if position == 0 { '?' } else { '&' };
        write!(f, "{mark}{}={}", encoded(name), encoded(value))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::vectors::{self, Entry};

    #[test]
    fn every_vector_of_today_holds() {
        vectors::each(include_str!("../tests/vectors/taler_uris.json"), 49, |entry| {
            let uri = entry.text("uri");
            match (entry.text("grammar"), entry.text("action"), entry.kind()) {
                // Nobody reads or writes those today.
                ("2019", ..) => {}
                ("current", "pay", ("parse", "ok")) => parses_pay(entry),
                ("current", "refund", ("parse", "ok")) => {
                    let refund = Refund::parse(uri).unwrap_or_else(|_| entry.fails());
                    assert_eq!(refund.base.as_str(), entry.text("merchant_base_url"));
                    assert_eq!(refund.order.as_str(), entry.text("order_id"));
                }
                ("current", "pay-template", ("parse", "ok")) => {
                    let pay = PayTemplate::parse(uri).unwrap_or_else(|_| entry.fails());
                    assert_eq!(pay.base.as_str(), entry.text("merchant_base_url"));
                    assert_eq!(pay.template.as_str(), entry.text("template_id"));
                    let params: HashMap<String, String> = pay.params.into_iter().collect();
                    assert_eq!(params, entry.read("params"), "{}", entry.id());
                }
                ("current", "pay", ("parse", "error")) => {
                    assert!(Pay::parse(uri).is_err(), "{}", entry.id());
                }
                ("current", "refund", ("parse", "error")) => {
                    assert!(Refund::parse(uri).is_err(), "{}", entry.id());
                }
                ("current", "pay", ("build", "ok")) => {
                    let session = entry.text("session_id");
                    let pay = Pay {
                        base: entry.read("merchant_base_url"),
                        order: entry.read("order_id"),
                        session: (!session.is_empty()).then(|| SessionId::parse(session).unwrap()),
                        claim_token: entry.read("claim_token"),
                        ssid: None,
                    };
                    assert_eq!(pay.to_string(), uri, "{}", entry.id());
                    assert_eq!(Pay::parse(uri), Ok(pay), "{}", entry.id());
                }
                _ => entry.unknown(),
            }
        });
    }

    fn parses_pay(entry: &Entry) {
        let pay = Pay::parse(entry.text("uri")).unwrap_or_else(|_| entry.fails());
        assert_eq!(pay.base.as_str(), entry.text("merchant_base_url"), "{}", entry.id());
        assert_eq!(pay.base.is_https(), entry.text("http") == "https", "{}", entry.id());
        assert_eq!(pay.order.as_str(), entry.text("order_id"), "{}", entry.id());
        // The wallet that made the vectors does not decode sessions; we do.
        let session = pay
            .session
            .as_ref()
            .map_or_else(String::new, |session| encoded(session.as_str()).to_string());
        assert_eq!(session, entry.text("session_id"), "{}", entry.id());
        assert_eq!(pay.claim_token, entry.read("claim_token"), "{}", entry.id());
        assert_eq!(pay.ssid, entry.read::<Option<String>>("fragment"), "{}", entry.id());
    }

    #[test]
    fn addresses_that_no_vector_shows() {
        let template = PayTemplate {
            base: BaseUrl::parse("https://b.example/instances/shop1/").unwrap(),
            template: TemplateId::parse("article").unwrap(),
            params: vec![
                ("session_id".to_owned(), "1777000000-Zm9v".to_owned()),
                ("fulfillment_url".to_owned(), "https://news.example/a1".to_owned()),
            ],
        };
        let uri = "taler://pay-template/b.example/instances/shop1/article\
                   ?session_id=1777000000-Zm9v&fulfillment_url=https%3A%2F%2Fnews.example%2Fa1";
        assert_eq!(template.to_string(), uri);
        let refund = "taler+http://refund/localhost:9966/o.1/";
        assert_eq!(Refund::parse(refund).unwrap().to_string(), refund);
        let order = "taler://pay/b.example/o:1_2.3-4/";
        assert_eq!(Pay::parse(order).unwrap().to_string(), order);
        for bad in [
            "",
            "taler://",
            "taler://pay",
            "taler://pay/",
            "taler://pay//",
            "taler://pay///",
            "taler://pay//o/",
            "taler://pay/me@b.example/o/",
            "taler://pay/b.example/o/%00",
            "taler://pay/b.example/o/%ff",
            "taler://pay/b.example/../",
            "taler://pay/b.example/a b/",
            "taler-http://pay/b.example/o/",
            "taler://pay\n/b.example/o/",
        ] {
            assert!(Pay::parse(bad).is_err(), "{bad}");
        }
        for bad in [
            "taler://pay-template/b.example",
            "taler://pay-template/b.example/",
            "taler://pay-template//t",
        ] {
            assert!(PayTemplate::parse(bad).is_err(), "{bad}");
        }
        assert!(
            Pay::parse(&format!("taler://pay/b.example/o/?c={}", "x".repeat(MAX_URI))).is_err()
        );
    }

    fn bases() -> impl Strategy<Value = BaseUrl> {
        "https?://[a-z]{1,5}(\\.[a-z]{2,5})?(:[1-9][0-9]{1,3})?/([a-z0-9-]{1,6}/){0,3}"
            .prop_map(|text| BaseUrl::parse(text).unwrap())
    }

    proptest! {
        #[test]
        fn text_gives_the_address_back(
            base in bases(),
            order in "[A-Za-z0-9._:-]{3,20}",
            session in proptest::option::of("[^\\x00-\\x1f\\x7f-\\x9f]{1,20}"),
            token in proptest::option::of("[0-9A-Z]{1,26}"),
            ssid in proptest::option::of("\\PC{0,10}"),
            params in prop::collection::vec(("\\PC{1,8}", "\\PC{0,8}"), 0..4),
        ) {
            let order = OrderId::parse(order).unwrap();
            let session = session.map(|text| SessionId::parse(text).unwrap());
            let pay = Pay { base, order, session, claim_token: token, ssid };
            prop_assert_eq!(Pay::parse(&pay.to_string()), Ok(pay.clone()));
            let template = TemplateId::parse(pay.order.as_str()).unwrap();
            let pay_template = PayTemplate { base: pay.base.clone(), template, params };
            prop_assert_eq!(PayTemplate::parse(&pay_template.to_string()), Ok(pay_template));
            let refund = Refund { base: pay.base, order: pay.order };
            prop_assert_eq!(Refund::parse(&refund.to_string()), Ok(refund));
        }

        #[test]
        fn no_text_panics(text in "\\PC*", tail in "[a-z/%?#&=:0-9\\u{e9}]{0,25}") {
            for text in [
                text,
                format!("taler://{tail}"),
                format!("taler://pay/{tail}"),
                format!("taler://refund/b.example/{tail}"),
                format!("taler+http://pay-template/b.example/{tail}"),
            ] {
                if let Ok(pay) = Pay::parse(&text) {
                    prop_assert_eq!(Pay::parse(&pay.to_string()), Ok(pay));
                }
                let _ = Refund::parse(&text);
                let _ = PayTemplate::parse(&text);
            }
        }
    }
}
