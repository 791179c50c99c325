//! Objects of JSON are read from objects only, and their kinds from words only. What serde derives would
//! take a list as well, its items for the members in their order, and the number of a variant for its
//! name, and so accept input by mistake.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A reader that hands out nothing but members.
pub struct Members<D>(pub D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Members<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A reader that hands out nothing but members, and of the member `tag` nothing but a text.
pub struct Tagged<D>(pub D, pub &'static str);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Tagged<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(TaggedVisitor(visitor, self.1))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct TaggedVisitor<V>(V, &'static str);

impl<'de, V: Visitor<'de>> Visitor<'de> for TaggedVisitor<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<M: MapAccess<'de>>(self, members: M) -> Result<V::Value, M::Error> {
        self.0.visit_map(TaggedMembers { members, tag: self.1, is_tag: false })
    }
}

struct TaggedMembers<M> {
    members: M,
    tag: &'static str,
    is_tag: bool,
}

impl<'de, M: MapAccess<'de>> MapAccess<'de> for TaggedMembers<M> {
    type Error = M::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, M::Error> {
        let Some(name) = self.members.next_key::<String>()? else { return Ok(None) };
        self.is_tag = name == self.tag;
        seed.deserialize(StringDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, M::Error> {
        if self.is_tag {
            self.members.next_value_seed(TextOnly(seed))
        } else {
            self.members.next_value_seed(seed)
        }
    }
}

/// Reads a text and hands it on.
struct TextOnly<S>(S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for TextOnly<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(StringDeserializer::new(String::deserialize(reader)?))
    }
}

/// Has a type read from objects only. What it derives is `#[serde(remote = "Self")]`.
#[macro_export]
macro_rules! object {
    ($name:ty) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                Self::deserialize($crate::object::Members(reader))
            }
        }
    };
    ($name:ty, written) => {
        $crate::object::object!($name);
        $crate::object::object!(@write $name);
    };
    // An enum whose kind is in the member `tag`.
    ($name:ty, tag $tag:literal, written) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                Self::deserialize($crate::object::Tagged(reader, $tag))
            }
        }
        $crate::object::object!(@write $name);
    };
    (@write $name:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, writer)
            }
        }
    };
}

pub use object;
