//! The scanner against `serde_json` as its oracle, placeholders, strings, and serde in both directions.

use super::encode::*;
use super::scan::{self, Fault, MAX_DEPTH, Strings};
use super::text::{plain_run, repair_surrogates, write_string};
use crate::PrivateSessionId;
use crate::socket::args::{ArgError, Args, SpanVec, Spans};
use crate::socket::tests::Random;
use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn scan_plain(json: &str) -> Result<Strings, Fault> {
    scan::plain(json, 0, &mut SpanVec::new())
}

fn elements(json: &str) -> Vec<&str> {
    let mut spans = SpanVec::new();
    scan::plain(json, 0, &mut spans).unwrap();
    spans.iter().map(|&(start, end)| &json[start as usize..end as usize]).collect()
}

#[test]
fn the_elements_of_the_outer_array_are_found_and_no_others() {
    for (json, expected) in [
        ("[]", vec![]),
        (" [ ] ", vec![]),
        ("[1]", vec!["1"]),
        (r#"["a","b\"]",null]"#, vec![r#""a""#, r#""b\"]""#, "null"]),
        (" [ 1 , [2, 3] ,{\"k\":[4]}\t,\"\"\n]\r", vec!["1", "[2, 3]", "{\"k\":[4]}", "\"\""]),
        ("[[],{},[[]],-0.5e+7,true,false]", vec!["[]", "{}", "[[]]", "-0.5e+7", "true", "false"]),
        ("{\"a\":[1,2]}", vec![]),
        ("{\"a\":1,\"b\":{}}", vec![]),
        ("17", vec![]),
        ("\"text\"", vec![]),
    ] {
        assert_eq!(elements(json), expected, "{json}");
    }
}

#[test]
fn what_is_not_json_is_refused_where_it_stops_being_json() {
    for (json, at) in [
        ("", 0),
        (" ", 1),
        ("abc", 0),
        ("[", 1),
        ("[1", 2),
        ("[1,", 3),
        ("[1,]", 3),
        ("[,1]", 1),
        ("[1 2]", 3),
        ("[1}", 2),
        ("{\"a\":1]", 6),
        ("[1]]", 3),
        ("[1] x", 4),
        ("{", 1),
        ("{a:1}", 1),
        ("{\"a\"}", 4),
        ("{\"a\":}", 5),
        ("{\"a\":1,}", 7),
        ("{1:1}", 1),
        ("tru", 0),
        ("nulL", 0),
        ("truee", 4),
        ("01", 1),
        ("-", 1),
        ("+1", 0),
        (".5", 0),
        ("1.", 2),
        ("1.e5", 2),
        ("1e", 2),
        ("1e+", 3),
        ("0x10", 1),
        ("NaN", 0),
        ("-Infinity", 1),
        ("\"a", 2),
        ("\"a\nb\"", 2),
        ("\"a\u{0}\"", 2),
        ("\"a\u{1f}\"", 2),
        ("\"\\x41\"", 1),
        ("\"\\u12g4\"", 1),
        ("\"\\u12\"", 1),
        ("\"\\", 1),
        ("'a'", 0),
        ("\u{feff}[]", 0),
        ("\u{a0}[]", 0),
    ] {
        assert_eq!(scan_plain(json), Err(Fault::Syntax { at }), "{json:?}");
    }
}

#[test]
fn what_json_parse_accepts_is_accepted() {
    for json in [
        "\"\u{7f}\u{2028}\u{1f600}\"",
        r#""\"\\\/\b\f\n\r\t\u00e9""#,
        "1e400",
        "-0",
        "123456789012345678901234567890",
        "{\"a\":1,\"a\":2}",
        "{\"\":{\"__proto__\":null}}",
    ] {
        assert_eq!(scan_plain(json), Ok(Strings::Whole), "{json}");
    }
}

#[test]
fn containers_nest_as_deep_as_the_limit() {
    for (depth, expected) in [
        (MAX_DEPTH - 1, Ok(Strings::Whole)),
        (MAX_DEPTH, Ok(Strings::Whole)),
        (MAX_DEPTH + 1, Err(Fault::TooDeep)),
        (5_000, Err(Fault::TooDeep)),
        (1_000_000, Err(Fault::TooDeep)),
    ] {
        let arrays = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let objects = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert_eq!(scan_plain(&arrays), expected, "{depth} arrays");
        assert_eq!(scan_plain(&objects), expected, "{depth} objects");
    }
}

#[test]
fn what_is_just_deep_enough_to_be_accepted_can_be_decoded() {
    let depth = MAX_DEPTH - 1;
    let argument = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let payload = format!("[{argument}]");
    let mut spans = SpanVec::new();
    scan::plain(&payload, 0, &mut spans).unwrap();
    let args = Args::new(&payload, Spans::Own(spans), 0, &[]);
    assert_eq!(args.decode::<Value>(0).unwrap().to_string(), argument);
}

#[test]
fn the_scanner_accepts_exactly_what_serde_json_accepts() {
    let mut random = Random::new(0x5ca1ab1e);
    let alphabet = r#"[]{}:,"\ tfn0123456789.eE+-uabd8c/"#.as_bytes();
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..40_000 {
        let mut json = random.json(4).into_bytes();
        for _ in 0..random.below(3) {
            let at = random.below(json.len() as u64) as usize;
            json[at] = alphabet[random.below(alphabet.len() as u64) as usize];
        }
        // A mutation may have cut a character; the scanner only ever sees text.
        let json = String::from_utf8_lossy(&json);
        let oracle = serde_json::from_str::<IgnoredAny>(&json).is_ok();
        assert_eq!(scan_plain(&json).is_ok(), oracle, "{json}");
        if oracle { accepted += 1 } else { refused += 1 }
    }
    assert!(accepted > 10_000 && refused > 10_000, "{accepted} accepted, {refused} refused");
}

#[test]
fn a_run_of_plain_bytes_ends_at_the_first_special_one_wherever_it_stands() {
    for special in [b'"', b'\\', 0, 0x1f] {
        for len in 0..150 {
            let mut bytes = vec![b'x'; len];
            assert_eq!(plain_run(&bytes, 0), len);
            for at in 0..len {
                bytes[at] = special;
                assert_eq!(plain_run(&bytes, 0), at, "{special} at {at} of {len}");
                assert_eq!(plain_run(&bytes, at + 1), len);
                bytes[at] = 0x80 | special;
            }
        }
    }
}

#[test]
fn lone_surrogates_become_replacement_characters_without_moving_anything() {
    for (json, expected) in [
        (r#"["\ud800"]"#, r#"["\ufffd"]"#),
        (r#"["\uDC00x"]"#, r#"["\ufffdx"]"#),
        (r#"["\ud800\ud800\udc00"]"#, r#"["\ufffd\ud800\udc00"]"#),
        (r#"["\udc00\ud800"]"#, r#"["\ufffd\ufffd"]"#),
        (r#"["\ud83d\u0041"]"#, r#"["\ufffd\u0041"]"#),
        (r#"["\\ud800","\ud800é"]"#, r#"["\\ud800","\ufffdé"]"#),
        (r#"{"\udbff":"\\\ud800"}"#, r#"{"\ufffd":"\\\ufffd"}"#),
    ] {
        assert_eq!(scan_plain(json), Ok(Strings::LoneSurrogate), "{json}");
        let repaired = repair_surrogates(json);
        assert_eq!(&*repaired, expected);
        assert_eq!(scan_plain(&repaired), Ok(Strings::Whole));
    }
    for whole in [r#""\ud83d\ude00""#, r#""\\ud800""#, r#""\ue000\ud7ff""#] {
        assert_eq!(scan_plain(whole), Ok(Strings::Whole), "{whole}");
    }
}

fn scan_binary(json: &str, attachments: usize) -> Result<Strings, Fault> {
    scan::binary(json, attachments, &mut SpanVec::new())
}

#[test]
fn a_placeholder_is_an_object_of_exactly_its_two_members() {
    for (json, attachments) in [
        (r#"["a",{"_placeholder":true,"num":0}]"#, 1),
        (r#"["a",{"num":0,"_placeholder":true}]"#, 1),
        ("[\"a\", { \"_placeholder\" :\ttrue , \"num\" : 0 } ]", 1),
        (r#"["a",{"_placeholder":true,"num":1},[{"x":{"_placeholder":true,"num":0},"y":[]}]]"#, 2),
        (r#"["a",{"_placeholder":true,"num":0},{"_placeholder":false,"num":0},{"num":0},[0]]"#, 1),
        (r#"["a",{"_placeholder":"true","num":0},{"_placeholder":true,"num":0}]"#, 1),
        (r#"["a",{"\u005fplaceholder":true,"\u006eum":0}]"#, 1),
        (r#"["_placeholder",true,"num",{"_placeholder":true,"num":0},"num",0]"#, 1),
    ] {
        assert_eq!(scan_binary(json, attachments), Ok(Strings::Whole), "{json}");
    }
    let at = 5;
    for json in [
        r#"["a",{"_placeholder":true}]"#,
        r#"["a",{"_placeholder":true,"num":"splice"}]"#,
        r#"["a",{"_placeholder":true,"num":"0"}]"#,
        r#"["a",{"_placeholder":true,"num":-1}]"#,
        r#"["a",{"_placeholder":true,"num":0.0}]"#,
        r#"["a",{"_placeholder":true,"num":1}]"#,
        r#"["a",{"_placeholder":true,"num":18446744073709551616}]"#,
        r#"["a",{"_placeholder":true,"num":null}]"#,
        r#"["a",{"_placeholder":true,"num":[0]}]"#,
        r#"["a",{"_placeholder":true,"num":{}}]"#,
        r#"["a",{"_placeholder":true,"num":0,"x":1}]"#,
        r#"["a",{"x":1,"_placeholder":true,"num":0}]"#,
        r#"["a",{"_placeholder":true,"num":0,"num":0}]"#,
        r#"["a",{"_placeholder":true,"x":0}]"#,
    ] {
        assert_eq!(scan_binary(json, 1), Err(Fault::Placeholder { at }), "{json}");
    }
    let nested = r#"["a",{"x":[],"_placeholder":true,"num":0}]"#;
    assert!(matches!(scan_binary(nested, 1), Err(Fault::Placeholder { .. })));
}

#[test]
fn each_attachment_has_exactly_one_place() {
    let placeholder = |num: usize| format!(r#"{{"_placeholder":true,"num":{num}}}"#);
    let packet = |nums: &[usize]| {
        let places: Vec<_> = nums.iter().map(|num| placeholder(*num)).collect();
        format!("[\"a\",{}]", places.join(","))
    };
    assert_eq!(scan_binary(&packet(&[1, 0, 2]), 3), Ok(Strings::Whole));
    assert_eq!(scan_binary(&packet(&[0, 2]), 3), Err(Fault::Unplaced { found: 2 }));
    assert_eq!(scan_binary("[\"a\"]", 1), Err(Fault::Unplaced { found: 0 }));
    let second = 5 + placeholder(0).len() + 1;
    assert_eq!(scan_binary(&packet(&[0, 0]), 2), Err(Fault::Placeholder { at: second }));
    assert_eq!(scan_binary(&packet(&vec![0; 2_000]), 1), Err(Fault::Placeholder { at: second }));
    // More than one word of the set.
    let many: Vec<usize> = (0..130).rev().collect();
    assert_eq!(scan_binary(&packet(&many), 130), Ok(Strings::Whole));
    assert!(scan_binary(&packet(&[&many[..], &[64]].concat()), 130).is_err());
}

#[test]
fn a_placeholder_in_a_plain_packet_is_data() {
    let json = r#"["a",{"_placeholder":true,"num":"splice"},{"_placeholder":true}]"#;
    assert_eq!(scan_plain(json), Ok(Strings::Whole));
}

#[test]
fn strings_are_escaped_as_json_stringify_does() {
    let all: String = (0_u8..0x80).map(char::from).chain("é\u{2028}😀".chars()).collect();
    for text in ["", "plain", "say \"hi\" \\ bye", "\u{8}\u{c}\n\r\t\u{0}\u{1f}", &all, &all.repeat(20)] {
        let mut out = Vec::new();
        write_string(&mut out, text);
        assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(text).unwrap());
    }
}

fn text(encoded: Result<Encoded, EncodeError>) -> String {
    String::from_utf8(encoded.unwrap().text).unwrap()
}

#[test]
fn packets_without_arguments_are_encoded_byte_for_byte() {
    let sid = crate::SocketId::from_entropy([0; 15]);
    let none = None::<&()>;
    for (encoded, expected) in [
        (encode_connect("/", &sid, None, 0), r#"40{"sid":"AAAAAAAAAAAAAAAAAAAA"}"#),
        (encode_connect("/a", &sid, None, 0), r#"40/a,{"sid":"AAAAAAAAAAAAAAAAAAAA"}"#),
        (
            encode_connect("/", &sid, Some(&PrivateSessionId::from_entropy([0xff; 15])), 0),
            r#"40{"sid":"AAAAAAAAAAAAAAAAAAAA","pid":"____________________"}"#,
        ),
        (encode_disconnect("/", 0), "41"),
        (encode_disconnect("/a", 0), "41/a,"),
        (
            encode_connect_error("/x", "Invalid namespace", none, 0).unwrap(),
            r#"44/x,{"message":"Invalid namespace"}"#,
        ),
        (
            encode_connect_error("/", "no \"entry\"", Some(&json!({"code": 1})), 0).unwrap(),
            r#"44{"message":"no \"entry\"","data":{"code":1}}"#,
        ),
        (encode_connect_request("/", none, 0).unwrap(), "40"),
        (encode_connect_request("/a", none, 0).unwrap(), "40/a,"),
        (encode_connect_request("/a", Some(&json!({"token": "t"})), 0).unwrap(), r#"40/a,{"token":"t"}"#),
    ] {
        assert_eq!(String::from_utf8(encoded.text).unwrap(), expected);
        assert!(encoded.attachments.is_empty());
    }
}

#[test]
fn auth_must_be_an_object() {
    for auth in [json!(1), json!("token"), json!([1]), json!(null)] {
        assert_eq!(encode_connect_request("/", Some(&auth), 0), Err(EncodeError::AuthNotAnObject), "{auth}");
    }
}

#[test]
fn a_reference_is_one_argument_and_a_tuple_is_several() {
    let (list, string) = (vec![1, 2], String::from("s"));
    let (pair, nothing) = (&(1, 2), &());
    assert_eq!(text(encode_event("/", "e", None, (), 0)), r#"42["e"]"#);
    assert_eq!(text(encode_event("/", "e", None, "x", 0)), r#"42["e","x"]"#);
    assert_eq!(text(encode_event("/", "e", None, &string, 0)), r#"42["e","s"]"#);
    assert_eq!(text(encode_event("/", "e", None, &list, 0)), r#"42["e",[1,2]]"#);
    assert_eq!(text(encode_event("/", "e", None, pair, 0)), r#"42["e",[1,2]]"#);
    assert_eq!(text(encode_event("/", "e", None, nothing, 0)), r#"42["e",null]"#);
    assert_eq!(text(encode_event("/", "e", None, (&list,), 0)), r#"42["e",[1,2]]"#);
    assert_eq!(
        text(encode_event("/n", "e", Some(0), (1, "2", 3.5, true, None::<u8>, 'c', &list, ()), 0)),
        r#"42/n,0["e",1,"2",3.5,true,null,"c",[1,2],null]"#
    );
    assert_eq!(text(encode_ack("/", u64::MAX, (), 0)), "4318446744073709551615[]");
    assert_eq!(text(encode_ack("/n", 10, ("a", 1), 0)), r#"43/n,10["a",1]"#);
}

#[test]
fn headroom_stays_free_in_front_of_the_message_type() {
    let event = encode_event("/", "e", None, (), 10).unwrap();
    assert_eq!(event.text, b"\0\0\0\0\0\0\0\0\0\x0042[\"e\"]");
    let binary = encode_ack("/n", 3, &Bytes::from_static(b"x"), 4).unwrap();
    assert_eq!(binary.text, b"\0\0\0\x00461-/n,3[{\"_placeholder\":true,\"num\":0}]");
    for packet in [
        encode_disconnect("/", 3),
        encode_connect_request("/", None::<&()>, 3).unwrap(),
        encode_connect("/", &crate::SocketId::from_entropy([1; 15]), None, 3),
        encode_connect_error("/", "m", None::<&()>, 3).unwrap(),
    ] {
        assert!(packet.text.starts_with(b"\0\0\x004"), "{packet:?}");
    }
}

#[test]
fn reserved_names_are_not_sent() {
    for name in crate::socket::RESERVED_EVENTS {
        assert_eq!(encode_event("/", name, None, (), 0), Err(EncodeError::Reserved { name }));
    }
    assert_eq!(text(encode_event("/", "error", None, (), 0)), r#"42["error"]"#);
}

#[test]
fn at_most_ten_attachments_are_sent() {
    let bytes = |count| vec![Bytes::from_static(b"b"); count];
    for count in [9, 10] {
        let event = encode_event("/", "e", None, &bytes(count), 0).unwrap();
        assert!(event.text.starts_with(format!("45{count}-").as_bytes()));
        assert_eq!(event.attachments.len(), count);
    }
    for count in [11, 5_000] {
        let refused = encode_event("/", "e", None, &bytes(count), 0);
        assert_eq!(refused, Err(EncodeError::TooManyAttachments { count, limit: 10 }));
    }
}

#[test]
fn nothing_deeper_than_a_peer_would_read_is_sent() {
    let nested = |depth: usize| (1..depth).fold(json!([]), |inner, _| json!([inner]));
    let raw = |depth: usize| {
        let json = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        serde_json::value::RawValue::from_string(json).unwrap()
    };
    // The array of the packet is a level too.
    for depth in [MAX_DEPTH - 2, MAX_DEPTH - 1] {
        let sent = text(encode_event("/", "e", None, &nested(depth), 0));
        assert_eq!(scan_plain(&sent[2..]), Ok(Strings::Whole));
        assert_eq!(text(encode_event("/", "e", None, &*raw(depth), 0)), sent);
    }
    let refused = Err(EncodeError::TooDeep { limit: MAX_DEPTH });
    assert_eq!(encode_event("/", "e", None, &nested(MAX_DEPTH), 0), refused);
    assert_eq!(encode_event("/", "e", None, &*raw(MAX_DEPTH), 0), refused);
    assert_eq!(encode_event("/", "e", None, (1, BTreeMap::from([("k", nested(MAX_DEPTH - 1))])), 0), refused);
}

#[test]
fn data_that_json_cannot_hold_is_the_callers_error() {
    let map = BTreeMap::from([(vec![1], 1)]);
    assert!(matches!(encode_event("/", "e", None, &map, 0), Err(EncodeError::Json(_))));
    assert!(matches!(encode_connect_error("/", "m", Some(&map), 0), Err(EncodeError::Json(_))));
}

/// Borrowed arguments of a packet, as the mux would give them.
fn with_args<T>(payload: &str, attachments: &[Bytes], check: impl FnOnce(&Args<'_>) -> T) -> T {
    let mut spans = SpanVec::new();
    match attachments.len() {
        0 => scan::plain(payload, 0, &mut spans).unwrap(),
        count => scan::binary(payload, count, &mut spans).unwrap(),
    };
    check(&Args::new(payload, Spans::Own(spans), 0, attachments))
}

#[test]
fn an_argument_is_decoded_alone() {
    with_args(r#"["text",[1,2],{"a":null}]"#, &[], |args| {
        assert_eq!((args.len(), args.is_empty()), (3, false));
        assert_eq!(args.get(1), Some("[1,2]"));
        assert_eq!(args.get(3), None);
        assert_eq!(args.decode::<String>(0), Ok("text".into()));
        assert_eq!(args.decode::<Vec<u8>>(1), Ok(vec![1, 2]));
        assert_eq!(args.decode::<Value>(2), Ok(json!({"a": null})));
        assert!(matches!(args.decode::<u8>(0), Err(ArgError::Invalid { index: 0, .. })));
    });
}

#[test]
fn an_absent_argument_is_null_to_those_who_take_it_and_missing_to_others() {
    with_args("[]", &[], |args| {
        assert_eq!(args.decode::<Option<u8>>(0), Ok(None));
        assert_eq!(args.decode::<()>(0), Ok(()));
        assert_eq!(args.decode::<Value>(0), Ok(Value::Null));
        assert_eq!(args.decode::<u8>(2), Err(ArgError::Missing { index: 2 }));
        assert_eq!(args.decode::<String>(0), Err(ArgError::Missing { index: 0 }));
    });
}

#[test]
fn all_arguments_are_decoded_as_a_tuple_or_a_sequence() {
    with_args(r#"["a",2]"#, &[], |args| {
        assert_eq!(args.decode_all::<(String, u8)>(), Ok(("a".into(), 2)));
        assert_eq!(args.decode_all::<(String,)>(), Ok(("a".into(),)));
        assert_eq!(args.decode_all::<(String, u8, Option<u8>)>(), Ok(("a".into(), 2, None)));
        assert_eq!(args.decode_all::<Vec<Value>>(), Ok(vec![json!("a"), json!(2)]));
        assert_eq!(args.decode_all::<()>(), Ok(()));
        assert_eq!(args.decode_all::<(String, u8, u8)>(), Err(ArgError::Missing { index: 2 }));
        assert!(matches!(args.decode_all::<(u8, u8)>(), Err(ArgError::Invalid { index: 0, .. })));
        assert!(matches!(args.decode_all::<BTreeMap<String, u8>>(), Err(ArgError::Shape { .. })));
    });
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct File {
    name: String,
    content: Bytes,
    thumbnail: Option<Bytes>,
    #[serde(default)]
    parts: Vec<Bytes>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Message {
    Raw(Bytes),
    Pair(Bytes, u8),
    Named { data: Bytes },
    Empty,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Tagged {
    Image { data: Bytes, num: Option<Bytes>, width: u32 },
    Text { text: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Binary(Bytes),
    Number(u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    id: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, Either>,
}

/// Encodes `value` as the only argument, takes it in again and decodes it.
fn round_trip<T: Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let encoded = encode_ack("/", 1, value, 0).unwrap();
    let text = String::from_utf8(encoded.text).unwrap();
    let payload = &text[text.find('[').unwrap()..];
    let alone = with_args(payload, &encoded.attachments, |args| args.decode::<T>(0).unwrap());
    let all = with_args(payload, &encoded.attachments, |args| args.decode_all::<(T,)>().unwrap().0);
    let write = |value: &T| encode_ack("/", 1, value, 0).unwrap();
    assert_eq!(write(&alone), write(&all));
    alone
}

fn check_round_trip<T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: T) {
    assert_eq!(round_trip(&value), value);
}

#[test]
fn bytes_come_back_at_any_depth_of_user_types() {
    let bytes = |byte: u8| Bytes::from(vec![byte; usize::from(byte)]);
    check_round_trip(bytes(0));
    check_round_trip(Some(bytes(3)));
    check_round_trip(vec![bytes(1), bytes(2)]);
    check_round_trip(BTreeMap::from([("a".to_owned(), vec![(bytes(1), 5)]), ("b".to_owned(), vec![])]));
    check_round_trip(File {
        name: "f".into(),
        content: bytes(9),
        thumbnail: Some(bytes(8)),
        parts: vec![bytes(7), bytes(6)],
    });
    check_round_trip(File { name: "f".into(), content: bytes(9), thumbnail: None, parts: vec![] });
    check_round_trip(vec![
        Message::Raw(bytes(1)),
        Message::Pair(bytes(2), 2),
        Message::Named { data: bytes(3) },
        Message::Empty,
    ]);
}

#[test]
fn bytes_come_back_through_the_buffers_of_tagged_and_flattened_types() {
    let bytes = |byte: u8| Bytes::from(vec![byte; 3]);
    check_round_trip(Tagged::Image { data: bytes(1), num: Some(bytes(2)), width: 3 });
    check_round_trip(vec![
        Tagged::Text { text: "t".into() },
        Tagged::Image { data: bytes(1), num: None, width: 1 },
    ]);
    check_round_trip(vec![Either::Number(1), Either::Binary(bytes(1))]);
    let rest =
        BTreeMap::from([("num".to_owned(), Either::Binary(bytes(3))), ("z".to_owned(), Either::Number(4))]);
    check_round_trip(Flat { id: 1, rest });
}

#[test]
fn an_untyped_value_sees_the_placeholder() {
    let payload = r#"[{"file":{"_placeholder":true,"num":0}}]"#;
    with_args(payload, &[Bytes::from_static(b"x")], |args| {
        assert_eq!(args.decode::<Value>(0).unwrap(), json!({"file": {"_placeholder": true, "num": 0}}));
        let raw = args.decode::<Box<serde_json::value::RawValue>>(0).unwrap();
        assert_eq!(raw.get(), &payload[1..payload.len() - 1]);
    });
}

#[test]
fn where_bytes_are_asked_for_other_objects_are_refused() {
    let payload =
        r#"[{"_placeholder":true,"num":0},{"num":0},{"_placeholder":false,"num":0},{},{"a":1},7,[1,2],"s"]"#;
    with_args(payload, &[Bytes::from_static(b"x")], |args| {
        assert_eq!(args.decode::<Bytes>(0), Ok(Bytes::from_static(b"x")));
        for index in 1..=5 {
            assert!(matches!(args.decode::<Bytes>(index), Err(ArgError::Invalid { .. })), "{index}");
        }
        assert_eq!(args.decode::<Bytes>(6), Ok(Bytes::from_static(&[1, 2])));
        assert_eq!(args.decode::<Bytes>(7), Ok(Bytes::from_static(b"s")));
        assert!(args.decode::<Vec<u8>>(0).is_err());
    });
}

#[test]
fn a_byte_vector_is_an_array_of_numbers() {
    assert_eq!(text(encode_event("/", "e", None, &vec![1_u8, 2], 0)), r#"42["e",[1,2]]"#);
}

#[test]
fn received_arguments_can_be_sent_on_as_they_are() {
    let payload = r#"[{"_placeholder":true,"num":1}, "x" ,{"_placeholder":true,"num":0}]"#;
    let attachments = [Bytes::from_static(b"0"), Bytes::from_static(b"1")];
    with_args(payload, &attachments, |args| {
        let sent = encode_event("/", "e", None, args, 0).unwrap();
        assert_eq!(
            String::from_utf8(sent.text).unwrap(),
            r#"452-["e",{"_placeholder":true,"num":1},"x",{"_placeholder":true,"num":0}]"#
        );
        assert_eq!(sent.attachments, attachments);
        let owned = args.to_owned_args();
        assert_eq!(
            text(encode_ack("/", 1, owned.as_args(), 0)),
            r#"462-1[{"_placeholder":true,"num":1},"x",{"_placeholder":true,"num":0}]"#
        );
    });
}
