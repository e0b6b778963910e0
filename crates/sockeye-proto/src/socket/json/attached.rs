//! Attachments within serde: a wrapper around a JSON deserializer, and around every visitor and accessor
//! it meets on the way down, which hands an attachment to whatever asks for bytes where its placeholder
//! stands. It adds no recursion of its own; the depth is bounded by the deserializer inside.

use bytes::Bytes;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use std::fmt;

/// Something of serde's (a deserializer, a visitor, an accessor) together with the attachments of the packet.
#[derive(Clone, Copy)]
pub(crate) struct Attached<'b, T> {
    pub(crate) inner: T,
    pub(crate) attachments: &'b [Bytes],
    pub(crate) untyped: Untyped,
}

/// What a placeholder is to a type that asks for nothing in particular.
#[derive(Clone, Copy)]
pub(crate) enum Untyped {
    Object,
    Bytes,
}

impl<'b, T> Attached<'b, T> {
    fn visitor(self) -> T {
        self.inner
    }

    fn with<U>(&self, inner: U) -> Attached<'b, U> {
        Attached { inner, attachments: self.attachments, untyped: self.untyped }
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
        deserialize_bool() deserialize_char() deserialize_str() deserialize_string()
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

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.with(visitor);
        match self.untyped {
            Untyped::Object => self.inner.deserialize_any(visitor),
            Untyped::Bytes => self.inner.deserialize_any(UntypedVisitor(visitor)),
        }
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
            self.visitor().$method(value)
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
        let Attached { inner, attachments, untyped } = self;
        let (value, inner) = inner.variant_seed(seed)?;
        Ok((value, Attached { inner, attachments, untyped }))
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

/// A visitor that takes anything, in the reading where placeholders are bytes.
struct UntypedVisitor<'b, V>(Attached<'b, V>);

impl<V> UntypedVisitor<'_, V> {
    fn visitor(self) -> V {
        self.0.inner
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for UntypedVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    forward_scalars! {
        visit_bool: bool, visit_str: &str, visit_borrowed_str: &'de str, visit_string: String,
        visit_i64: i64, visit_u64: u64, visit_f64: f64
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.inner.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<V::Value, A::Error> {
        let mut seen = Seen::default();
        while let Some(name) = members.next_key::<String>()? {
            let own = name == "_placeholder" || name == "num";
            if !own || seen.members.len() == 2 {
                seen.next = Some(name);
                break;
            }
            seen.members.push((name, members.next_value()?));
        }
        if let Some(attachment) = seen.placeholder().and_then(|num| self.0.attachments.get(num)) {
            return self.0.inner.visit_bytes(attachment);
        }
        seen.members.reverse();
        let members = self.0.with(members);
        self.0.inner.visit_map(Replay { seen, members })
    }
}

/// Members already read while it was open whether an object is a placeholder.
#[derive(Default)]
struct Seen {
    members: Vec<(String, serde_json::Value)>,
    /// The name of a further member, whose value is not read.
    next: Option<String>,
}

impl Seen {
    /// The number of the attachment, if the object is a placeholder. Its form was checked on arrival.
    fn placeholder(&self) -> Option<usize> {
        let value = |name: &str| self.members.iter().find(|member| member.0 == name).map(|member| &member.1);
        let marked = self.next.is_none() && value("_placeholder")?.as_bool()?;
        if marked { usize::try_from(value("num")?.as_u64()?).ok() } else { None }
    }
}

/// An object that was no placeholder after all: the members seen (last first), then the rest.
struct Replay<'b, A> {
    seen: Seen,
    members: Attached<'b, A>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Replay<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        if let Some((name, _)) = self.seen.members.last_mut() {
            return seed.deserialize(std::mem::take(name).into_deserializer()).map(Some);
        }
        match self.seen.next.take() {
            Some(name) => seed.deserialize(name.into_deserializer()).map(Some),
            None => self.members.next_key_seed(seed),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match self.seen.members.pop() {
            Some((_, value)) => seed.deserialize(self.members.with(value)).map_err(A::Error::custom),
            None => self.members.next_value_seed(seed),
        }
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
