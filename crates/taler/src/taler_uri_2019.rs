//! `taler://` addresses as they were in 2019 (legacy-2019 13).
//!
//! They named host, prefix, instance and order by position, with `-` for what was usual. Nobody
//! can pay by them today, so the till prints today's form only; this reads old links, and says
//! which address a wallet of the time would have asked.

use url::Url;

use super::ids::{OrderId, SessionId};
use super::taler_uri::{BadUri, Uri, decoded, encoded};

/// Longest web address that is taken for one of a contract.
const MAX_ADDRESS: usize = 4096;

/// The prefix of the public API unless the address says otherwise.
const USUAL_PREFIX: &str = "public";

/// An order as an address of 2019 names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order2019 {
    /// Whether the shop answers by https.
    pub https: bool,
    /// Host, and port if it is not the usual one.
    pub host: String,
    /// Path of the public API, without slashes at its ends.
    pub prefix: String,
    /// The instance, unless it is the first one.
    pub instance: Option<String>,
    /// The order ID within the instance.
    pub order: OrderId,
    /// The session to bind the payment to.
    pub session: Option<SessionId>,
}

impl Order2019 {
    /// Reads the address of a payment.
    ///
    /// # Errors
    /// When it is none, or lacks one of host, prefix, instance and order.
    pub fn parse_pay(text: &str) -> Result<Self, BadUri> {
        Self::parse(text, "pay")
    }

    /// Reads the address of a refund.
    ///
    /// # Errors
    /// As [`Order2019::parse_pay`].
    pub fn parse_refund(text: &str) -> Result<Self, BadUri> {
        Self::parse(text, "refund").map(|order| Self { session: None, ..order })
    }

    /// Where a wallet of the time fetches the contract.
    pub fn download_url(&self) -> String {
        self.url("proposal")
    }

    /// Where a wallet of the time fetches refunds.
    pub fn refund_url(&self) -> String {
        self.url("refund")
    }

    /// The address of the payment.
    pub fn pay_uri(&self) -> String {
        let session = self
            .session
            .as_ref()
            .map_or_else(String::new, |session| format!("/{}", encoded(session.as_str())));
        self.uri("pay", &session)
    }

    /// The address of a refund.
    pub fn refund_uri(&self) -> String {
        self.uri("refund", "")
    }

    fn parse(text: &str, action: &str) -> Result<Self, BadUri> {
        let uri = Uri::of(text, action)?;
        let mut segments = uri.path.split('/');
        let mut next = || segments.next().ok_or(BadUri("the address ends early"));
        let (host, prefix, instance, order) = (next()?, next()?, next()?, next()?);
        let session = next().ok().filter(|session| !session.is_empty());
        if !is_host(host) {
            return Err(BadUri("the address has no good host"));
        }
        Ok(Self {
            https: !uri.params().any(|(name, value)| name == "insecure" && value == "1"),
            host: host.to_ascii_lowercase(),
            prefix: usual(prefix)?.unwrap_or_else(|| USUAL_PREFIX.to_owned()),
            instance: usual(instance)?,
            order: OrderId::parse(decoded(order)?).map_err(|bad| BadUri(bad.0))?,
            session: session
                .map(|session| SessionId::parse(decoded(session)?).map_err(|bad| BadUri(bad.0)))
                .transpose()?,
        })
    }

    fn url(&self, what: &str) -> String {
        let Self { host, prefix, order, .. } = self;
        let scheme = if self.https { "https" } else { "http" };
        let instance = self
            .instance
            .as_ref()
            .map_or_else(String::new, |instance| format!("instances/{}/", encoded(instance)));
        format!("{scheme}://{host}/{prefix}/{instance}{what}?order_id={order}")
    }

    fn uri(&self, action: &str, session: &str) -> String {
        let Self { host, order, .. } = self;
        let usual = self.prefix == USUAL_PREFIX;
        let prefix = if usual { "-".to_owned() } else { encoded(&self.prefix).to_string() };
        let instance =
            self.instance.as_deref().map_or("-".to_owned(), |name| encoded(name).to_string());
        let insecure = if self.https { "" } else { "?insecure=1" };
        format!("taler://{action}/{host}/{prefix}/{instance}/{order}{session}{insecure}")
    }
}

/// What a wallet of 2019 downloads when it is given a link to pay: the contract of the order, or
/// the link itself if it is a web address.
///
/// # Errors
/// When the link is neither.
pub fn proposal_address(link: &str) -> Result<String, BadUri> {
    let is_web = |url: Url| ["http", "https"].contains(&url.scheme()) && url.has_host();
    if link.len() <= MAX_ADDRESS && Url::parse(link).is_ok_and(is_web) {
        return Ok(link.to_owned());
    }
    Order2019::parse_pay(link).map(|order| order.download_url())
}

/// A part of the address; `None` if it is `-`, the mark for what is usual.
fn usual(part: &str) -> Result<Option<String>, BadUri> {
    match decoded(part)? {
        text if text.is_empty() => Err(BadUri("a part of the address is empty")),
        text if text == "-" => Ok(None),
        text => Ok(Some(text)),
    }
}

fn is_host(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
    !text.is_empty() && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    #[test]
    fn every_vector_of_2019_holds() {
        vectors::each(include_str!("../tests/vectors/taler_uris.json"), 49, |entry| {
            let uri = entry.text("uri");
            match (entry.text("grammar"), entry.text("action"), entry.kind()) {
                ("current", ..) => {}
                ("2019", "pay", ("parse", "ok")) => {
                    let address = proposal_address(uri);
                    assert_eq!(
                        address.as_deref(),
                        Ok(entry.text("download_url")),
                        "{}",
                        entry.id()
                    );
                    let session = Order2019::parse_pay(uri).ok().and_then(|order| order.session);
                    let expected: Option<SessionId> = entry.read("session_id");
                    assert_eq!(session, expected, "{}", entry.id());
                }
                ("2019", "pay", ("parse", "error")) => {
                    assert!(proposal_address(uri).is_err(), "{}", entry.id());
                }
                ("2019", "refund", ("parse", "ok")) => {
                    let order = Order2019::parse_refund(uri).unwrap_or_else(|_| entry.fails());
                    assert_eq!(order.refund_url(), entry.text("refund_url"), "{}", entry.id());
                }
                ("2019", "refund", ("parse", "error")) => {
                    assert!(Order2019::parse_refund(uri).is_err(), "{}", entry.id());
                }
                _ => entry.unknown(),
            }
        });
    }

    proptest! {
        #[test]
        fn text_gives_the_order_back(
            https: bool,
            host in "[a-z]{1,8}(\\.[a-z]{2,5})?(:[0-9]{1,4})?",
            prefix in "[a-z]{2,5}(/[a-z]{2,5})?",
            instance in proptest::option::of("[a-z]{2,8}"),
            order in "[A-Za-z0-9._:-]{3,20}",
            session in proptest::option::of("[^\\x00-\\x1f\\x7f-\\x9f]{1,20}"),
        ) {
            let order = OrderId::parse(order).unwrap();
            let session = session.map(|text| SessionId::parse(text).unwrap());
            let order = Order2019 { https, host, prefix, instance, order, session };
            prop_assert_eq!(Order2019::parse_pay(&order.pay_uri()), Ok(order.clone()));
            let refund = Order2019 { session: None, ..order };
            prop_assert_eq!(Order2019::parse_refund(&refund.refund_uri()), Ok(refund));
        }

        #[test]
        fn no_text_panics(text in "\\PC*", tail in "[a-z/%?#&=:0-9\\u{e9}-]{0,25}") {
            for text in [text, format!("taler://pay/{tail}"), format!("https://{tail}")] {
                let _ = proposal_address(&text);
                let _ = Order2019::parse_refund(&text);
            }
        }
    }
}
