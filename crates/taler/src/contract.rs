//! The hash of a contract, and the parts of a contract that can be forgotten (crypto 4.2, 4.3).
//!
//! A shop may mark members of its contract as forgettable. Each gets a random salt; forgetting it
//! leaves only a salted hash of what was there. The contract's hash is taken with everything
//! forgotten that can be, and so does not depend on what was forgotten.

use serde_json::{Map, Value};

use super::base32::{Bytes, HashCode};
use super::canonical::{self, BadJson};
use super::{hash, kdf};

/// Names, for members of the same object, the salts of those that can be forgotten.
const FORGETTABLE: &str = "$forgettable";

/// Names the hashes of members that were forgotten.
const FORGOTTEN: &str = "$forgotten";

/// Members that every object of JavaScript has. Wallets in that language take one of these for a member
/// that is there, and then compute another hash of a contract in which it is forgettable.
const OF_EVERY_OBJECT: &[&str] = &[
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// The hash of a contract, which all its signatures cover.
///
/// ```
/// let contract = taler::canonical::parse(r#"{ "amount": "EUR:1", "summary": "x" }"#);
/// let hash = taler::contract::contract_hash(&contract.unwrap()).unwrap();
/// assert!(hash.to_string().starts_with("ASZXED7Q1NWHMF9XF5PXQR9K719R969WQ4DDWYHA2KF8CE9NH6VD4"));
/// ```
///
/// # Errors
/// For values that [`canonical::check`] refuses, and when a salt is not a text.
pub fn contract_hash(contract: &Value) -> Result<HashCode, BadJson> {
    // Most contracts have nothing that can be forgotten, and then are as they are when scrubbed.
    if !has_forgettable(contract) {
        return canonical::json_hash(contract);
    }
    canonical::canonical(&scrub(contract)?).map(|text| hash::text_hash(&text))
}

/// The same of a contract that is canonical text already, for less.
///
/// # Errors
/// As [`contract_hash`], which this says of the text only if something in it can be forgotten.
pub fn text_hash(contract: &str) -> Result<HashCode, BadJson> {
    // A name is where it stands in quotes. So is a text; then nothing but time is lost.
    let has = |name: &str| contract.contains(&format!("\"{name}\""));
    match has(FORGETTABLE) || has(FORGOTTEN) {
        true => contract_hash(&canonical::parse(contract)?),
        false => Ok(hash::text_hash(contract)),
    }
}

/// Whether there is any member, on any level, that rules forgetting.
fn has_forgettable(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, member)| {
            name == FORGETTABLE || name == FORGOTTEN || has_forgettable(member)
        }),
        Value::Array(items) => items.iter().any(has_forgettable),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The value with everything forgotten that can be, on all levels.
///
/// # Errors
/// As [`contract_hash`].
pub fn scrub(value: &Value) -> Result<Value, BadJson> {
    canonical::check(value)?;
    scrub_value(value)
}

/// The hash that stands for a forgotten value. It covers the salt's text, not the bytes that the
/// text may encode.
///
/// # Errors
/// As [`contract_hash`].
pub fn member_hash(value: &Value, salt: &str) -> Result<HashCode, BadJson> {
    let text = canonical::canonical(&scrub(value)?)?;
    let salt = [salt.as_bytes(), &[0]].concat();
    let text = [text.as_bytes(), &[0]].concat();
    Ok(HashCode::new(kdf::hkdf(&salt, &text, b"")))
}

/// What came of the wish to forget a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgot {
    /// It was there, and is forgotten now.
    Now,
    /// It was forgotten before, or lay in something that was.
    Before,
    /// There is no such member.
    Nothing,
}

/// Forgets one member: `path` names it from the outermost object on, by member names and
/// positions in arrays. The contract's hash does not change.
///
/// # Errors
/// When the member cannot be forgotten, and as [`contract_hash`]; the value is unchanged then.
pub fn forget(value: &mut Value, path: &[&str]) -> Result<Forgot, BadJson> {
    canonical::check(value)?;
    let Some((step, rest)) = path.split_first() else {
        return Err(BadJson::new("a contract cannot be forgotten as a whole"));
    };
    forget_at(value, step, rest)
}

/// Gives a salt to every member that is marked forgettable with `true`, as shops write it in
/// orders. Must happen once, before the first hash; `fresh` gives 32
/// random bytes with each call.
pub fn add_salts(value: &mut Value, fresh: &mut dyn FnMut() -> Bytes<32>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if name != FORGETTABLE {
                    add_salts(member, fresh);
                    continue;
                }
                for salt in member.as_object_mut().into_iter().flat_map(Map::values_mut) {
                    if *salt == Value::Bool(true) {
                        *salt = fresh().to_string().into();
                    }
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| add_salts(item, fresh)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether all wallets can handle this contract's names and forgettable members.
///
/// # Errors
/// For values that [`canonical::check`] refuses; for names with other characters than letters,
/// digits and `_`; for a salt that is no text or belongs to no member, or to one that is called like a
/// member that JavaScript gives to every object; for a forgotten member that is still there or whose
/// hash is none.
pub fn validate(value: &Value) -> Result<(), BadJson> {
    canonical::check(value)?;
    validate_value(value)
}

fn scrub_value(value: &Value) -> Result<Value, BadJson> {
    match value {
        Value::Object(members) => scrub_object(members).map(Value::Object),
        Value::Array(items) => {
            let scrubbed = items
                .iter()
                .enumerate()
                .map(|(position, item)| scrub_value(item).map_err(|bad| bad.below(&position)));
            scrubbed.collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
    }
}

fn scrub_object(members: &Map<String, Value>) -> Result<Map<String, Value>, BadJson> {
    let salts = special(members, FORGETTABLE)?;
    let mut forgotten = special(members, FORGOTTEN)?.cloned();
    let mut scrubbed = Map::new();
    for (name, member) in members {
        if name == FORGETTABLE || name == FORGOTTEN {
            continue;
        }
        let Some(salt) = salts.and_then(|salts| salts.get(name)) else {
            let member = scrub_value(member).map_err(|bad| bad.below(name))?;
            scrubbed.insert(name.clone(), member);
            continue;
        };
        let salt = salt.as_str().ok_or_else(|| no_salt().below(name))?;
        let hashes = forgotten.get_or_insert_default();
        if !hashes.contains_key(name) {
            let hash = member_hash(member, salt).map_err(|bad| bad.below(name))?;
            hashes.insert(name.clone(), hash.to_string().into());
        }
    }
    if let Some(forgotten) = forgotten {
        scrubbed.insert(FORGOTTEN.to_owned(), Value::Object(forgotten));
    }
    Ok(scrubbed)
}

fn forget_at(value: &mut Value, step: &str, rest: &[&str]) -> Result<Forgot, BadJson> {
    if let Value::Object(members) = &*value
        && special(members, FORGOTTEN)?.is_some_and(|hashes| hashes.contains_key(step))
        && !members.contains_key(step)
    {
        return Ok(Forgot::Before);
    }
    if let Some((next, rest)) = rest.split_first() {
        let inner = match value {
            Value::Object(members) => members.get_mut(step),
            Value::Array(items) => {
                step.parse::<usize>().ok().and_then(|position| items.get_mut(position))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        let Some(inner) = inner else { return Ok(Forgot::Nothing) };
        return forget_at(inner, next, rest).map_err(|bad| bad.below(&step));
    }
    let Value::Object(members) = value else {
        return Err(BadJson::new("only members of objects can be forgotten").below(&step));
    };
    forget_member(members, step).map_err(|bad| bad.below(&step))
}

fn forget_member(members: &mut Map<String, Value>, name: &str) -> Result<Forgot, BadJson> {
    let Some(member) = members.get(name) else { return Ok(Forgot::Nothing) };
    let salt = special(members, FORGETTABLE)?
        .and_then(|salts| salts.get(name))
        .ok_or_else(|| BadJson::new("the member cannot be forgotten"))?;
    let hash = member_hash(member, salt.as_str().ok_or_else(no_salt)?)?;
    members.remove(name);
    if let Some(Value::Object(salts)) = members.get_mut(FORGETTABLE) {
        salts.remove(name);
        if salts.is_empty() {
            members.remove(FORGETTABLE);
        }
    }
    let forgotten = members.entry(FORGOTTEN).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(hashes) = forgotten
        && !hashes.contains_key(name)
    {
        hashes.insert(name.to_owned(), hash.to_string().into());
    }
    Ok(Forgot::Now)
}

fn validate_value(value: &Value) -> Result<(), BadJson> {
    match value {
        Value::Object(members) => validate_object(members),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(position, item)| {
            validate_value(item).map_err(|bad| bad.below(&position))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn validate_object(members: &Map<String, Value>) -> Result<(), BadJson> {
    for (name, salt) in special(members, FORGETTABLE)?.into_iter().flatten() {
        if !salt.is_string() {
            return Err(no_salt().below(name));
        }
        if !members.contains_key(name) {
            return Err(BadJson::new("a salt belongs to no member").below(name));
        }
        if OF_EVERY_OBJECT.contains(&name.as_str()) {
            return Err(BadJson::new("wallets cannot forget a member of this name").below(name));
        }
    }
    for (name, hash) in special(members, FORGOTTEN)?.into_iter().flatten() {
        if hash.as_str().is_none_or(|hash| HashCode::parse(hash).is_err()) {
            return Err(BadJson::new("the hash of a forgotten member is none").below(name));
        }
        if members.contains_key(name) {
            return Err(BadJson::new("a forgotten member is still there").below(name));
        }
    }
    for (name, member) in members {
        if name == FORGETTABLE || name == FORGOTTEN {
            continue;
        }
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(
                BadJson::new("a name has other characters than a-z, A-Z, 0-9 and _").below(name)
            );
        }
        validate_value(member).map_err(|bad| bad.below(name))?;
    }
    Ok(())
}

/// One of the two objects that rule forgetting, if it is there.
fn special<'a>(
    members: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, BadJson> {
    let Some(object) = members.get(name) else { return Ok(None) };
    let object = object.as_object().ok_or_else(|| BadJson::new("is not an object").below(&name))?;
    if object.keys().any(|name| name == FORGETTABLE || name == FORGOTTEN) {
        return Err(BadJson::new("cannot be about itself").below(&name));
    }
    Ok(Some(object))
}

fn no_salt() -> BadJson {
    BadJson::new("the salt of a forgettable member is no text")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::vectors::{self, Entry};

    #[test]
    fn every_vector_holds() {
        vectors::each(include_str!("../tests/vectors/contract_hash.json"), 39, |entry| {
            let parsed = || canonical::parse(entry.text("contract_text"));
            match entry.kind() {
                ("hash", "ok") => {
                    let contract = parsed().unwrap_or_else(|_| entry.fails());
                    assert_eq!(&contract, entry.get("contract"), "{}", entry.id());
                    let text = canonical::canonical(&contract).unwrap();
                    let hash = entry.bytes("h_contract_terms");
                    assert_eq!(text_hash(&text), Ok(hash), "{}", entry.id());
                    let scrubbed = scrub(&contract).and_then(|bare| canonical::canonical(&bare));
                    assert_eq!(
                        scrubbed.unwrap(),
                        entry.text("scrubbed_canonical"),
                        "{}",
                        entry.id()
                    );
                    assert_eq!(
                        hash_of(&contract),
                        entry.bytes("h_contract_terms"),
                        "{}",
                        entry.id()
                    );
                    if !entry.get("differs_from").is_null() {
                        assert_ne!(
                            hash_of(&contract),
                            entry.bytes("differs_from"),
                            "{}",
                            entry.id()
                        );
                    }
                }
                ("hash", "error") => {
                    let hash = parsed().and_then(|contract| contract_hash(&contract));
                    assert!(hash.is_err(), "{}", entry.id());
                }
                ("forget", "ok") => forgets(entry),
                ("member_hash", "ok") => {
                    let hash = member_hash(entry.get("value"), entry.text("salt"));
                    assert_eq!(hash, Ok(entry.bytes("forgotten")), "{}", entry.id());
                }
                ("validate", "ok") => {
                    assert_eq!(
                        parsed().and_then(|value| validate(&value)),
                        Ok(()),
                        "{}",
                        entry.id()
                    );
                }
                ("validate", "error") => {
                    let valid = parsed().and_then(|value| validate(&value));
                    assert!(valid.is_err(), "{}", entry.id());
                }
                _ => entry.unknown(),
            }
        });
    }

    fn forgets(entry: &Entry) {
        let mut contract = entry.get("contract").clone();
        let hash = entry.bytes("h_contract_terms");
        assert_eq!(hash_of(&contract), hash, "{}", entry.id());
        for path in entry.read::<Vec<String>>("forget_paths") {
            let path: Vec<_> = path.split('.').collect();
            let forgot = forget(&mut contract, &path).unwrap_or_else(|_| entry.fails());
            assert_ne!(forgot, Forgot::Nothing, "{}", entry.id());
            assert_eq!(hash_of(&contract), hash, "{}", entry.id());
        }
        assert_eq!(&contract, entry.get("after"), "{}", entry.id());
        assert_eq!(canonical::parse(entry.text("after_text")), Ok(contract), "{}", entry.id());
        let valid = validate(entry.get("after")).is_ok();
        assert_eq!(valid, entry.read::<bool>("valid_after"), "{}", entry.id());
    }

    fn hash_of(contract: &Value) -> HashCode {
        contract_hash(contract).unwrap()
    }

    #[test]
    fn what_cannot_be_forgotten_stays() {
        let contract = json!({ "a": 1, "b": [{ "c": 2 }], "$forgettable": { "a": "s" } });
        let tried = |path: &[&str]| {
            let mut value = contract.clone();
            let forgot = forget(&mut value, path);
            assert_eq!(value, contract, "{path:?}");
            forgot
        };
        for path in [&["b"][..], &["b", "0"], &["b", "0", "c"], &[]] {
            assert!(tried(path).is_err(), "{path:?}");
        }
        for path in [&["x"][..], &["x", "y"], &["b", "1", "c"], &["b", "x", "c"]] {
            assert_eq!(tried(path), Ok(Forgot::Nothing), "{path:?}");
        }
    }

    #[test]
    fn what_is_forgotten_cannot_be_forgotten_again() {
        let mut value = json!({ "a": { "b": 1 }, "$forgettable": { "a": "s" } });
        assert_eq!(forget(&mut value, &["a"]), Ok(Forgot::Now));
        let once = value.clone();
        assert_eq!(forget(&mut value, &["a"]), Ok(Forgot::Before));
        assert_eq!(forget(&mut value, &["a", "b"]), Ok(Forgot::Before));
        assert_eq!(value, once);
    }

    #[test]
    fn a_hash_that_stands_already_is_never_computed_again() {
        let hash = HashCode::ZERO.to_string();
        let value = json!({ "a": 1, "$forgettable": { "a": "s" }, "$forgotten": { "a": hash } });
        let bare = json!({ "$forgotten": { "a": hash } });
        assert_eq!(scrub(&value), Ok(bare.clone()));
        let mut forgetting = value;
        assert_eq!(forget(&mut forgetting, &["a"]), Ok(Forgot::Now));
        assert_eq!(forgetting, bare);
    }

    #[test]
    fn the_rulers_of_forgetting_are_objects_about_others() {
        for bad in [
            json!({ "$forgettable": 1 }),
            json!({ "$forgotten": [] }),
            json!({ "$forgettable": { "$forgotten": "s" }, "$forgotten": {} }),
            json!({ "x": [{ "$forgettable": { "$forgettable": "s" } }] }),
        ] {
            assert!(contract_hash(&bad).is_err(), "{bad}");
            assert!(validate(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_every_object_of_javascript_has_cannot_be_forgettable() {
        for name in OF_EVERY_OBJECT {
            let plain = json!({ *name: 1 });
            assert_eq!(validate(&plain), Ok(()), "{name}");
            let mut contract = json!({ "extra": plain });
            contract["extra"]["$forgettable"] = json!({ *name: "salt" });
            assert!(validate(&contract).is_err(), "{name}");
        }
        let fine = json!({ "prototype": 1, "$forgettable": { "prototype": "salt" } });
        assert_eq!(validate(&fine), Ok(()));
    }

    #[test]
    fn marks_become_salts_once() {
        let mut contract = json!({
            "a": 1,
            "b": [{ "c": 2, "$forgettable": { "c": true } }],
            "$forgettable": { "a": true, "b": "given" },
        });
        let mut count = 0;
        let mut fresh = || {
            count += 1;
            Bytes::new([count; 32])
        };
        assert!(contract_hash(&contract).is_err());
        add_salts(&mut contract, &mut fresh);
        let salted = contract.clone();
        add_salts(&mut contract, &mut fresh);
        assert_eq!(contract, salted);
        assert_eq!(count, 2);
        assert_eq!(contract["$forgettable"]["b"], "given");
        assert_eq!(contract["$forgettable"]["a"].as_str().map(str::len), Some(52));
        assert_eq!(validate(&contract), Ok(()));
        assert!(contract_hash(&contract).is_ok());
    }

    proptest! {
        #[test]
        fn forgetting_never_changes_the_hash(
            value in canonical::tests::values("[a-z]{1,2}"),
            marked: u64,
            forgotten: u64,
        ) {
            let mut contract = json!({ "top": value });
            let mut paths = Vec::new();
            mark(&mut contract, &mut Vec::new(), &mut paths, &mut marked.clone());
            prop_assert_eq!(validate(&contract), Ok(()));
            let hash = hash_of(&contract);
            let bare = scrub(&contract).unwrap();
            prop_assert_eq!(hash_of(&bare), hash);
            prop_assert_eq!(scrub(&bare).unwrap(), bare);
            for (position, path) in paths.iter().enumerate() {
                if forgotten.rotate_left(u32::try_from(position).unwrap()) & 1 == 1 {
                    let path: Vec<_> = path.iter().map(String::as_str).collect();
                    prop_assert!(matches!(forget(&mut contract, &path), Ok(Forgot::Now | Forgot::Before)));
                    prop_assert_eq!(validate(&contract), Ok(()));
                    prop_assert_eq!(hash_of(&contract), hash);
                }
            }
        }

        #[test]
        fn no_value_panics(text in "[\\[\\]{}:,\"a$]{0,20}", value in canonical::tests::values("\\$forgettable|\\$forgotten|[a-b]")) {
            for mut value in [serde_json::from_str(&text).unwrap_or_default(), value] {
                let _ = (contract_hash(&value), scrub(&value), validate(&value));
                let _ = forget(&mut value, &["a"]);
                add_salts(&mut value, &mut || Bytes::ZERO);
            }
        }
    }

    /// Marks members as forgettable, by the bits of `marks`, and collects where they are.
    fn mark(
        value: &mut Value,
        at: &mut Vec<String>,
        paths: &mut Vec<Vec<String>>,
        marks: &mut u64,
    ) {
        match value {
            Value::Array(items) => {
                for (position, item) in items.iter_mut().enumerate() {
                    at.push(position.to_string());
                    mark(item, at, paths, marks);
                    at.pop();
                }
            }
            Value::Object(members) => {
                let mut salts = Map::new();
                for (name, member) in members.iter_mut() {
                    at.push(name.clone());
                    mark(member, at, paths, marks);
                    *marks = marks.rotate_left(1);
                    if *marks & 1 == 1 {
                        salts.insert(name.clone(), format!("salt of {name}").into());
                        paths.push(at.clone());
                    }
                    at.pop();
                }
                if !salts.is_empty() {
                    members.insert(FORGETTABLE.to_owned(), salts.into());
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
