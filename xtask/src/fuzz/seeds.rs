//! The first inputs of each target: what the shared vectors hold, in the form the target reads.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::workspace;

/// Writes the seeds of a target into its corpus; returns how many there are.
///
/// # Errors
/// The vectors cannot be read, or the corpus cannot be written.
pub(super) fn sow(target: &str, corpus: &Path) -> Result<usize, String> {
    let seeds = match target {
        "frames" => frames(&vectors("websocket")?),
        "engine" => texts(&vectors("engine")?),
        "engine_v3" => texts(&vectors("engine-v3")?),
        "packets" => conversations(&vectors("socket")?),
        "msgpack" => msgpack(),
        // Their inputs are structures that no vector has the form of.
        _ => Vec::new(),
    };
    fs::create_dir_all(corpus).map_err(|error| format!("{}: {error}", corpus.display()))?;
    for (number, seed) in seeds.iter().enumerate() {
        let path = corpus.join(format!("seed-{number:04}"));
        fs::write(&path, seed).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(seeds.len())
}

fn vectors(name: &str) -> Result<Value, String> {
    let path = workspace::root().join(format!("conformance/vectors/{name}.json"));
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Each vector behind the byte that says which end decodes, with and without compression.
fn frames(vectors: &Value) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for vector in vectors["vectors"].as_array().into_iter().flatten() {
        let role = u8::from(vector["role"] == "client");
        let Some(bytes) = vector["hex"].as_str().and_then(from_hex) else { continue };
        for control in [role, role | 2] {
            seeds.push([&[control], &bytes[..]].concat());
        }
    }
    seeds
}

/// Every string of the vectors that a peer might send.
fn texts(vectors: &Value) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    each_field(vectors, &mut |key, value| {
        if matches!(key, "text" | "body" | "payload" | "query")
            && let Some(text) = value.as_str()
        {
            seeds.push(text.as_bytes().to_vec());
        }
        if key == "hex"
            && let Some(bytes) = value.as_str().and_then(from_hex)
        {
            seeds.push(bytes);
        }
    });
    seeds
}

/// A text and its attachments, a line each.
fn conversations(vectors: &Value) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for packet in vectors["packets"].as_array().into_iter().flatten() {
        let mut seed = packet["text"].as_str().unwrap_or_default().as_bytes().to_vec();
        for attachment in packet["attachments"].as_array().into_iter().flatten() {
            seed.extend_from_slice(b"\n#");
            seed.extend(attachment.as_str().and_then(from_hex).unwrap_or_default());
        }
        seeds.push(seed);
    }
    for fault in vectors["invalid"].as_array().into_iter().flatten() {
        let lines: Vec<Vec<u8>> = fault["frames"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|frame| match (frame["text"].as_str(), frame["hex"].as_str().and_then(from_hex)) {
                (Some(text), _) => text.as_bytes().to_vec(),
                (None, bytes) => [b"#", &bytes.unwrap_or_default()[..]].concat(),
            })
            .collect();
        seeds.push(lines.join(&b'\n'));
    }
    seeds
}

/// Events with one argument of every kind that MessagePack knows.
fn msgpack() -> Vec<Vec<u8>> {
    let arguments: [&[u8]; 13] = [
        b"\xc0",
        b"\xc3",
        b"\x7f",
        b"\xff",
        b"\xcd\x01\x00",
        b"\xcf\x00\x20\x00\x00\x00\x00\x00\x01",
        b"\xd3\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00",
        b"\xd9\x02\xc3\xa9",
        b"\xc4\x02\x01\x02",
        b"\x92\x01\x81\xa1k\xc4\x01\x00",
        b"\xdc\x00\x02\xc2\xc2",
        b"\xd7\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    ];
    let event =
        |argument: &&[u8]| [b"\x83\xa4type\x02\xa4data\x92\xa1e", *argument, b"\xa3nsp\xa1/"].concat();
    arguments.iter().map(event).collect()
}

fn each_field(value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_field(item, visit)),
        Value::Object(fields) => {
            for (key, field) in fields {
                visit(key, field);
                each_field(field, visit);
            }
        }
        _ => {}
    }
}

/// Blanks mean nothing. `None` for what is no hex.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| *byte != b' ')
        .map(|byte| char::from(byte).to_digit(16))
        .map(|digit| digit.map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_give_seeds_to_every_decoder() {
        assert!(frames(&vectors("websocket").unwrap()).len() > 50);
        assert!(texts(&vectors("engine").unwrap()).len() > 20);
        let conversations = conversations(&vectors("socket").unwrap());
        assert!(conversations.iter().any(|seed| seed.windows(2).any(|pair| pair == b"\n#")));
    }

    #[test]
    fn hex_is_pairs_of_digits() {
        assert_eq!(from_hex("81 0F"), Some(vec![0x81, 0x0f]));
        assert_eq!((from_hex("8"), from_hex("xy"), from_hex("")), (None, None, Some(vec![])));
    }
}
