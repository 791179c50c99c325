//! JSON bodies and queries as structs. What is missing or malformed is named by its path, such as
//! `products[2].price`.
//!
//! Members that no struct has are ignored. In the body itself null is as none; deeper down the types
//! say what null is. Objects are read from objects only: what serde derives would take a list as well.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::{Map, Value};

use super::error::Failure;

/// The struct that these members are.
///
/// # Errors
/// [`Failure::Missing`] and [`Failure::Malformed`] with the path of the member.
pub(super) fn body<T: DeserializeOwned>(mut members: Map<String, Value>) -> Result<T, Failure> {
    members.retain(|_, value| !value.is_null());
    Ok(T::deserialize(Node(Value::Object(members)))?)
}

/// The struct that these parameters are; the first one of a name counts, and an empty one is as none.
///
/// # Errors
/// [`Failure::Missing`] and [`Failure::Malformed`] with the parameter's name.
pub(super) fn query<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, Failure> {
    let mut said: Vec<(String, Text)> = Vec::new();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        if !said.iter().any(|(known, _)| known == name) {
            said.push((name.clone(), Text(value.clone())));
        }
    }
    Ok(T::deserialize(MapAccessDeserializer::new(Pairs::new(said.into_iter())))?)
}

/// A member that does not fit.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
enum BadMember {
    /// It is not there; its path.
    #[error("{0} is missing")]
    Missing(String),
    /// It is not what it should be; its path.
    #[error("{0} is malformed")]
    Malformed(String),
}

impl BadMember {
    /// The same, seen from outside of what holds it.
    fn within(self, outer: &str) -> Self {
        let path = |inner: &str| match inner.as_bytes().first() {
            None => outer.to_owned(),
            Some(b'[') => format!("{outer}{inner}"),
            Some(_) => format!("{outer}.{inner}"),
        };
        match self {
            Self::Missing(inner) => Self::Missing(path(&inner)),
            Self::Malformed(inner) => Self::Malformed(path(&inner)),
        }
    }
}

impl de::Error for BadMember {
    fn custom<T: fmt::Display>(_: T) -> Self {
        unreadable()
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name.to_owned())
    }
}

impl From<BadMember> for Failure {
    fn from(bad: BadMember) -> Self {
        match bad {
            BadMember::Missing(path) => Self::Missing(path.into()),
            BadMember::Malformed(path) => Self::Malformed(path),
        }
    }
}

/// The value itself is malformed; what holds it adds the path.
fn unreadable() -> BadMember {
    BadMember::Malformed(String::new())
}

/// A value of a body.
struct Node(Value);

impl<'de> Deserializer<'de> for Node {
    type Error = BadMember;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadMember> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(flag),
            Value::Number(number) => number.deserialize_any(visitor).map_err(de::Error::custom),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter().enumerate())),
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| (name, Node(value)));
                visitor.visit_map(Pairs::new(members))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadMember> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, BadMember> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadMember> {
        match self.0 {
            Value::String(text) => {
                visitor.visit_enum(IntoDeserializer::<BadMember>::into_deserializer(text))
            }
            _ => Err(unreadable()),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadMember> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadMember> {
        match self.0 {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(unreadable()),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct identifier ignored_any
    }
}

/// Named values that are still to be read: the members of an object, or the parameters of a query.
struct Pairs<I, V> {
    rest: I,
    value: Option<(String, V)>,
}

impl<I, V> Pairs<I, V> {
    fn new(rest: I) -> Self {
        Self { rest, value: None }
    }
}

impl<'de, I, V> MapAccess<'de> for Pairs<I, V>
where
    I: Iterator<Item = (String, V)>,
    V: Deserializer<'de, Error = BadMember>,
{
    type Error = BadMember;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, BadMember> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some((name.clone(), value));
        let name: StringDeserializer<BadMember> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, BadMember> {
        let (name, value) = self.value.take().ok_or_else(unreadable)?;
        seed.deserialize(value).map_err(|bad| bad.within(&name))
    }
}

/// The items of a list that are still to be read.
struct Items(std::iter::Enumerate<std::vec::IntoIter<Value>>);

impl<'de> SeqAccess<'de> for Items {
    type Error = BadMember;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, BadMember> {
        let Some((at, item)) = self.0.next() else { return Ok(None) };
        seed.deserialize(Node(item)).map(Some).map_err(|bad| bad.within(&format!("[{at}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// A parameter of a query: text, of which numbers and flags are read as well.
struct Text(String);

/// The flag that the text says: `yes` and `no`, `true` and `false`, `1` and `0`, in any case.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "no" | "false" | "0" => Some(false),
        "yes" | "true" | "1" => Some(true),
        _ => None,
    }
}

impl<'de> Deserializer<'de> for Text {
    type Error = BadMember;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadMember> {
        visitor.visit_string(self.0)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadMember> {
        visitor.visit_bool(flag(&self.0).ok_or_else(unreadable)?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadMember> {
        visitor.visit_i64(self.0.parse().map_err(|_| unreadable())?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadMember> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, BadMember> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadMember> {
        let word: StringDeserializer<BadMember> = self.0.into_deserializer();
        visitor.visit_enum(word)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;
    use taler::amount::Amount;
    use taler::time::Timestamp;

    #[derive(Debug, Deserialize)]
    struct Basket {
        amount: Amount,
        note: Option<String>,
        #[serde(default)]
        products: Vec<Product>,
    }

    #[derive(Debug, Deserialize)]
    struct Product {
        price: Amount,
        until: Option<Timestamp>,
    }

    fn read(body: Value) -> Result<Basket, String> {
        let Value::Object(members) = body else { panic!("an object") };
        super::body(members).map_err(|failure| match failure {
            Failure::Missing(path) => format!("25 {path}"),
            Failure::Malformed(path) => format!("26 {path}"),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn what_is_missing_or_malformed_is_named_by_its_path() {
        let one = json!({ "price": "KUDOS:1" });
        for (body, expected) in [
            (json!({}), "25 amount"),
            (json!({ "amount": null }), "25 amount"),
            (json!({ "amount": 5 }), "26 amount"),
            (json!({ "amount": ["KUDOS:1"] }), "26 amount"),
            (json!({ "amount": "KUDOS:1", "note": 5 }), "26 note"),
            (json!({ "amount": "KUDOS:1", "products": {} }), "26 products"),
            (json!({ "amount": "KUDOS:1", "products": [one, one, {}] }), "25 products[2].price"),
            (
                json!({ "amount": "KUDOS:1", "products": [one, one, { "price": "much" }] }),
                "26 products[2].price",
            ),
            (
                json!({ "amount": "KUDOS:1", "products": [one, { "price": null }] }),
                "26 products[1].price",
            ),
            (json!({ "amount": "KUDOS:1", "products": [["KUDOS:1", null]] }), "26 products[0]"),
            (
                json!({ "amount": "KUDOS:1", "products": [{ "price": "KUDOS:1", "until": [1] }] }),
                "26 products[0].until",
            ),
            (
                json!({ "amount": "KUDOS:1", "products": [{ "price": "KUDOS:1", "until": { "t_s": -1 } }] }),
                "26 products[0].until.t_s",
            ),
        ] {
            assert_eq!(read(body.clone()).unwrap_err(), expected, "{body}");
        }
    }

    #[test]
    fn null_is_as_none_and_unknown_members_are_ignored() {
        let basket = read(json!({
            "amount": "KUDOS:1", "note": null, "products": null, "mine": { "a": [1.5, null] },
        }));
        let basket = basket.unwrap();
        assert_eq!((basket.amount.to_string().as_str(), basket.note), ("KUDOS:1", None));
        let basket = read(json!({
            "amount": "KUDOS:1", "products": [{ "price": "KUDOS:2", "until": null, "mine": 1 }],
        }));
        let product = basket.unwrap().products.pop().unwrap();
        assert_eq!((product.price.to_string().as_str(), product.until), ("KUDOS:2", None));
    }

    #[test]
    fn a_query_is_read_by_its_first_values_that_are_not_empty() {
        #[derive(Debug, Deserialize, PartialEq)]
        struct Wanted {
            limit: Option<i64>,
            #[serde(default)]
            force: bool,
            amount: Amount,
        }
        let read = |text: &str| {
            let pairs = url::form_urlencoded::parse(text.as_bytes()).into_owned();
            let pairs: Vec<_> = pairs.collect();
            query::<Wanted>(&pairs)
        };
        let wanted = read("limit=&limit=-5&limit=x&force=YES&amount=KUDOS:1&mine=1").unwrap();
        assert_eq!((wanted.limit, wanted.force), (Some(-5), true));
        for (text, bad) in [
            ("limit=x&amount=KUDOS:1", "limit"),
            ("limit=99999999999999999999&amount=KUDOS:1", "limit"),
            ("force=maybe&amount=KUDOS:1", "force"),
            ("amount=much", "amount"),
        ] {
            assert!(matches!(read(text), Err(Failure::Malformed(name)) if name == bad), "{text}");
        }
        assert!(matches!(read("limit=5&amount="), Err(Failure::Missing(name)) if name == "amount"));
    }
}
