//! JSON as contracts may hold it, and its one canonical text (crypto 4.1).
//!
//! A contract is signed by its hash, and its hash is that of a text, so merchant, wallet and
//! exchange must write the same text for the same values. They do for whole numbers, plain names
//! and honest strings. Where programs are known to differ (fractions, large integers, a name
//! twice, NUL), the value is refused here before it is signed.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, de};
use serde_json::{Map, Value};

use super::base32::HashCode;
use super::hash;

/// How deep arrays and objects may lie in each other.
pub const MAX_DEPTH: usize = 32;

/// Longest text that is parsed, in bytes; the HTTP layer allows much less.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// What most texts that are written have room in, in bytes.
const USUAL: usize = 2048;

/// Largest integer, either sign: 2^53 − 1, beyond which JavaScript rounds.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// This is no JSON, or none that a contract may hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}", place(.at))]
pub struct BadJson {
    what: String,
    at: String,
}

/// Where it is, if it is within something.
fn place(at: &str) -> String {
    if at.is_empty() { String::new() } else { format!(" at ${at}") }
}

impl BadJson {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), at: String::new() }
    }

    /// The same, seen from one level further out.
    pub(super) fn below(mut self, step: &dyn fmt::Display) -> Self {
        self.at.insert_str(0, &format!(".{step}"));
        self
    }

    /// What is wrong.
    pub fn what(&self) -> &str {
        &self.what
    }
}

/// Reads a JSON text that a contract may hold.
///
/// # Errors
/// When the text is no JSON; for numbers with a dot or an exponent, however they end; for a member
/// that occurs twice; and for everything that [`check`] refuses.
pub fn parse(text: &str) -> Result<Value, BadJson> {
    if text.len() > MAX_TEXT {
        return Err(BadJson::new("the JSON text is too long"));
    }
    if has_fraction(text) {
        return Err(BadJson::new("a number has a dot or an exponent"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let parsed = Strict { depth: 0 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|bad| BadJson::new(bad.to_string()))?;
    check(&parsed)?;
    Ok(parsed)
}

/// Whether a contract may hold this value.
///
/// # Errors
/// For numbers that are no integers within ±(2^53 − 1), NUL in a text, a name with characters
/// outside ASCII (the sort order of such names is disputed), and nesting beyond [`MAX_DEPTH`].
pub fn check(value: &Value) -> Result<(), BadJson> {
    check_at(value, 0)
}

/// The canonical text: no blanks, members sorted by name, only the escapes that are needed.
///
/// # Errors
/// For every value that [`check`] refuses.
pub fn canonical(value: &Value) -> Result<String, BadJson> {
    check(value)?;
    let mut text = Vec::with_capacity(USUAL);
    // Memory takes whatever is written, and what is written is text.
    write_value(&mut text, value).map_err(|bad| BadJson::new(bad.to_string()))?;
    String::from_utf8(text).map_err(|bad| BadJson::new(bad.to_string()))
}

/// The hash of a value: SHA-512 over its canonical text and a NUL byte. So are hashed the
/// restrictions of an account and the data of a wallet (crypto 4.4).
///
/// # Errors
/// For every value that [`check`] refuses.
pub fn json_hash(value: &Value) -> Result<HashCode, BadJson> {
    canonical(value).map(|text| hash::text_hash(&text))
}

fn check_at(value: &Value, depth: usize) -> Result<(), BadJson> {
    if depth > MAX_DEPTH {
        return Err(BadJson::new("objects and arrays are nested too deeply"));
    }
    let deeper = depth.saturating_add(1);
    match value {
        Value::Null | Value::Bool(_) => Ok(()),
        Value::Number(number) => {
            let size = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
            if size.is_some_and(|size| size <= MAX_INTEGER) {
                return Ok(());
            }
            Err(BadJson::new("a number is no integer within 9007199254740991 of zero"))
        }
        Value::String(text) => check_text(text),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(position, item)| {
            check_at(item, deeper).map_err(|bad| bad.below(&position))
        }),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            check_text(name)?;
            if !name.is_ascii() {
                return Err(BadJson::new("a member's name has characters outside ASCII"));
            }
            check_at(member, deeper).map_err(|bad| bad.below(name))
        }),
    }
}

fn check_text(text: &str) -> Result<(), BadJson> {
    if text.contains('\0') { Err(BadJson::new("a text holds U+0000")) } else { Ok(()) }
}

/// Whether a number in this text has a dot or an exponent. The JSON parser cannot tell, for it
/// reads `-0` and `-0.0` as the same; outside strings, dots and an `e` behind a digit occur in
/// numbers only.
fn has_fraction(text: &str) -> bool {
    let (mut in_string, mut escaped, mut after_digit) = (false, false, false);
    for byte in text.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'.' => return true,
            b'e' | b'E' if after_digit => return true,
            _ => {}
        }
        after_digit = byte.is_ascii_digit();
    }
    false
}

fn write_value(out: &mut Vec<u8>, value: &Value) -> serde_json::Result<()> {
    match value {
        // The library writes literals, integers and escapes as the standard wants them.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            serde_json::to_writer(&mut *out, value)?;
        }
        Value::Array(items) => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_value(out, item)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            // Sorted here, because any crate of a build can switch the library's sorting off.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            out.push(b'{');
            for (position, (name, member)) in members.into_iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, name)?;
                out.push(b':');
                write_value(out, member)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// Reads any JSON value, but each member once and no number that is not whole.
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(&self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("objects and arrays are nested too deeply"));
        }
        Ok(Self { depth: self.depth.saturating_add(1) })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that a contract may hold")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        // Fractions are gone by now, so this is `-0`, or an integer beyond 64 bits.
        if number == 0.0 { Ok(0.into()) } else { Err(E::custom("an integer is too large")) }
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self.deeper()?)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom("a member occurs twice"));
            }
            let member = members.next_value_seed(self.deeper()?)?;
            object.insert(name, member);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::vectors;

    #[test]
    fn every_vector_holds() {
        vectors::each(include_str!("../tests/vectors/canonical_json.json"), 53, |entry| {
            let parsed = parse(entry.text("input"));
            match entry.kind() {
                ("", "ok") => {
                    let value = parsed.unwrap_or_else(|_| entry.fails());
                    let text = canonical(&value).unwrap_or_else(|_| entry.fails());
                    assert_eq!(text, entry.text("canonical"), "{}", entry.id());
                    assert_eq!(text.as_bytes(), entry.hex("canonical_utf8_hex"), "{}", entry.id());
                    let hash = json_hash(&value);
                    assert_eq!(hash, Ok(entry.bytes("sha512_with_nul")), "{}", entry.id());
                }
                ("", "reject" | "reject-in-contract") => {
                    assert!(parsed.is_err(), "{}", entry.id());
                }
                _ => entry.unknown(),
            }
        });
    }

    #[test]
    fn a_value_from_elsewhere_is_checked_too() {
        for bad in [
            json!({ "n": 1.5 }),
            json!({ "n": 1.0 }),
            json!({ "n": -0.0 }),
            json!({ "n": 9_007_199_254_740_992_u64 }),
            json!({ "n": -9_007_199_254_740_992_i64 }),
            json!({ "n": u64::MAX }),
            json!({ "s": "a\0" }),
            json!({ "\0": 1 }),
            json!({ "é": 1 }),
        ] {
            assert!(check(&bad).is_err(), "{bad}");
            assert!(canonical(&bad).is_err(), "{bad}");
            assert!(json_hash(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_says_where() {
        let bad = check(&json!({ "a": [0, { "b": 0.5 }] })).unwrap_err();
        assert_eq!(
            bad.to_string(),
            "a number is no integer within 9007199254740991 of zero at $.a.1.b"
        );
        assert!(parse(r#"{"a":1,"b":{"c":2,"c":3}}"#).unwrap_err().to_string().contains("twice"));
    }

    #[test]
    fn fractions_are_found_outside_strings_only() {
        for good in [r#"{"a.5":"1e3 \" 2.5","true":true}"#, r#"["\\","a.b"]"#, "[true,1,false]"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in
            ["-0.0", "-0e0", "0.0", "1E5", r#"["\\",1.0]"#, r#"["\"",1e0]"#, "[1e1]", "1e400"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("-0"), Ok(json!(0)));
    }

    #[test]
    fn nesting_has_a_bound() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert!(parse(&nested(MAX_DEPTH + 1)).is_err());
        assert!(parse(&nested(100_000)).is_err());
        let deep: Value = serde_json::from_str(&nested(MAX_DEPTH + 2)).unwrap();
        assert!(check(&deep).is_err());
    }

    /// Any value that a contract may hold, with names from `names`.
    pub(crate) fn values(names: &'static str) -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
            "[^\\x00]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(names, inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_text_parses_to_the_same_value(value in values("[ -~]{0,4}")) {
            let text = canonical(&value).unwrap();
            let again = parse(&text).unwrap();
            prop_assert_eq!(&again, &value);
            prop_assert_eq!(canonical(&again).unwrap(), text);
            // Neither the order of members nor blanks matter.
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(parse(&pretty).unwrap(), value);
        }

        #[test]
        fn what_parses_is_what_the_library_parses(text in "[\\[\\]{}:,\"0-9.eE+\\-a\\\\ tru]{0,30}") {
            if let Ok(value) = parse(&text) {
                let theirs: Value = serde_json::from_str(&text).unwrap();
                // The one number on which we differ is minus zero.
                prop_assert_eq!(value.to_string(), theirs.to_string().replace("-0.0", "0"));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*", at: prop::sample::Index, with in any::<char>()) {
            let _ = parse(&text);
            let good = r#"{"a":[1,-0,{"b\u0041":"c\\\"\ud83d\ude00"}],"$forgettable":{"a":"x"},"n":null}"#;
            let mut mangled: Vec<char> = good.chars().collect();
            let at = at.index(mangled.len());
            mangled[at] = with;
            let _ = parse(&mangled.into_iter().collect::<String>());
        }
    }
}
