//! The shop's logo, of which every contract has a copy, is stored once and not in each order's row:
//! it is taken out of the terms when they are stored, and put in again when they are read. To every
//! caller the terms are what they always were, byte for byte, for the wallet has hashed them.

use std::borrow::Cow;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;

/// Shorter logos, in bytes, stay where they are: a row of their own would not be smaller.
const SHORTEST: usize = 256;

/// Terms without their logo.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Apart<'a> {
    /// The terms, with an empty logo.
    rest: String,
    /// What stood between the logo's quotes.
    logo: &'a str,
    /// Where, in bytes.
    at: usize,
}

/// Takes the logo out of `terms`; `None` when there is none that is worth it. Whatever `terms` are,
/// [`together`] makes them again of what comes of this.
fn apart(terms: &str) -> Option<Apart<'_>> {
    #[derive(Deserialize)]
    struct Terms<'a> {
        #[serde(borrow)]
        merchant: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Merchant<'a> {
        #[serde(borrow)]
        logo: &'a RawValue,
    }
    // Most shops have no logo, and then there is nothing to be read.
    if terms.len() < SHORTEST || !terms.contains("\"logo\"") {
        return None;
    }
    let merchant = serde_json::from_str::<Terms<'_>>(terms).ok()?.merchant.get();
    let logo = serde_json::from_str::<Merchant<'_>>(merchant).ok()?.logo.get();
    let logo = logo.strip_prefix('"')?.strip_suffix('"')?;
    let at = logo.as_ptr().addr().checked_sub(terms.as_ptr().addr())?;
    let (before, after) = (terms.get(..at)?, terms.get(at.checked_add(logo.len())?..)?);
    (logo.len() >= SHORTEST).then(|| Apart { rest: [before, after].concat(), logo, at })
}

/// Puts `logo` into terms that it was taken out of; `None` when it cannot have stood there.
fn together(rest: &str, logo: &str, at: usize) -> Option<String> {
    let (before, after) = rest.split_at_checked(at)?;
    Some([before, logo, after].concat())
}

/// Terms as they are in an order's row.
pub(super) struct Stored<'a> {
    pub(super) terms: Cow<'a, str>,
    pub(super) logo_serial: Option<i64>,
    pub(super) logo_at: Option<i64>,
}

/// Makes `terms` ready for an order's row; the logo gets a row of its own, if it has none yet.
pub(super) fn store<'a>(
    tx: &Tx<'_>,
    instance: InstanceSerial,
    terms: &'a str,
) -> Result<Stored<'a>> {
    let whole = || Stored { terms: terms.into(), logo_serial: None, logo_at: None };
    let Some(Apart { rest, logo, at }) = apart(terms) else { return Ok(whole()) };
    let Ok(at) = i64::try_from(at) else { return Ok(whole()) };
    let hash: [u8; 32] = Sha256::digest(logo).into();
    let mut find = tx.prepare_cached(sql!("logos/find"))?;
    let mut find = || {
        let params = named_params! { ":instance": instance, ":hash": hash };
        find.query_row(params, |row| row.get::<_, i64>(0)).optional()
    };
    let mut logo_serial = find()?;
    if logo_serial.is_none() {
        tx.prepare_cached(sql!("logos/insert"))?
            .execute(named_params! { ":instance": instance, ":hash": hash, ":text": logo })?;
        logo_serial = find()?;
    }
    Ok(Stored { terms: rest.into(), logo_serial, logo_at: Some(at) })
}

/// The terms of the order in `row`, which has `terms`, `logo_at` and `logo`.
pub(super) fn terms(row: &Row<'_>) -> rusqlite::Result<String> {
    let terms: String = row.get("terms")?;
    let Some(at) = row.get::<_, Option<i64>>("logo_at")? else { return Ok(terms) };
    let logo: Option<String> = row.get("logo")?;
    let whole = logo.and_then(|logo| together(&terms, &logo, usize::try_from(at).ok()?));
    whole.ok_or_else(|| {
        let missing = "the logo of a contract is gone, or cannot have stood there";
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, missing.into())
    })
}

/// Whether there are logos that no order's terms contain any more.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn has_unused(db: &Connection) -> Result<bool> {
    Ok(db.prepare_cached(sql!("logos/unused"))?.exists([])?)
}

/// Deletes logos that no order's terms contain any more.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete_unused(tx: &Tx<'_>) -> Result<()> {
    tx.prepare_cached(sql!("logos/delete_unused"))?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::model::order::NewOrder;
    use crate::store::tests::{fixture, order};
    use crate::store::{Error, Options, check, orders};
    use taler::canonical::canonical;
    use taler::contract::text_hash;

    /// Texts with all that JSON must escape, and with what looks like the end of a logo.
    fn text(longest: usize) -> impl Strategy<Value = String> {
        let odd = "[a-z/+=\\\\\"\n\u{1}\u{7f}äß€😀]{0,40}";
        (odd, 0..longest, odd).prop_map(|(begin, count, end)| begin + &"x".repeat(count) + &end)
    }

    fn contract() -> impl Strategy<Value = Value> {
        let logo = prop_oneof![
            4 => text(2_000).prop_map(Value::from),
            1 => Just(Value::Null),
            1 => Just(json!(["\"logo\":", "x".repeat(400)])),
        ];
        let merchant = (logo, text(10), text(400)).prop_map(
            |(logo, name, other)| json!({ "logo": logo, "name": name, "zz": { "logo": other } }),
        );
        let merchant = prop_oneof![4 => merchant, 1 => text(400).prop_map(Value::from)];
        (merchant, text(300), text(300)).prop_map(|(merchant, logo, summary)| {
            json!({ "merchant": merchant, "logo": logo, "summary": summary, "a": { "merchant": { "logo": summary } } })
        })
    }

    proptest! {
        #[test]
        fn terms_are_the_same_bytes_again_and_have_the_same_hash(contract in contract()) {
            let terms = canonical(&contract).unwrap();
            let hash = text_hash(&terms);
            if let Some(apart) = apart(&terms) {
                prop_assert!(apart.rest.len() + SHORTEST <= terms.len());
                // It is still JSON for every reader.
                let rest: Value = serde_json::from_str(&apart.rest).unwrap();
                prop_assert_eq!(&rest["merchant"]["logo"], "");
                let again = together(&apart.rest, apart.logo, apart.at).unwrap();
                prop_assert_eq!(&again, &terms);
                prop_assert_eq!(text_hash(&again), hash);
            } else {
                let logo = contract["merchant"]["logo"].as_str().unwrap_or_default();
                prop_assert!(serde_json::to_string(logo).unwrap().len() < SHORTEST + 2);
            }
        }

        #[test]
        fn no_text_is_changed_or_stops_it(terms in ".{0,600}", logo in text(400)) {
            for text in [terms.clone(), format!("{{\"merchant\":{{\"logo\":\"{logo}\"}}}}{terms}")] {
                if let Some(apart) = apart(&text) {
                    prop_assert_eq!(together(&apart.rest, apart.logo, apart.at), Some(text.clone()));
                }
            }
        }
    }

    fn order_with(name: &str, logo: &str) -> NewOrder {
        let terms = json!({ "merchant": { "logo": logo }, "order_id": name });
        NewOrder { terms: canonical(&terms).unwrap(), ..order(name) }
    }

    #[actix_web::test]
    async fn a_logo_is_kept_as_long_as_an_order_has_it() {
        let f = fixture(Options::default()).await;
        let instance = f.instance;
        let (old, new) = ("old ".repeat(500), "new ".repeat(500));
        let made = [
            order_with("A", &old),
            order_with("B", &old),
            order_with("C", &new),
            order_with("D", "short"),
        ];
        let wanted = made.clone();
        f.store
            .write::<(), Error>(move |tx| {
                for order in &made {
                    assert!(orders::insert(tx, instance, order)?);
                }
                Ok(())
            })
            .await
            .unwrap();
        let logos = || {
            let count = "SELECT count(*) FROM logos";
            let count = |db: &crate::store::Read<'_>| {
                Ok(db.query_row(count, [], |row| row.get::<_, i64>(0))?)
            };
            f.store.read_in_place::<_, Error>(count).unwrap()
        };
        for order in &wanted {
            let there =
                f.store.read_in_place(|db| orders::find(db, instance, &order.order_id)).unwrap();
            let terms =
                f.store.read_in_place(|db| orders::terms(db, there.unwrap().serial)).unwrap();
            assert_eq!(terms, order.terms);
        }
        assert_eq!((logos(), f.store.read_in_place(|db| has_unused(db)).unwrap()), (2, false));
        for (name, left) in [("A", 2), ("C", 1), ("B", 0)] {
            let delete = move |tx: &mut Tx<'_>| {
                let order = orders::find(tx, instance, &name.parse().unwrap())?.unwrap();
                orders::delete(tx, &order)
            };
            f.store.write(delete).await.unwrap();
            assert_eq!(
                f.store.read_in_place(|db| has_unused(db)).unwrap(),
                logos() > left,
                "{name}"
            );
            f.store.write(|tx| delete_unused(tx)).await.unwrap();
            assert_eq!(logos(), left, "{name}");
        }
    }

    #[actix_web::test]
    async fn a_logo_that_is_gone_is_found_by_a_check() {
        let f = fixture(Options::default()).await;
        let (instance, order) = (f.instance, order_with("A", &"x".repeat(500)));
        f.store.write(move |tx| orders::insert(tx, instance, &order)).await.unwrap();
        assert_eq!(check(&f.store).unwrap(), [""; 0]);
        let db = Connection::open(f.store.path()).unwrap();
        db.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM logos").unwrap();
        let found = check(&f.store).unwrap();
        assert!(
            found.contains(&"order A has a contract with another hash".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn a_place_that_is_none_is_told() {
        assert_eq!(together("{}", "x", 3), None);
        assert_eq!(together("ä", "x", 1), None);
    }
}
