//! Addresses: where a backend is, and where a customer finds what was paid for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::ids::{BadId, text_type};

/// Longest address, in bytes.
const MAX_URL: usize = 4096;

/// An address that paths are appended to: http or https, ending in a slash, with no user, query or
/// fragment (merchant-api 1.1). Two that mean the same read the same.
///
/// ```
/// use tilld::domain::web::BaseUrl;
/// let shop = BaseUrl::parse("https://Shop.example:443/till/").unwrap();
/// assert_eq!(shop.join(&["instances", "bar"]).as_str(), "https://shop.example/till/instances/bar/");
/// ```
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The only way in.
    ///
    /// # Errors
    /// [`BadId`] for anything else.
    pub fn parse(text: impl AsRef<str>) -> Result<Self, BadId> {
        let bad = BadId("base URL");
        let text = text.as_ref();
        if text.len() > MAX_URL || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(bad);
        }
        let url = Url::parse(text).map_err(|_| bad)?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.path().ends_with('/')
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if plain { Ok(Self(url.into())) } else { Err(bad) }
    }

    /// The address with more segments, each percent-encoded as needed, and a slash at the end.
    pub fn join(&self, segments: &[&str]) -> Self {
        let mut text = self.0.clone();
        for segment in segments {
            text.extend(percent_encoding::utf8_percent_encode(segment, SEGMENT));
            text.push('/');
        }
        Self(text)
    }
}

/// What must be encoded in a segment of a path: all but the unreserved and `@ : !$&'()*+,;=`.
const SEGMENT: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

text_type!(BaseUrl);

/// Where the customer finds what was paid for: http or https, or `taler://fulfillment-success/…`.
/// Kept byte for byte, because that is how it is compared (merchant-api 4.1).
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct FulfillmentUrl(String);

impl FulfillmentUrl {
    /// The only way in.
    ///
    /// # Errors
    /// [`BadId`] for other schemes, relative addresses, control characters, and more than 4096
    /// bytes.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
        let text = text.into();
        let bad = BadId("fulfillment_url");
        if text.len() > MAX_URL || text.chars().any(char::is_control) {
            return Err(bad);
        }
        let url = Url::parse(&text).map_err(|_| bad)?;
        let fits = match url.scheme() {
            "http" | "https" => url.has_host(),
            "taler" => url.host_str() == Some("fulfillment-success"),
            _ => false,
        };
        if fits { Ok(Self(text)) } else { Err(bad) }
    }
}

text_type!(FulfillmentUrl);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_base_url_is_plain_and_ends_in_a_slash() {
        assert_eq!(BaseUrl::parse("HTTP://a.example:80/").unwrap().as_str(), "http://a.example/");
        for bad in [
            "a.example",
            "https://a.example/x",
            "https://user@a.example/",
            "https://a.example/?q",
            "https://a.example/#f",
            "ftp://a.example/",
            "https:///",
            "https://a b/",
            " https://a.example/",
        ] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_fulfillment_url_stays_as_it_was_written() {
        for good in [
            "HTTPS://News.example:443/a%2f?o=${ORDER_ID}",
            "taler://fulfillment-success/Danke+sch%C3%B6n",
        ] {
            assert_eq!(FulfillmentUrl::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "/a8", "javascript:alert(1)", "taler://pay/x/", "https://a.example/\n"] {
            assert!(FulfillmentUrl::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn joined_addresses_are_addresses(segment in "\\PC{1,40}") {
            prop_assume!(segment != "." && segment != "..");
            let url = BaseUrl::parse("https://a.example/").unwrap().join(&[&segment]);
            prop_assert_eq!(BaseUrl::parse(url.as_str()), Ok(url));
        }

        #[test]
        fn no_text_panics_and_what_parses_parses_again(text in "(https?://|taler://)?\\PC{0,60}/?") {
            if let Ok(url) = BaseUrl::parse(&text) {
                prop_assert_eq!(BaseUrl::parse(url.as_str()), Ok(url));
            }
            if let Ok(url) = FulfillmentUrl::parse(text.clone()) {
                prop_assert_eq!(url.as_str(), text.as_str());
            }
        }
    }
}
