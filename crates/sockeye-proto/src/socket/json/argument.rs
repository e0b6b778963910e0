//! The serializer of one argument. A text, by far the most frequent argument, is escaped in blocks;
//! `serde_json`, which looks at every byte, gets everything else (an event with 1 KiB of text: 110 ns
//! instead of 300 ns and more).

use super::encode::Wire;
use super::text;
use serde::ser::{Serialize, Serializer};
use std::fmt;

type Json<'o> = serde_json::Serializer<&'o mut Vec<u8>, Wire<'o>>;
type Inner<'x, 'o> = &'x mut Json<'o>;

/// Becomes a `serde_json` serializer in `json` as soon as the value is no plain text.
pub(crate) struct Argument<'x, 'o> {
    pub(crate) out: &'o mut Vec<u8>,
    pub(crate) wire: Wire<'o>,
    /// Empty; it only lends the serializer its place.
    pub(crate) json: &'x mut Option<Json<'o>>,
}

impl<'x, 'o> Argument<'x, 'o> {
    #[inline]
    fn json(self) -> Inner<'x, 'o> {
        self.json.insert(serde_json::Serializer::with_formatter(self.out, self.wire))
    }
}

macro_rules! forward {
    ($($method:ident($($arg:ident: $type:ty),*) -> $out:ty;)+) => {
        $(#[inline]
        fn $method(self, $($arg: $type),*) -> serde_json::Result<$out> {
            self.json().$method($($arg),*)
        })+
    };
}

impl<'x, 'o> Serializer for Argument<'x, 'o> {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = <Inner<'x, 'o> as Serializer>::SerializeSeq;
    type SerializeTuple = <Inner<'x, 'o> as Serializer>::SerializeTuple;
    type SerializeTupleStruct = <Inner<'x, 'o> as Serializer>::SerializeTupleStruct;
    type SerializeTupleVariant = <Inner<'x, 'o> as Serializer>::SerializeTupleVariant;
    type SerializeMap = <Inner<'x, 'o> as Serializer>::SerializeMap;
    type SerializeStruct = <Inner<'x, 'o> as Serializer>::SerializeStruct;
    type SerializeStructVariant = <Inner<'x, 'o> as Serializer>::SerializeStructVariant;

    #[inline]
    fn serialize_str(self, value: &str) -> serde_json::Result<()> {
        text::write_string(self.out, value);
        Ok(())
    }

    forward! {
        serialize_bool(value: bool) -> ();
        serialize_i8(value: i8) -> ();
        serialize_i16(value: i16) -> ();
        serialize_i32(value: i32) -> ();
        serialize_i64(value: i64) -> ();
        serialize_i128(value: i128) -> ();
        serialize_u8(value: u8) -> ();
        serialize_u16(value: u16) -> ();
        serialize_u32(value: u32) -> ();
        serialize_u64(value: u64) -> ();
        serialize_u128(value: u128) -> ();
        serialize_f32(value: f32) -> ();
        serialize_f64(value: f64) -> ();
        serialize_char(value: char) -> ();
        serialize_bytes(value: &[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(name: &'static str) -> ();
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> ();
        serialize_seq(len: Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(len: usize) -> Self::SerializeTuple;
        serialize_tuple_struct(name: &'static str, len: usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> Self::SerializeTupleVariant;
        serialize_map(len: Option<usize>) -> Self::SerializeMap;
        serialize_struct(name: &'static str, len: usize) -> Self::SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> Self::SerializeStructVariant;
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> serde_json::Result<()> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> serde_json::Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> serde_json::Result<()> {
        self.json().serialize_newtype_variant(name, index, variant, value)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> serde_json::Result<()> {
        self.json().collect_str(value)
    }
}
