//! Canonical JSON and contracts: one text for one value, one hash however much is forgotten.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use taler::base32::Bytes;
use taler::{canonical, contract};

fuzz_target!(|text: &str| {
    let Ok(mut value) = canonical::parse(text) else { return };
    if let Ok(canon) = canonical::canonical(&value) {
        let again = canonical::parse(&canon).expect("canonical JSON is JSON");
        assert_eq!(canonical::canonical(&again).as_ref(), Ok(&canon));
    }
    contract::add_salts(&mut value, &mut || Bytes::new([7; 32]));
    if contract::validate(&value).is_err() {
        let _ = contract::contract_hash(&value);
        return;
    }
    let hash = contract::contract_hash(&value).expect("what is valid has a hash");
    let canon = canonical::canonical(&value).expect("and a text");
    assert_eq!(contract::text_hash(&canon), Ok(hash));
    let read = canonical::parse(&canon).expect("which is JSON");
    assert_eq!(contract::contract_hash(&read), Ok(hash));
    let Some(members) = value.as_object() else { return };
    let names: Vec<String> = members.keys().cloned().collect();
    for name in names {
        // What cannot be forgotten stays as it is; either way it is the same contract.
        let before = value.clone();
        match contract::forget(&mut value, &[&name]) {
            Ok(_) => {}
            Err(_) => assert_eq!(value, before),
        }
        assert_eq!(contract::contract_hash(&value), Ok(hash), "{}", Value::from(name));
    }
});
