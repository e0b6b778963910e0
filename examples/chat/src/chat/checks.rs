//! What clients may say: names, texts and keys that are of a length that is allowed, or a refusal that says why not.

use std::fmt;

/// The longest nickname, in characters.
pub(crate) const MAX_NICKNAME: usize = 32;

/// The longest message, in characters.
pub(crate) const MAX_TEXT: usize = 2_000;

/// The shortest and the longest key and offset, in bytes. Clients make them up: they are not shown to anybody.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 16..=64;
const OFFSET_BYTES: std::ops::RangeInclusive<usize> = 1..=64;

/// Why a client may not come in, or its message not be published. Lengths are in characters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Empty {
        what: &'static str,
    },
    TooLong {
        what: &'static str,
        length: usize,
        limit: usize,
    },
    NameTaken {
        nickname: String,
    },
    /// A mistake of the page rather than of its user.
    Malformed {
        what: &'static str,
        min: usize,
        max: usize,
    },
    ForNobody,
}

/// The name without the space around it. What is invisible or goes against the direction of the text is left out, or two
/// names could look the same.
pub(crate) fn nickname(input: &str) -> Result<String, Refusal> {
    let visible: String = input.chars().filter(|&c| !c.is_control() && !is_format(c)).collect();
    trimmed("a nickname", &visible, MAX_NICKNAME)
}

pub(crate) fn text(input: &str) -> Result<String, Refusal> {
    trimmed("a message", input, MAX_TEXT)
}

pub(crate) fn key(input: String) -> Result<String, Refusal> {
    within("a key", input, KEY_BYTES)
}

pub(crate) fn offset(input: String) -> Result<String, Refusal> {
    within("an offset", input, OFFSET_BYTES)
}

fn trimmed(what: &'static str, input: &str, limit: usize) -> Result<String, Refusal> {
    let trimmed = input.trim();
    match trimmed.chars().count() {
        0 => Err(Refusal::Empty { what }),
        length if length > limit => Err(Refusal::TooLong { what, length, limit }),
        _ => Ok(trimmed.to_owned()),
    }
}

fn within(
    what: &'static str,
    input: String,
    bytes: std::ops::RangeInclusive<usize>,
) -> Result<String, Refusal> {
    if bytes.contains(&input.len()) {
        return Ok(input);
    }
    Err(Refusal::Malformed { what, min: *bytes.start(), max: *bytes.end() })
}

/// Zero width, or of the direction of text.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Empty { what } => write!(f, "{what} must not be empty"),
            Refusal::TooLong { what, length, limit } => {
                write!(f, "{what} may have {limit} characters, this one has {length}")
            }
            Refusal::NameTaken { nickname } => write!(f, "somebody here is called {nickname} already"),
            Refusal::Malformed { what, min, max } => write!(f, "{what} has {min} to {max} bytes"),
            Refusal::ForNobody => f.write_str("whom it is for is not known here any more"),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_characters_of_the_trimmed_input() {
        let of = |length: usize| "\u{1F980}".repeat(length);
        assert_eq!(nickname(&format!("  {}\t", of(32))), Ok(of(32)));
        assert_eq!(nickname(&of(31)), Ok(of(31)));
        let long = Refusal::TooLong { what: "a nickname", length: 33, limit: 32 };
        assert_eq!(long.to_string(), "a nickname may have 32 characters, this one has 33");
        assert_eq!(nickname(&of(33)), Err(long));
        assert_eq!(text(&format!("\n{}\n", of(2_000))), Ok(of(2_000)));
        assert_eq!(text(&of(1_999)), Ok(of(1_999)));
        assert_eq!(
            text(&of(2_001)),
            Err(Refusal::TooLong { what: "a message", length: 2_001, limit: 2_000 })
        );
        for empty in ["", " \u{3000}\t", "\n \n"] {
            assert_eq!(nickname(empty), Err(Refusal::Empty { what: "a nickname" }));
            assert_eq!(text(empty), Err(Refusal::Empty { what: "a message" }));
        }
    }

    #[test]
    fn a_name_has_nothing_in_it_that_cannot_be_seen() {
        assert_eq!(nickname("A\u{200B}d\u{202E}a\0\n"), Ok("Ada".to_owned()));
        assert_eq!(nickname("\u{FEFF}"), Err(Refusal::Empty { what: "a nickname" }));
    }

    #[test]
    fn keys_and_offsets_have_limits() {
        for (bytes, fits) in [(15, false), (16, true), (64, true), (65, false)] {
            assert_eq!(key("k".repeat(bytes)).is_ok(), fits, "{bytes}");
        }
        for (bytes, fits) in [(0, false), (1, true), (64, true), (65, false)] {
            assert_eq!(offset("o".repeat(bytes)).is_ok(), fits, "{bytes}");
        }
    }
}
