//! Names: of instances, orders, sessions, templates. Each kind of name is a type of its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is not what the named thing must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BadId(pub &'static str);

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a valid {}", self.0)
    }
}

impl std::error::Error for BadId {}

/// What every name needs besides its own `parse`.
macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(super) use text_type;

/// The special instance's name.
const ADMIN: &str = "admin";
/// The special instance's name in older versions of the protocol.
const OLD_ADMIN: &str = "default";

/// Names an instance: 2 to 64 of `A-Z a-z 0-9 _ . @ -`, beginning with a letter or digit, in lower
/// case (merchant-api 1.1). `default` is an old name of `admin`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstanceId(String);

impl InstanceId {
    /// The special instance, which looks after the others.
    pub fn admin() -> Self {
        Self(ADMIN.to_owned())
    }

    /// The only way in.
    ///
    /// # Errors
    /// [`BadId`] for other lengths and characters.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
        let mut text = text.into();
        text.make_ascii_lowercase();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.@-".contains(&b);
        let fits = (2..=64).contains(&text.len())
            && text.bytes().all(plain)
            && text.starts_with(|c: char| c.is_ascii_alphanumeric());
        match fits {
            true if text == OLD_ADMIN => Ok(Self::admin()),
            true => Ok(Self(text)),
            false => Err(BadId("instance")),
        }
    }

    /// Is this the special instance?
    pub fn is_admin(&self) -> bool {
        self.0 == ADMIN
    }
}

text_type!(InstanceId);

/// Do 1 to 128 characters of `A-Z a-z 0-9 . _ : -` stand here, which fit a URL as they are?
fn fits_url(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    (1..=128).contains(&text.len()) && text.bytes().all(plain)
}

/// Names one order of an instance: 1 to 128 of `A-Z a-z 0-9 . _ : -` (merchant-api 1.4).
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrderId(String);

impl OrderId {
    /// The only way in.
    ///
    /// # Errors
    /// [`BadId`] for other lengths and characters.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
        let text = text.into();
        if fits_url(&text) { Ok(Self(text)) } else { Err(BadId("order_id")) }
    }
}

text_type!(OrderId);

/// Names a template of an instance: 1 to 128 of `A-Z a-z 0-9 . _ : -` (merchant-api 1.4).
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct TemplateId(String);

impl TemplateId {
    /// The only way in.
    ///
    /// # Errors
    /// [`BadId`] for other lengths and characters.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
        let text = text.into();
        if fits_url(&text) { Ok(Self(text)) } else { Err(BadId("template_id")) }
    }
}

text_type!(TemplateId);

/// A customer's visit, named by the shop as it likes: 1 to 512 bytes without control characters.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId(String);

impl SessionId {
    /// The only way in.
    ///
    /// # Errors
    /// [`BadId`] for other lengths, and for control characters.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
        let text = text.into();
        let fits = (1..=512).contains(&text.len()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text)) } else { Err(BadId("session_id")) }
    }
}

text_type!(SessionId);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_instance_is_named_in_lower_case_and_default_is_admin() {
        assert_eq!(InstanceId::parse("Shop.1@x").unwrap().as_str(), "shop.1@x");
        assert!(InstanceId::parse("Default").unwrap().is_admin());
        for bad in ["", "a", "-ab", ".ab", "a/b", "a b", "äb", &"a".repeat(65)] {
            assert_eq!(InstanceId::parse(bad), Err(BadId("instance")), "{bad}");
        }
    }

    #[test]
    fn an_order_is_named_as_it_stands_in_urls() {
        assert!(OrderId::parse("2026.120-03PJ2M8A5H7XE").is_ok());
        for bad in ["", "a/b", "a b", "a%20", "ő", &"a".repeat(129)] {
            assert!(OrderId::parse(bad).is_err() && TemplateId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_session_is_any_text_that_can_be_seen() {
        assert!(SessionId::parse("1777503600-abc/%?# ő").is_ok());
        for bad in ["", "a\nb", "\0", &"a".repeat(513)] {
            assert_eq!(SessionId::parse(bad), Err(BadId("session_id")));
        }
    }

    proptest! {
        #[test]
        fn names_survive_text_and_wire(text in "[A-Za-z0-9._:-]{1,128}") {
            let order = OrderId::parse(text.clone()).unwrap();
            prop_assert_eq!(order.to_string(), text);
            let wire = serde_json::to_string(&order).unwrap();
            prop_assert_eq!(serde_json::from_str::<OrderId>(&wire).unwrap(), order);
        }

        #[test]
        fn what_is_parsed_parses_again(text in "\\PC{0,80}") {
            if let Ok(id) = InstanceId::parse(text.clone()) {
                prop_assert_eq!(InstanceId::parse(id.as_str()), Ok(id));
            }
            if let Ok(id) = SessionId::parse(text.clone()) {
                prop_assert_eq!(id.as_str(), text.as_str());
            }
            let _ = OrderId::parse(text.clone());
            let _ = TemplateId::parse(text);
        }
    }
}
