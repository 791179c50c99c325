//! People who sell at the till: their names, their PINs, and what becomes of wrong ones (decision 170).

use super::instance::InstanceSerial;
use super::invalid_field::InvalidField;
use super::product::is_text;
use taler::time::{RelativeTime, Timestamp};

/// Most cashiers of a shop who may sign in: their names are one list on a page.
pub(crate) const MAX_CASHIERS: i64 = 100;
/// Most browsers of a shop at which cashiers may sign in.
pub(crate) const MAX_DEVICES: i64 = 100;
/// Longest name of a cashier, in characters.
const MAX_NAME: usize = 80;
/// Fewest and most digits of a PIN.
const PIN_DIGITS: std::ops::RangeInclusive<usize> = 4..=12;
/// Wrong PINs that are free: people mistype.
const FREE: u32 = 5;
/// How long the first wrong PIN beyond these locks the cashier; each further one doubles it.
const FIRST_LOCK_S: u64 = 60;
/// The longest lock: a day.
const LONGEST_LOCK_S: u64 = 86_400;

/// Names one cashier inside the store.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CashierSerial(pub i64);

/// The name of a cashier: 1 to 80 characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CashierName(String);

impl CashierName {
    /// A name.
    ///
    /// # Errors
    /// [`InvalidField`] when it is empty or too long, or has characters that nobody sees.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        let text = text.trim();
        let fits =
            !text.is_empty() && is_text(text, MAX_NAME) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidField("name")) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `text` can be a PIN: 4 to 12 digits.
pub fn is_pin(text: &str) -> bool {
    PIN_DIGITS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A cashier of a shop.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cashier {
    /// Names the cashier in the books.
    pub serial: CashierSerial,
    /// For which shop.
    pub instance: InstanceSerial,
    /// As the shop calls the cashier.
    pub name: String,
    /// Hash of the PIN; `None`: may not sign in any more.
    pub pin_hash: Option<String>,
    /// How often a wrong PIN was typed since the last right one.
    pub wrong_pins: u32,
    /// Until when no PIN is looked at.
    pub locked_until: Option<Timestamp>,
    /// When the shop added the cashier.
    pub created_at: Timestamp,
}

impl Cashier {
    /// How long no PIN is looked at; `None`: one is.
    pub fn lock(&self, now: Timestamp) -> Option<RelativeTime> {
        self.locked_until.filter(|until| *until > now).map(|until| until.saturating_since(now))
    }

    /// Counts an attempt as if its PIN were wrong: how many there are then, and until when no other is looked at. It is
    /// counted before the PIN is looked at, so that attempts at the same time are counted, too.
    pub fn counted(&self, now: Timestamp) -> (u32, Option<Timestamp>) {
        let wrong_pins = self.wrong_pins.saturating_add(1);
        let Some(beyond) = wrong_pins.checked_sub(FREE) else { return (wrong_pins, None) };
        let doubled = 2_u64.saturating_pow(beyond);
        let lock = FIRST_LOCK_S.saturating_mul(doubled).min(LONGEST_LOCK_S);
        let lock = RelativeTime::from_secs(lock).unwrap_or(RelativeTime::ZERO);
        (wrong_pins, Some(now.saturating_add(lock)))
    }
}

/// A browser at which cashiers may sign in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TillDevice {
    /// Names it for the shop.
    pub serial: i64,
    /// What the browser calls itself, shortened.
    pub browser: String,
    /// When it was added.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cashier(wrong_pins: u32) -> Cashier {
        Cashier {
            serial: CashierSerial(1),
            instance: InstanceSerial(1),
            name: "Ada".into(),
            pin_hash: None,
            wrong_pins,
            locked_until: None,
            created_at: Timestamp::ZERO,
        }
    }

    #[test]
    fn pins_are_digits_and_names_are_shown() {
        for good in ["0000", "123456789012"] {
            assert!(is_pin(good), "{good}");
        }
        for bad in ["", "123", "1234567890123", "12a4", "１２３４", " 1234"] {
            assert!(!is_pin(bad), "{bad}");
        }
        assert_eq!(CashierName::parse(" Ada ").unwrap().as_str(), "Ada");
        for bad in ["", " ", "a\nb", &"x".repeat(81)] {
            assert!(CashierName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn each_wrong_pin_beyond_the_free_ones_locks_for_twice_as_long() {
        let now = Timestamp::from_secs(1_000_000).unwrap();
        let lock = |wrong_pins: u32| {
            let (count, until) = cashier(wrong_pins).counted(now);
            assert_eq!(count, wrong_pins.saturating_add(1));
            until.map(|until| until.secs().unwrap() - 1_000_000)
        };
        let locks: Vec<_> = (0..8).map(lock).collect();
        assert_eq!(locks, [None, None, None, None, Some(60), Some(120), Some(240), Some(480)]);
        assert_eq!(
            (lock(14), lock(15), lock(u32::MAX - 1)),
            (Some(61_440), Some(86_400), Some(86_400))
        );
        let locked = Cashier { locked_until: Some(now), ..cashier(5) };
        assert_eq!(locked.lock(now), None);
        let before = Timestamp::from_secs(999_990).unwrap();
        assert_eq!(locked.lock(before), RelativeTime::from_secs(10).ok());
    }
}
