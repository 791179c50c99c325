//! An instance: one shop of the daemon, with its name, its defaults and its key (merchant-api 6.1).
//!
//! Several shops can share a daemon; each sees only its own orders, accounts and tokens. The one
//! called `admin` also manages the others.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::business_day::BusinessDay;
use super::invalid_field::InvalidField;
use taler::characters::is_clean;
use taler::ids::InstanceId;
use taler::object::object;
use taler::sign::{PublicKey, SigningKey};
use taler::time::{LONGEST_DELAY, RelativeTime, SECOND, Timestamp};

/// Longest name, e-mail address, phone number or line of an address, in characters.
pub(crate) const MAX_LINE: usize = 512;
/// Longest logo as a data URL, in bytes.
pub(crate) const MAX_LOGO: usize = 600 * 1024;

/// A postal address; every part may be missing (merchant-api 1.4). Each has at most 512 characters.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
#[serde(remote = "Self", default)]
pub struct Location {
    /// The country.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(max_length = 512, pattern = r"^[^\u0000]*$", example = "Germany"))]
    pub country: Option<String>,
    /// The state, region or province.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(max_length = 512, pattern = r"^[^\u0000]*$", example = "Saxony"))]
    pub country_subdivision: Option<String>,
    /// The district of a state or town.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(max_length = 512, pattern = r"^[^\u0000]*$", example = "Altstadt"))]
    pub district: Option<String>,
    /// The town or village.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(max_length = 512, pattern = r"^[^\u0000]*$", example = "Dresden"))]
    pub town: Option<String>,
    /// A part of the town.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(max_length = 512, pattern = r"^[^\u0000]*$", example = "Old market"))]
    pub town_location: Option<String>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(max_length = 512, pattern = r"^[^\u0000]*$", example = "01067"))]
    pub post_code: Option<String>,
    /// The street.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        test,
        schema(max_length = 512, pattern = r"^[^\u0000]*$", example = "Schlossstrasse")
    )]
    pub street: Option<String>,
    /// The name of the building.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(max_length = 512, pattern = r"^[^\u0000]*$", example = "Town hall"))]
    pub building_name: Option<String>,
    /// The number of the building.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(max_length = 512, pattern = r"^[^\u0000]*$", example = "12 a"))]
    pub building_number: Option<String>,
    /// Up to seven free lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<AddressLines>))]
    pub address_lines: Option<Vec<String>>,
}

object!(Location, written);

/// How the API document describes [`Location::address_lines`].
#[cfg(test)]
struct AddressLines;

#[cfg(test)]
taler::openapi::schema!(
    AddressLines,
    "AddressLines",
    serde_json::json!({ "type": "array", "items": taler::openapi::clean(MAX_LINE), "maxItems": 7 }),
    "Lines of an address: up to seven of at most 512 characters.",
    ["Back door"],
);

impl Location {
    /// Whether all lines are short enough, and a contract may contain them.
    pub(super) fn fits(&self) -> bool {
        let parts = [
            &self.country,
            &self.country_subdivision,
            &self.district,
            &self.town,
            &self.town_location,
            &self.post_code,
            &self.street,
            &self.building_name,
            &self.building_number,
        ];
        let lines = self.address_lines.as_deref().unwrap_or_default();
        lines.len() <= 7 && parts.into_iter().flatten().chain(lines).all(|line| is_short(line))
    }
}

/// To what a wire transfer's deadline is rounded up, so that several orders share one transfer.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum RoundingInterval {
    #[default]
    None,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl RoundingInterval {
    /// The first moment of an interval (UTC; weeks begin on Monday) that is not before `time`.
    pub fn round_up(self, time: Timestamp) -> Timestamp {
        let Some(secs) = time.secs() else { return time };
        let rounded = match self {
            Self::None | Self::Second => Some(secs),
            Self::Minute => secs.checked_next_multiple_of(60),
            Self::Hour => secs.checked_next_multiple_of(3600),
            Self::Day => secs.checked_next_multiple_of(DAY_S),
            Self::Week => secs
                .checked_add(EPOCH_S)
                .and_then(|since| since.checked_next_multiple_of(WEEK_S))
                .and_then(|since| since.checked_sub(EPOCH_S)),
            Self::Month => next_month(secs, 1),
            Self::Quarter => next_month(secs, 3),
            Self::Year => next_month(secs, 12),
        };
        // Beyond the calendar's end nothing is worth rounding.
        rounded.and_then(|secs| Timestamp::from_secs(secs).ok()).unwrap_or(time)
    }
}

const DAY_S: u64 = 86_400;
const WEEK_S: u64 = 7 * DAY_S;
/// 1970 began on a Thursday: so long after a Monday.
const EPOCH_S: u64 = 3 * DAY_S;

/// The first second not before `secs` of a month whose number, from 0, is a multiple of `months`.
fn next_month(secs: u64, months: i8) -> Option<u64> {
    let moment = jiff::Timestamp::from_second(i64::try_from(secs).ok()?).ok()?;
    let day = moment.to_zoned(jiff::tz::TimeZone::UTC).date();
    let into_year = day.month().checked_sub(1)?;
    let start = into_year.checked_sub(into_year.checked_rem(months)?)?.checked_add(1)?;
    let first = jiff::civil::Date::new(day.year(), start, 1).ok()?;
    let at = |date: jiff::civil::Date| {
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        u64::try_from(midnight.as_second()).ok()
    };
    match at(first)? {
        begun if begun == secs => Some(secs),
        _ => at(first.checked_add(jiff::Span::new().months(months)).ok()?),
    }
}

/// The shopkeeper's settings. [`InstanceSettings::check`] checks them before they are stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstanceSettings {
    /// The shop's name as customers see it in contracts.
    pub name: String,
    /// E-mail address of the shop.
    pub email: Option<String>,
    /// Telephone number of the shop.
    pub phone_number: Option<String>,
    /// The shop's web site, http or https.
    pub website: Option<String>,
    /// The logo as a `data:image/…;base64,…` URL.
    pub logo: Option<String>,
    /// Address of the shop.
    pub address: Location,
    /// Under which law it sells.
    pub jurisdiction: Location,
    /// Whether the shop pays the fees that exchanges estimate as usual.
    pub use_stefan: bool,
    /// Default time to pay an order.
    pub default_pay_delay: RelativeTime,
    /// Default time for refunds after an order's time stamp.
    pub default_refund_delay: RelativeTime,
    /// Default time until the exchange must transfer the money.
    pub default_wire_transfer_delay: RelativeTime,
    /// To what that is rounded up.
    pub default_wire_transfer_rounding_interval: RoundingInterval,
    /// When the days of its reports end. The protocol knows nothing of it.
    pub business_day: BusinessDay,
}

impl InstanceSettings {
    /// Checks lengths and forms.
    ///
    /// # Errors
    /// [`InvalidField`] names the first member that does not fit.
    pub fn check(&self) -> Result<(), InvalidField> {
        let short = |text: &Option<String>| text.as_deref().is_none_or(is_short);
        // A password in a link that everybody sees is a mistake.
        let web = |text: &str| {
            Url::parse(text).is_ok_and(|url| {
                let has_user = !url.username().is_empty() || url.password().is_some();
                matches!(url.scheme(), "http" | "https") && !has_user
            })
        };
        let checks = [
            ("name", !self.name.trim().is_empty() && is_short(&self.name)),
            ("email", short(&self.email) && self.email.as_ref().is_none_or(|e| e.contains('@'))),
            ("phone_number", short(&self.phone_number)),
            ("website", short(&self.website) && self.website.as_deref().is_none_or(web)),
            ("logo", self.logo.as_deref().is_none_or(is_image)),
            ("address", self.address.fits()),
            ("jurisdiction", self.jurisdiction.fits()),
            // Contracts count whole seconds, and one that has no time to be paid cannot be made.
            (
                "default_pay_delay",
                has_end(self.default_pay_delay) && self.default_pay_delay >= SECOND,
            ),
            // The money is wired after the time for refunds, which needs an end as well.
            ("default_refund_delay", has_end(self.default_refund_delay)),
            ("default_wire_transfer_delay", has_end(self.default_wire_transfer_delay)),
        ];
        match checks.into_iter().find(|(_, fits)| !fits) {
            Some((member, _)) => Err(InvalidField(member)),
            None => Ok(()),
        }
    }
}

/// Whether `text` is a single line that a contract may contain.
fn is_short(text: &str) -> bool {
    text.chars().count() <= MAX_LINE && is_clean(text)
}

fn has_end(delay: RelativeTime) -> bool {
    delay <= LONGEST_DELAY
}

/// Whether `text` looks like a picture in a data URL, or is empty, which means none.
fn is_image(text: &str) -> bool {
    let base64 = |t: &str| t.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    text.is_empty()
        || (text.len() <= MAX_LOGO
            && is_clean(text)
            && text
                .strip_prefix("data:image/")
                .and_then(|rest| rest.split_once(";base64,"))
                .is_some_and(|(_, body)| base64(body)))
}

/// Names an instance inside the store; never shown.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct InstanceSerial(pub i64);

/// An instance as it is kept.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its number in the store.
    pub serial: InstanceSerial,
    /// Its name in URLs.
    pub id: InstanceId,
    /// The shopkeeper's settings.
    pub settings: InstanceSettings,
    /// Its public key.
    pub public_key: PublicKey,
    /// Its signing key; `None` once the instance is deleted but not purged.
    pub signing_key: Option<SigningKey>,
    /// The password's hash (argon2id, PHC text); `None` where no password was ever set.
    pub password_hash: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Instance {
    /// Whether it is deleted, so that only its history is left.
    pub fn is_deleted(&self) -> bool {
        self.signing_key.is_none()
    }

    /// Whether its name is still its ID, so that customers see no real name.
    pub fn is_unnamed(&self) -> bool {
        self.settings.name == self.id.as_str()
    }
}

/// Money of an instance that is under way: to delete the instance now would lose it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub struct Unfinished {
    /// Coins that were sent to an exchange, which has not answered.
    #[serde(rename = "open_deposits")]
    #[cfg_attr(test, schema(required = false, example = 2))]
    pub deposits: u64,
    /// Orders for which exchanges have taken coins, but not enough of them.
    #[cfg_attr(test, schema(required = false, example = 1))]
    pub part_paid_orders: u64,
    /// Refunds that no exchange has answered, or that their customers have not collected.
    #[serde(rename = "open_refunds")]
    #[cfg_attr(test, schema(required = false, example = 0))]
    pub refunds: u64,
}

impl Unfinished {
    /// Whether it is empty.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { deposits, part_paid_orders, refunds } = self;
        write!(
            f,
            "{deposits} coins without an answer of their exchange, {part_paid_orders} part-paid \
             orders, {refunds} refunds not collected or not answered"
        )
    }
}

/// An instance about to be kept.
#[derive(Clone, Debug)]
pub struct NewInstance {
    /// Its name in URLs.
    pub id: InstanceId,
    /// The shopkeeper's settings.
    pub settings: InstanceSettings,
    /// Its signing key.
    pub signing_key: SigningKey,
    /// The password's hash, if there is a password yet.
    pub password_hash: Option<String>,
    /// When it is made.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> InstanceSettings {
        InstanceSettings {
            name: "Corner shop".into(),
            email: None,
            phone_number: None,
            website: None,
            logo: None,
            address: Location::default(),
            jurisdiction: Location::default(),
            use_stefan: true,
            default_pay_delay: SECOND,
            default_refund_delay: RelativeTime::ZERO,
            default_wire_transfer_delay: RelativeTime::ZERO,
            default_wire_transfer_rounding_interval: RoundingInterval::None,
            business_day: BusinessDay::default(),
        }
    }

    #[test]
    fn settings_name_the_member_that_does_not_fit() {
        let with = |change: fn(&mut InstanceSettings)| {
            let mut settings = plain();
            change(&mut settings);
            settings.check()
        };
        assert_eq!(plain().check(), Ok(()));
        assert_eq!(with(|s| s.name = " ".into()), Err(InvalidField("name")));
        assert_eq!(with(|s| s.name = "a\0b".into()), Err(InvalidField("name")));
        assert_eq!(with(|s| s.address.town = Some("\0".into())), Err(InvalidField("address")));
        let never = |s: &mut InstanceSettings| s.default_refund_delay = RelativeTime::FOREVER;
        assert_eq!(with(never), Err(InvalidField("default_refund_delay")));
        let at_once = |s: &mut InstanceSettings| s.default_pay_delay = RelativeTime::ZERO;
        assert_eq!(with(at_once), Err(InvalidField("default_pay_delay")));
        assert_eq!(with(|s| s.email = Some("nobody".into())), Err(InvalidField("email")));
        assert_eq!(with(|s| s.website = Some("javascript:x".into())), Err(InvalidField("website")));
        let with_user = |s: &mut InstanceSettings| s.website = Some("https://u:p@x.example".into());
        assert_eq!(with(with_user), Err(InvalidField("website")));
        assert_eq!(with(|s| s.logo = Some("data:text/html,x".into())), Err(InvalidField("logo")));
        assert_eq!(with(|s| s.logo = Some("data:image/png;base64,AA==".into())), Ok(()));
        assert_eq!(
            with(|s| s.address.address_lines = Some(vec![String::new(); 8])),
            Err(InvalidField("address"))
        );
        assert_eq!(
            with(|s| s.default_pay_delay = RelativeTime::FOREVER),
            Err(InvalidField("default_pay_delay"))
        );
    }

    #[test]
    fn an_address_keeps_only_what_is_there() {
        let text =
            r#"{"country":"HU","address_lines":["Fő utca 1."],"planet":"Earth","town":null}"#;
        let location: Location = serde_json::from_str(text).unwrap();
        let again = serde_json::to_string(&location).unwrap();
        assert_eq!(again, r#"{"country":"HU","address_lines":["Fő utca 1."]}"#);
    }
}
