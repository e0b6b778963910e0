//! serde on the way in. Without attachments this is `serde_json` on the slice; with them, a wrapper
//! around it that hands an attachment to whatever asks for bytes where its placeholder stands.
//!
//! Types that ask for nothing in particular cannot be told apart: `serde_json::Value` holds no bytes and
//! must see the placeholder object, while serde's buffer behind tagged enums and flattened fields must see
//! the bytes. They get the object first and, if that does not fit, the bytes.

use super::super::args::{ArgError, Args};
use super::attached::{Attached, Untyped};
use super::plain::PlainStr;
use bytes::Bytes;
use serde::de::value::UnitDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess, Visitor,
};
use std::fmt;

/// Decodes one argument.
#[inline]
pub(crate) fn from_json<T: DeserializeOwned>(json: &str, attachments: &[Bytes]) -> serde_json::Result<T> {
    if attachments.is_empty() {
        return match PlainStr::new(json) {
            Some(text) => T::deserialize(text),
            None => serde_json::from_str(json),
        };
    }
    let read = |untyped| {
        let mut json = serde_json::Deserializer::from_str(json);
        T::deserialize(Attached { inner: &mut json, attachments, untyped })
    };
    read(Untyped::Object).or_else(|error| read(Untyped::Bytes).map_err(|_| error))
}

/// Decodes an argument that is not there.
pub(crate) fn from_absent<T: DeserializeOwned>() -> Option<T> {
    let absent: UnitDeserializer<de::value::Error> = ().into_deserializer();
    T::deserialize(absent).ok()
}

/// Decodes all arguments as one value.
pub(crate) fn all<T: DeserializeOwned>(args: &Args<'_>) -> Result<T, ArgError> {
    let read = |untyped| T::deserialize(All { args, untyped });
    read(Untyped::Object).or_else(|error| {
        if args.attachments().is_empty() { Err(error) } else { read(Untyped::Bytes).map_err(|_| error) }
    })
}

impl de::Error for ArgError {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::Shape { reason: reason.to_string() }
    }
}

/// The arguments as a sequence.
#[derive(Clone, Copy)]
struct All<'r, 'a> {
    args: &'r Args<'a>,
    untyped: Untyped,
}

impl<'de> Deserializer<'de> for All<'_, 'de> {
    type Error = ArgError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgError> {
        let len = self.args.len();
        visitor.visit_seq(AllAccess { all: self, next: 0, len })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ArgError> {
        visitor.visit_seq(AllAccess { all: self, next: 0, len })
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
    all: All<'r, 'a>,
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
        let All { args, untyped } = self.all;
        let Some(json) = args.get(index) else {
            let absent: UnitDeserializer<de::value::Error> = ().into_deserializer();
            return seed.deserialize(absent).map(Some).map_err(|_| ArgError::Missing { index });
        };
        let mut json = serde_json::Deserializer::from_str(json);
        let attachments = args.attachments();
        let element = if attachments.is_empty() {
            seed.deserialize(&mut json)
        } else {
            seed.deserialize(Attached { inner: &mut json, attachments, untyped })
        };
        element.map(Some).map_err(|error| ArgError::Invalid { index, reason: error.to_string() })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.len.saturating_sub(self.next))
    }
}
