//! The parameters of a child namespace as a type of the user's: what `{id}` stood for.

use crate::error::ExtractError;
use crate::extract::{EventParts, FromEvent};
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use std::fmt;

/// The parts of the namespace's name that its parent left open: a struct or map by name, a tuple or sequence in
/// order, or a single value. Text becomes numbers and booleans where the type asks for them.
///
/// ```
/// use sockeye::{Params, Server, Socket};
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     shop: String,
///     id: u64,
/// }
///
/// let io = Server::new();
/// let orders = io.of_pattern("/{shop}/orders/{id}")?;
/// orders.on_connect(async |Params(order): Params<Order>| println!("{} {}", order.shop, order.id));
/// orders.on("which", async |socket: Socket, Params((shop, id)): Params<(String, u64)>| {
///     socket.emit("which", (&shop, id))
/// });
/// # Ok::<_, sockeye::PatternError>(())
/// ```
///
/// The parameters of [`Server::of_regex`](crate::Server::of_regex) are the groups of the expression: the named ones,
/// or all of them if none has a name. A group that took no part is absent.
///
/// In a middleware a value that does not fit refuses the client, with `invalid handshake`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + 'static> FromEvent for Params<T> {
    fn from_event(parts: &mut EventParts<'_>) -> Result<Self, ExtractError> {
        let params = parts.socket.inner_namespace().params();
        let params = params.ok_or(ExtractError::NotHere { wanted: "a parameter of the namespace" })?;
        let value = T::deserialize(Params(params));
        value.map(Params).map_err(|error| ExtractError::Params { reason: error.to_string() })
    }
}

type Pairs = Vec<(String, String)>;

impl Params<Pairs> {
    fn single(self) -> Result<Text, Error> {
        let count = self.0.len();
        match <[_; 1]>::try_from(self.0) {
            Ok([(_, value)]) => Ok(Text(value)),
            Err(_) => Err(de::Error::custom(format_args!("one value wanted where the name has {count}"))),
        }
    }
}

macro_rules! single {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.single()?.$method(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Params<Pairs> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let pairs = self.0.into_iter().map(|(key, value)| (key, Text(value)));
        visitor.visit_map(MapDeserializer::new(pairs))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new(self.0.into_iter().map(|(_, value)| Text(value))))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        if self.0.len() != len {
            let found = self.0.len();
            return Err(de::Error::custom(format_args!("{len} values wanted where the name has {found}")));
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.single()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    single! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_option deserialize_identifier
    }
}

/// One value: text, or what the type makes of it.
struct Text(String);

impl Text {
    fn parse<T: std::str::FromStr<Err: fmt::Display>>(&self) -> Result<T, Error> {
        self.0.parse().map_err(|error| de::Error::custom(format_args!("\"{}\": {error}", self.0)))
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.parse()?)
        })*
    };
}

impl<'de> Deserializer<'de> for Text {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    parsed! {
        deserialize_bool visit_bool
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32
        deserialize_i64 visit_i64 deserialize_i128 visit_i128
        deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32
        deserialize_u64 visit_u64 deserialize_u128 visit_u128
        deserialize_f32 visit_f32 deserialize_f64 visit_f64
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Text {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    fn params() -> Params<Pairs> {
        Params([("shop", "tea"), ("id", "7")].map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec())
    }

    fn one(value: &str) -> Params<Pairs> {
        Params(vec![("id".to_owned(), value.to_owned())])
    }

    #[derive(Deserialize, PartialEq, Debug)]
    struct Order {
        id: u64,
        shop: Option<String>,
    }

    #[derive(Deserialize, PartialEq, Debug)]
    struct Id(u8);

    #[derive(Deserialize, PartialEq, Debug)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Tea,
    }

    #[test]
    fn parameters_become_the_type_that_is_asked_for() {
        let order = Order { id: 7, shop: Some("tea".to_owned()) };
        assert_eq!(Order::deserialize(params()).unwrap(), order);
        assert_eq!(Order::deserialize(one("7")).unwrap(), Order { id: 7, shop: None });
        assert_eq!(<(String, u64)>::deserialize(params()).unwrap(), ("tea".to_owned(), 7));
        assert_eq!(<(Kind, Id)>::deserialize(params()).unwrap(), (Kind::Tea, Id(7)));
        assert_eq!(Vec::<String>::deserialize(params()).unwrap(), ["tea", "7"]);
        assert_eq!(BTreeMap::<String, String>::deserialize(params()).unwrap()["id"], "7");
        assert_eq!(u64::deserialize(one("18446744073709551615")).unwrap(), u64::MAX);
        assert_eq!(
            (f64::deserialize(one("1.5")).unwrap(), bool::deserialize(one("true")).unwrap()),
            (1.5, true)
        );
        assert_eq!(
            (char::deserialize(one("ü")).unwrap(), Id::deserialize(one("255")).unwrap()),
            ('ü', Id(255))
        );
        assert_eq!(Kind::deserialize(one("tea")).unwrap(), Kind::Tea);
        assert_eq!(serde_json::Value::deserialize(one("7")).unwrap(), serde_json::json!({ "id": "7" }));
    }

    #[test]
    fn parameters_that_do_not_fit_say_why() {
        let error = |result: Result<(), Error>| result.unwrap_err().to_string();
        assert_eq!(
            error(Id::deserialize(one("256")).map(drop)),
            "\"256\": number too large to fit in target type"
        );
        assert_eq!(error(u64::deserialize(params()).map(drop)), "one value wanted where the name has 2");
        assert_eq!(error(<(u8,)>::deserialize(params()).map(drop)), "1 values wanted where the name has 2");
        assert!(error(Order::deserialize(one("x")).map(drop)).starts_with("\"x\": invalid digit"));
    }
}
