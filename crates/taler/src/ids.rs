//! The names of things: shops, orders, sessions, templates.
//!
//! All but the session stand in web addresses as they are, so their alphabets are narrow
//! (merchant-api 1.1 and 1.4). A session is whatever the shop made of it, and travels encoded.

use std::fmt;

use percent_encoding::percent_decode_str;

use super::text::{bad_text, text_value};

bad_text! {
    /// This text is no such name; the sentence says what one looks like.
    BadId
}

/// Longest name of a shop, in bytes.
pub const MAX_INSTANCE: usize = 64;

/// Longest name of an order or a template, in bytes.
pub const MAX_NAME: usize = 128;

/// Longest session, in characters.
pub const MAX_SESSION: usize = 512;

/// The name of a shop on this till (merchant-api 1.1). Case does not matter, and is lost.
///
/// ```
/// use taler::ids::InstanceId;
/// assert_eq!(InstanceId::parse("Cafe").unwrap().as_str(), "cafe");
/// assert!(InstanceId::parse("default").unwrap().is_admin());
/// assert!(InstanceId::parse("c").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(String);

impl InstanceId {
    /// Reads a name: 2 to 64 letters, digits, `_`, `.`, `@` and `-`, the first one a letter or a
    /// digit. The old name `default` of the first shop becomes `admin`.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
        let mut text = text.into();
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"_.@-".contains(&b);
        if !(2..=MAX_INSTANCE).contains(&text.len()) || !begins_well || !text.bytes().all(fits) {
            return Err(BadId(
                "an instance has 2 to 64 letters, digits, or _ . @ - after the first",
            ));
        }
        text.make_ascii_lowercase();
        if text == "default" { Ok(Self::admin()) } else { Ok(Self(text)) }
    }

    /// The first shop, which also keeps the others.
    pub fn admin() -> Self {
        Self("admin".to_owned())
    }

    /// Whether this is the first shop, whose addresses have no `instances/…` in them.
    pub fn is_admin(&self) -> bool {
        self.0 == "admin"
    }

    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_value!(InstanceId, BadId);

/// The name of an order within its shop (merchant-api 1.4).
///
/// ```
/// use taler::ids::OrderId;
/// assert!(OrderId::parse("2026.120-03PJ2M8A5H7XE").is_ok());
/// assert!(OrderId::parse("a/b").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(String);

impl OrderId {
    /// Reads a name: 1 to 128 letters, digits, `.`, `_`, `:` and `-`; not `.` or `..`, which would
    /// vanish from any address.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
        segment(text.into()).map(Self).ok_or(BadId(
            "an order id has 1 to 128 letters, digits, or . _ : - and is not only dots",
        ))
    }

    /// The name as it is in addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_value!(OrderId, BadId);

/// The name of a template within its shop. It follows the rules of [`OrderId`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(String);

impl TemplateId {
    /// Reads a name: 1 to 128 letters, digits, `.`, `_`, `:` and `-`; not `.` or `..`.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
        segment(text.into()).map(Self).ok_or(BadId(
            "a template id has 1 to 128 letters, digits, or . _ : - and is not only dots",
        ))
    }

    /// The name as it is in addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_value!(TemplateId, BadId);

/// Longest name of a device for one-time codes, in bytes.
pub const MAX_OTP_DEVICE: usize = 64;

/// The name of a device for one-time codes within its shop. It has the characters of an [`OrderId`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtpDeviceId(String);

impl OtpDeviceId {
    /// Reads a name: 1 to 64 letters, digits, `.`, `_`, `:` and `-`; not `.` or `..`.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
        let name = segment(text.into()).filter(|name| name.len() <= MAX_OTP_DEVICE);
        name.map(Self)
            .ok_or(BadId("a device has 1 to 64 letters, digits, or . _ : - and is not only dots"))
    }

    /// The name as it is in addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_value!(OtpDeviceId, BadId);

/// Longest name of a webhook, in bytes.
pub const MAX_WEBHOOK: usize = 64;

/// The name of a webhook within its shop (webhooks 1). Its case is kept.
///
/// ```
/// use taler::ids::WebhookId;
/// assert!(WebhookId::parse("Tryton-Webhook-1a2b3c4d-pay").is_ok());
/// assert!(WebhookId::parse("a/b").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookId(String);

impl WebhookId {
    /// Reads a name: 1 to 64 letters, digits, `.`, `_`, `~`, `:`, `@` and `-`; not `.` or `..`.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
        let text = text.into();
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"._~:@-".contains(&b);
        let is_name = (1..=MAX_WEBHOOK).contains(&text.len()) && text.bytes().all(fits);
        if is_name && text != "." && text != ".." {
            return Ok(Self(text));
        }
        Err(BadId("a webhook id has 1 to 64 letters, digits, or . _ ~ : @ - and is not only dots"))
    }

    /// The name as it is in addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_value!(WebhookId, BadId);

/// The shop's name for one visitor's session (merchant-api 4.2). Who knows it may read what its
/// owner bought, so it does not show itself in debug output.
///
/// ```
/// use taler::ids::SessionId;
/// let raw = SessionId::parse("a%2Fb").unwrap();
/// assert_eq!(raw.percent_decoded().unwrap().as_str(), "a/b");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// Takes any text of 1 to 512 characters without control characters. "No session" is the absence
    /// of a value and never the empty text.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
        let text = text.into();
        if !(1..=MAX_SESSION).contains(&text.chars().count()) || text.contains(char::is_control) {
            return Err(BadId("a session has 1 to 512 characters and no control characters"));
        }
        Ok(Self(text))
    }

    /// The session as the shop wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The session that a wallet should have sent when it forgot to decode the one in its
    /// address. `None` when there is nothing to decode, or nothing good comes of it.
    pub fn percent_decoded(&self) -> Option<Self> {
        let text = percent_decode_str(&self.0).decode_utf8().ok()?;
        if text == self.0 { None } else { Self::parse(text).ok() }
    }
}

text_value!(SessionId, BadId);

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(***)")
    }
}

/// The text, if it can be one segment of a path without being encoded.
fn segment(text: String) -> Option<String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    let good = (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(fits);
    (good && text != "." && text != "..").then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn instances_have_their_alphabet_and_two_names_for_the_first() {
        for good in ["ab", "A0", "shop_1", "me@example.org", "a-", "0.0"] {
            assert_eq!(InstanceId::parse(good).unwrap().as_str(), good.to_lowercase());
        }
        for bad in ["", "a", "-a", ".a", "a b", "a/b", "ä1", "a\0", "\u{212a}a"] {
            assert!(InstanceId::parse(bad).is_err(), "{bad}");
        }
        assert!(InstanceId::parse("x".repeat(64)).is_ok());
        assert!(InstanceId::parse("x".repeat(65)).is_err());
        assert!(InstanceId::parse("Default").unwrap().is_admin());
        assert!(InstanceId::parse("ADMIN").unwrap().is_admin());
        assert!(!InstanceId::parse("admins").unwrap().is_admin());
    }

    #[test]
    fn webhooks_have_their_alphabet_and_keep_their_case() {
        for good in ["a", "talerbarr_pay", "Tryton-Webhook-1a2b3c4d-pay", "a.b~c:d@e", "..."] {
            assert_eq!(WebhookId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "a b", "a/b", "a%2F", "ä", "a\n"] {
            assert!(WebhookId::parse(bad).is_err(), "{bad}");
        }
        assert!(WebhookId::parse("x".repeat(64)).is_ok());
        assert!(WebhookId::parse("x".repeat(65)).is_err());
    }

    #[test]
    fn orders_have_their_alphabet() {
        for good in ["1", "2026.120-03PJ2M8A5H7XE", "o:1_2", "...", "-"] {
            assert_eq!(OrderId::parse(good).unwrap().as_str(), good);
            assert_eq!(TemplateId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "a b", "a/b", "a%2F", "ä", "a\n", "a\0"] {
            assert!(OrderId::parse(bad).is_err(), "{bad}");
            assert!(TemplateId::parse(bad).is_err(), "{bad}");
        }
        assert!(OrderId::parse("x".repeat(128)).is_ok());
        assert!(OrderId::parse("x".repeat(129)).is_err());
    }

    #[test]
    fn sessions_are_nearly_any_text() {
        for good in ["s", "my/session", "1777503600-Zm9v_", "Ünïcode 😀", "%", " "] {
            assert_eq!(SessionId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a\0", "a\n", "\u{7f}", "\u{85}"] {
            assert!(SessionId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(SessionId::parse("x".repeat(512)).is_ok());
        assert!(SessionId::parse("ä".repeat(512)).is_ok());
        assert!(SessionId::parse("ä".repeat(513)).is_err());
        assert_eq!(format!("{:?}", SessionId::parse("secret").unwrap()), "SessionId(***)");
    }

    #[test]
    fn a_session_is_decoded_only_when_that_changes_it() {
        let decoded = |text: &str| SessionId::parse(text).unwrap().percent_decoded();
        assert_eq!(decoded("my%2Fsession"), Some(SessionId::parse("my/session").unwrap()));
        for same in ["my/session", "100%", "%zz", "%ff", "%00", "%0A"] {
            assert_eq!(decoded(same), None, "{same}");
        }
    }

    proptest! {
        #[test]
        fn text_and_wire_give_the_name_back(
            instance in "[A-Za-z0-9][A-Za-z0-9_.@-]{1,63}",
            order in "[A-Za-z0-9._:-]{3,128}",
            session in "[^\\x00-\\x1f\\x7f-\\x9f]{1,100}",
        ) {
            let instance = InstanceId::parse(instance).unwrap();
            prop_assert_eq!(&instance.to_string().parse::<InstanceId>().unwrap(), &instance);
            let json = serde_json::to_string(&instance).unwrap();
            prop_assert_eq!(serde_json::from_str::<InstanceId>(&json).unwrap(), instance);

            let name = OrderId::parse(order.clone()).unwrap();
            prop_assert_eq!(name.as_str(), &order);
            let json = serde_json::to_string(&name).unwrap();
            prop_assert_eq!(serde_json::from_str::<OrderId>(&json).unwrap(), name);

            let name = TemplateId::parse(order).unwrap();
            let json = serde_json::to_string(&name).unwrap();
            prop_assert_eq!(serde_json::from_str::<TemplateId>(&json).unwrap(), name);

            let name = SessionId::parse(session.clone()).unwrap();
            prop_assert_eq!(name.to_string(), session);
            let json = serde_json::to_string(&name).unwrap();
            prop_assert_eq!(serde_json::from_str::<SessionId>(&json).unwrap(), name);
        }

        #[test]
        fn no_text_panics(text in "\\PC*|[\\x00-\\xff%]{0,20}") {
            let _ = InstanceId::parse(text.clone());
            let _ = OrderId::parse(text.clone());
            let _ = TemplateId::parse(text.clone());
            if let Ok(session) = SessionId::parse(text) {
                let _ = session.percent_decoded();
            }
        }
    }
}
