//! serde on the way in. Without attachments this is `serde_json` on the slice; with them, a wrapper
//! around it that hands an attachment to whatever asks for bytes where its placeholder stands.
//!
//! Types that ask for nothing in particular (`serde_json::Value`, untagged enums, flattened fields) see
//! the placeholder object itself.

use super::super::args::{ArgError, Args};
use bytes::Bytes;
use serde::de::value::UnitDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer,
    MapAccess, SeqAccess, VariantAccess, Visitor,
};
use std::fmt;

/// Decodes one argument.
#[inline]
pub(crate) fn from_json<T: DeserializeOwned>(json: &str, attachments: &[Bytes]) -> serde_json::Result<T> {
    if attachments.is_empty() {
        return serde_json::from_str(json);
    }
    let mut json = serde_json::Deserializer::from_str(json);
    T::deserialize(Attached { inner: &mut json, attachments })
}

/// Decodes an argument that is not there.
pub(crate) fn from_absent<T: DeserializeOwned>() -> Option<T> {
    let absent: UnitDeserializer<de::value::Error> = ().into_deserializer();
    T::deserialize(absent).ok()
}

/// Decodes all arguments as one value.
pub(crate) fn all<T: DeserializeOwned>(args: &Args<'_>) -> Result<T, ArgError> {
    T::deserialize(All { args })
}

impl de::Error for ArgError {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::Shape { reason: reason.to_string() }
    }
}

/// The arguments as a sequence.
struct All<'r, 'a> {
    args: &'r Args<'a>,
}

impl<'de> Deserializer<'de> for All<'_, 'de> {
    type Error = ArgError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        visitor.visit_seq(AllAccess { args: self.args, next: 0, len: self.args.len() })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ArgError> {
        visitor.visit_seq(AllAccess { args: self.args, next: 0, len })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ArgError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit_struct seq map struct enum identifier ignored_any
    }
}

struct AllAccess<'r, 'a> {
    args: &'r Args<'a>,
    next: usize,
    /// Elements that the type takes; absent arguments up to here are `null`.
    len: usize,
}

impl<'de> SeqAccess<'de> for AllAccess<'_, 'de> {
    type Error = ArgError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ArgError> {
        let index = self.next;
        if index >= self.len {
            return Ok(None);
        }
        self.next = index.saturating_add(1);
        let Some(json) = self.args.get(index) else {
            let absent: UnitDeserializer<de::value::Error> = ().into_deserializer();
            return seed.deserialize(absent).map(Some).map_err(|_| ArgError::Missing { index });
        };
        let mut json = serde_json::Deserializer::from_str(json);
        let attachments = self.args.attachments();
        let element = if attachments.is_empty() {
            seed.deserialize(&mut json)
        } else {
            seed.deserialize(Attached { inner: &mut json, attachments })
        };
        element.map(Some).map_err(|error| ArgError::Invalid { index, reason: error.to_string() })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.len.saturating_sub(self.next))
    }
}

/// Something of serde's (a deserializer, a visitor, an accessor) together with the attachments of the packet.
#[derive(Clone, Copy)]
struct Attached<'b, T> {
    inner: T,
    attachments: &'b [Bytes],
}

impl<'b, T> Attached<'b, T> {
    fn with<U>(&self, inner: U) -> Attached<'b, U> {
        Attached { inner, attachments: self.attachments }
    }
}

macro_rules! wrap_visitor {
    ($($method:ident($($arg:ident: $type:ty),*))+) => {
        $(fn $method<V: Visitor<'de>>(self, $($arg: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let visitor = self.with(visitor);
            self.inner.$method($($arg,)* visitor)
        })+
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Attached<'_, D> {
    type Error = D::Error;

    wrap_visitor! {
        deserialize_any() deserialize_bool() deserialize_char() deserialize_str() deserialize_string()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_option() deserialize_unit()
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_seq() deserialize_tuple(len: usize) deserialize_map()
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier() deserialize_ignored_any()
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.with(visitor);
        self.inner.deserialize_any(BytesVisitor(visitor))
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_bytes(visitor)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Attached<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let deserializer = self.with(deserializer);
        self.inner.deserialize(deserializer)
    }
}

macro_rules! forward_scalars {
    ($($method:ident: $type:ty),+) => {
        $(fn $method<E: de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        })+
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Attached<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    forward_scalars! {
        visit_bool: bool, visit_char: char, visit_str: &str, visit_borrowed_str: &'de str, visit_string: String,
        visit_i8: i8, visit_i16: i16, visit_i32: i32, visit_i64: i64, visit_i128: i128,
        visit_u8: u8, visit_u16: u16, visit_u32: u32, visit_u64: u64, visit_u128: u128,
        visit_f32: f32, visit_f64: f64
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let deserializer = self.with(deserializer);
        self.inner.visit_some(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let deserializer = self.with(deserializer);
        self.inner.visit_newtype_struct(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        let elements = self.with(elements);
        self.inner.visit_seq(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        let members = self.with(members);
        self.inner.visit_map(members)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        let variant = self.with(variant);
        self.inner.visit_enum(variant)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Attached<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let seed = self.with(seed);
        self.inner.next_element_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Attached<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.with(seed);
        self.inner.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, 'b, A: EnumAccess<'de>> EnumAccess<'de> for Attached<'b, A> {
    type Error = A::Error;
    type Variant = Attached<'b, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let attachments = self.attachments;
        let (value, inner) = self.inner.variant_seed(seed)?;
        Ok((value, Attached { inner, attachments }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Attached<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.with(seed);
        self.inner.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = self.with(visitor);
        self.inner.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = self.with(visitor);
        self.inner.struct_variant(fields, visitor)
    }
}

/// A visitor that asked for bytes: a placeholder becomes its attachment, strings and arrays stay what
/// `serde_json` would have given.
struct BytesVisitor<'b, V>(Attached<'b, V>);

impl<'de, V: Visitor<'de>> Visitor<'de> for BytesVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<V::Value, A::Error> {
        let (mut marked, mut num) = (false, None);
        while let Some(member) = members.next_key::<PlaceholderMember>()? {
            match member {
                PlaceholderMember::Mark => marked = members.next_value()?,
                PlaceholderMember::Num => num = Some(members.next_value::<usize>()?),
            }
        }
        match num.filter(|_| marked).and_then(|num| self.0.attachments.get(num)) {
            Some(attachment) => self.0.inner.visit_bytes(attachment),
            None => Err(A::Error::custom("an object where an attachment was expected")),
        }
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<V::Value, E> {
        self.0.inner.visit_str(value)
    }

    fn visit_borrowed_str<E: de::Error>(self, value: &'de str) -> Result<V::Value, E> {
        self.0.inner.visit_borrowed_str(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(elements)
    }
}

/// The two members of a placeholder; any other is no bytes.
enum PlaceholderMember {
    Mark,
    Num,
}

impl<'de> de::Deserialize<'de> for PlaceholderMember {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = PlaceholderMember;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a placeholder of an attachment")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<PlaceholderMember, E> {
                match name {
                    "_placeholder" => Ok(PlaceholderMember::Mark),
                    "num" => Ok(PlaceholderMember::Num),
                    _ => Err(E::invalid_type(de::Unexpected::Map, &self)),
                }
            }
        }

        deserializer.deserialize_identifier(Name)
    }
}
