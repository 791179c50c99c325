//! Reads the files of `tests/vectors/` for tests.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::base32::Bytes;

/// One entry of a vector file.
pub(crate) struct Entry(Value);

/// Walks every entry of a file that must hold `count` of them.
///
/// # Panics
/// When the file is no JSON array of `count` objects, so that no entry gets lost silently.
pub(crate) fn each(file: &str, count: usize, test: impl Fn(&Entry)) {
    let entries: Vec<Value> = serde_json::from_str(file).expect("a vector file is a JSON array");
    assert_eq!(entries.len(), count, "entries in the file");
    for entry in entries {
        test(&Entry(entry));
    }
}

impl Entry {
    /// The entry's name, for messages.
    pub(crate) fn id(&self) -> &str {
        self.text("id")
    }

    /// A member, `null` when it is missing.
    pub(crate) fn get(&self, member: &str) -> &Value {
        self.0.get(member).unwrap_or(&Value::Null)
    }

    /// A member that must be a text.
    pub(crate) fn text(&self, member: &str) -> &str {
        self.get(member).as_str().unwrap_or_else(|| panic!("{} has no text {member}", self.0))
    }

    /// A member that must be a whole number.
    pub(crate) fn number(&self, member: &str) -> u64 {
        self.get(member).as_u64().unwrap_or_else(|| panic!("{} has no number {member}", self.0))
    }

    /// A member in lower-case hexadecimal.
    pub(crate) fn hex(&self, member: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(self.text(member).as_bytes()).expect("hexadecimal")
    }

    /// A member in base32.
    pub(crate) fn bytes<const N: usize>(&self, member: &str) -> Bytes<N> {
        self.text(member).parse().unwrap_or_else(|_| panic!("{}: {member}", self.id()))
    }

    /// A member as any type that serde reads.
    pub(crate) fn read<T: DeserializeOwned>(&self, member: &str) -> T {
        serde_json::from_value(self.get(member).clone())
            .unwrap_or_else(|bad| panic!("{}: {member}: {bad}", self.id()))
    }

    /// A time, as the microseconds of signed messages.
    pub(crate) fn micros(&self, member: &str) -> u64 {
        match self.get(member).as_str() {
            Some("never") => u64::MAX,
            Some(_) | None => self.number(member).checked_mul(1_000_000).expect("a time"),
        }
    }

    /// An amount in its binary form.
    pub(crate) fn amount(&self, member: &str) -> [u8; 24] {
        let (currency, number) = self.text(member).split_once(':').expect("an amount");
        let (value, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let value: u64 = value.parse().expect("a value");
        let fraction: u32 = format!("{fraction:0<8}").parse().expect("a fraction");
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&value.to_be_bytes());
        bytes[8..12].copy_from_slice(&fraction.to_be_bytes());
        bytes[12..][..currency.len()].copy_from_slice(currency.as_bytes());
        bytes
    }

    /// A member that is an array of such entries.
    pub(crate) fn entries(&self, member: &str) -> Vec<Self> {
        self.read::<Vec<Value>>(member).into_iter().map(Self).collect()
    }

    /// `op` and `expect` together, to be matched without a catch-all that skips.
    pub(crate) fn kind(&self) -> (&str, &str) {
        (self.get("op").as_str().unwrap_or_default(), self.text("expect"))
    }

    /// Fails if the entry is of some kind, in a file that has but one.
    pub(crate) fn of_the_only_kind(&self) {
        assert!(self.get("op").is_null(), "{}: unknown kind {:?}", self.id(), self.kind());
    }

    /// Fails: what must succeed did not.
    pub(crate) fn fails(&self) -> ! {
        panic!("{}: refused what must succeed: {}", self.id(), self.text("note"))
    }

    /// Fails: the test does not know this kind of entry.
    pub(crate) fn unknown(&self) -> ! {
        panic!("{}: unknown kind {:?}", self.id(), self.kind())
    }
}
