//! Webhooks: where a shop's programs are told of what happens, and what there is to tell (webhooks 1 and 2).

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::instance::InstanceSerial;
use super::invalid_field::InvalidField;
use super::order::OrderSerial;
use taler::ids::{OrderId, WebhookId};
use taler::time::Timestamp;

/// Most webhooks of one instance: Dolibarr makes ten, and several shop systems may share an instance.
pub const MAX_WEBHOOKS: u32 = 50;
/// Fewest and most bytes of a secret (webhooks 5.3).
pub const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// What the text of a secret begins with.
const SECRET_PREFIX: &str = "whsec_";
/// How often a delivery is attempted (webhooks 4).
pub const MAX_ATTEMPTS: u32 = 12;
/// After so many failures later events may overtake the delivery.
pub const ATTEMPTS_IN_ORDER: u32 = 3;

/// Names one webhook inside the store.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct WebhookSerial(pub i64);

/// Names one event inside the store.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct EventSerial(pub i64);

/// Names one delivery; shops see it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct DeliverySerial(pub i64);

impl fmt::Display for DeliverySerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! event_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What a webhook is told of.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum EventType { $($(#[$doc])* $name),* }

        impl EventType {
            /// Every type there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word for it in the merchant API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

event_types! {
    /// An order was made.
    OrderCreated = "order_created";
    /// An order was paid.
    Pay = "pay";
    /// The refunds of an order were raised.
    Refund = "refund";
    /// The exchange has wired all that an order has brought.
    OrderSettled = "order_settled";
    /// A category of products was added.
    CategoryAdded = "category_added";
    /// A category of products was changed.
    CategoryUpdated = "category_updated";
    /// A category of products was deleted.
    CategoryDeleted = "category_deleted";
    /// A product was added.
    InventoryAdded = "inventory_added";
    /// A product, or its stock, was changed.
    InventoryUpdated = "inventory_updated";
    /// A product was deleted.
    InventoryDeleted = "inventory_deleted";
}

impl EventType {
    /// Whether text values of a template are escaped for HTML unless the template is JSON: so the
    /// reference implementation does for these two (webhooks 3).
    pub fn escapes_html(self) -> bool {
        matches!(self, Self::Pay | Self::Refund)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for EventType {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let found = Self::ALL.iter().copied().find(|kind| kind.as_str() == text);
        found.ok_or(InvalidField("event_type"))
    }
}

/// Something that has happened, with what templates can insert and no other row has: what can be read
/// of the order when the event is sent is not in it.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// The order that it happened to; `None`: to none.
    pub order: Option<OrderSerial>,
    /// The variables by their names (webhooks 2). Nothing is added to those of stock but what every
    /// event has.
    pub variables: Map<String, Value>,
}

/// What the shop says of a webhook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WebhookSettings {
    /// Of what it is told.
    pub event_type: EventType,
    /// Where, a template.
    pub url: String,
    /// How.
    pub http_method: HttpMethod,
    /// Lines of headers, a template.
    pub header_template: Option<String>,
    /// The body, a template; `None`: the default one.
    pub body_template: Option<String>,
}

macro_rules! methods {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// An HTTP method that a webhook can be told by.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[expect(missing_docs, reason = "they are called as in HTTP")]
        pub enum HttpMethod { $($name),* }

        impl HttpMethod {
            /// Every method there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word for it, in upper case.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

methods! {
    Get = "GET",
    Post = "POST",
    Put = "PUT",
    Patch = "PATCH",
    Delete = "DELETE",
    Head = "HEAD",
    Options = "OPTIONS",
}

impl fmt::Display for HttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for HttpMethod {
    type Err = InvalidField;

    /// In upper or lower case.
    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let found = Self::ALL.iter().copied().find(|one| one.as_str().eq_ignore_ascii_case(text));
        found.ok_or(InvalidField("http_method"))
    }
}

/// A webhook, and how many deliveries wait for it.
#[derive(Clone, Debug)]
pub struct WebhookStatus {
    /// The webhook.
    pub webhook: Webhook,
    /// How many deliveries wait.
    pub waiting: u32,
}

/// A key by which a receiver knows that a request is tilld's (webhooks 5.3).
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A key of these bytes.
    ///
    /// # Errors
    /// For fewer than 24 bytes or more than 64.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, InvalidField> {
        let bytes = bytes.into();
        if SECRET_BYTES.contains(&bytes.len()) {
            Ok(Self(bytes.into()))
        } else {
            Err(InvalidField("secret"))
        }
    }

    /// Reads the text that receivers are given: `whsec_` and base64.
    ///
    /// # Errors
    /// For any other text, and as [`Secret::new`].
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        let bytes = text.strip_prefix(SECRET_PREFIX);
        let bytes = bytes.and_then(|text| BASE64.decode(text.as_bytes()).ok());
        Self::new(bytes.ok_or(InvalidField("secret"))?)
    }

    /// The key's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, for the one to whom the secret is given.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{SECRET_PREFIX}{}", BASE64.encode(&self.0)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// The keys that a webhook's requests are signed with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Secrets {
    /// The key of today.
    pub current: Secret,
    /// The key before, and until when it signs as well.
    pub old: Option<(Secret, Timestamp)>,
}

impl Secrets {
    /// The keys that sign at this time, the newest first.
    pub fn at(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        let old = self.old.as_ref().filter(|(_, until)| now < *until).map(|(old, _)| old);
        std::iter::once(&self.current).chain(old)
    }
}

/// Why tilld has taken a webhook out of use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DisabledWhy {
    /// The receiver has answered 410: it wants no more.
    Gone,
    /// No attempt has succeeded for five days.
    Failing,
}

impl DisabledWhy {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

impl fmt::Display for DisabledWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for DisabledWhy {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let found = [Self::Gone, Self::Failing].into_iter().find(|why| why.as_str() == text);
        found.ok_or(InvalidField("disabled_why"))
    }
}

/// A webhook as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Webhook {
    /// Its number inside the store.
    pub serial: WebhookSerial,
    /// Whose it is.
    pub instance: InstanceSerial,
    /// The webhook ID, unique within the instance.
    pub id: WebhookId,
    /// What the shop says of it.
    pub settings: WebhookSettings,
    /// The keys of its signatures.
    pub secrets: Secrets,
    /// Whether it is told.
    pub active: bool,
    /// Why tilld has stopped to tell it; `None`: it has not.
    pub disabled_why: Option<DisabledWhy>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last told with success.
    pub last_success: Option<Timestamp>,
    /// The first failure since then.
    pub failing_since: Option<Timestamp>,
}

macro_rules! delivery_states {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// How far a delivery has come.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum DeliveryState { $($(#[$doc])* $name),* }

        impl DeliveryState {
            /// Every state there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// The number for it in the store.
            pub fn number(self) -> i64 {
                match self { $(Self::$name => $number),* }
            }
        }
    };
}

delivery_states! {
    /// It is to be sent, for the first time or again.
    Waiting = 0, "waiting";
    /// The receiver has taken it.
    Delivered = 1, "delivered";
    /// The last attempt has failed.
    GivenUp = 2, "given_up";
    /// The webhook was deactivated before the receiver took it.
    Cancelled = 3, "cancelled";
}

impl FromStr for DeliveryState {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let found = Self::ALL.iter().copied().find(|state| state.as_str() == text);
        found.ok_or(InvalidField("state"))
    }
}

/// A delivery as logs show it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its number.
    pub serial: DeliverySerial,
    /// The event, the same for every webhook and every attempt.
    pub event_id: EventId,
    /// What has happened.
    pub event_type: EventType,
    /// To which order; `None`: to none, or to one that was deleted.
    pub order_id: Option<OrderId>,
    /// How far it has come.
    pub state: DeliveryState,
    /// How many attempts were made.
    pub attempts: u32,
    /// When it is attempted next, at the earliest; `None`: it does not wait.
    pub next_attempt: Option<Timestamp>,
    /// When it was attempted last.
    pub last_attempt: Option<Timestamp>,
    /// HTTP status of the last attempt's answer.
    pub last_http_status: Option<u16>,
    /// Why the last attempt failed, in words.
    pub last_error: Option<String>,
    /// How long the last attempt took, in milliseconds.
    pub took_ms: Option<u32>,
    /// The beginning of the last answer's body.
    pub answer_head: Option<String>,
}

/// Names an event to receivers, who know by it what they have seen before (webhooks 5.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EventId(pub [u8; 16]);

impl fmt::Display for EventId {
    /// `evt_` and 26 characters of Crockford's base32. It holds no `.`, which would end it in what is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evt_{}", taler::base32::encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for &kind in EventType::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("order_pay".parse::<EventType>(), Err(InvalidField("event_type")));
        assert_eq!(EventType::ALL.len(), 10);
        for &method in HttpMethod::ALL {
            assert_eq!(method.as_str().parse(), Ok(method));
            assert_eq!(method.as_str().to_lowercase().parse(), Ok(method));
        }
        assert_eq!("TRACE".parse::<HttpMethod>(), Err(InvalidField("http_method")));
        for &state in DeliveryState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
    }

    #[test]
    fn an_event_has_a_name_that_fits_into_what_is_signed() {
        let id = EventId([255; 16]).to_string();
        assert_eq!(id.len(), 30);
        assert!(id.starts_with("evt_") && !id.contains('.'));
    }

    #[test]
    fn a_secret_is_given_as_a_text_that_reads_back() {
        let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert_eq!(Secret::parse(text).unwrap().reveal().as_str(), text);
        for length in [24, 32, 64] {
            let secret = Secret::new(vec![length; usize::from(length)]).unwrap();
            assert_eq!(Secret::parse(&secret.reveal()), Ok(secret));
        }
        for bad in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!", "whsec_AAAA"] {
            assert!(Secret::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_old_key_signs_until_its_time_is_over() {
        let at = |secs| Timestamp::from_secs(secs).unwrap();
        let secret = |byte| Secret::new([byte; 32]).unwrap();
        let secrets = Secrets { current: secret(2), old: Some((secret(1), at(100))) };
        let signing = |now| secrets.at(at(now)).cloned().collect::<Vec<_>>();
        assert_eq!(signing(99), [secret(2), secret(1)]);
        assert_eq!(signing(100), [secret(2)]);
        assert!(Secret::new([1; 23]).is_err() && Secret::new([1; 65]).is_err());
        assert_eq!(format!("{:?}", secret(7)), "Secret(***)");
    }
}
