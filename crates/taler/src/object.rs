//! Objects of JSON are read from objects only. What serde derives would take a list as well, its items
//! for the members in their order, and so accept input by mistake.

use serde::Deserializer;
use serde::de::Visitor;

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

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, writer)
            }
        }
    };
}

pub use object;
