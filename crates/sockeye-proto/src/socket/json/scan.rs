//! One pass over the payload of a packet: is it JSON, how deep, where are the elements of its outer array,
//! and, in a binary packet, does each attachment have exactly one place. No tree is built and nothing
//! recurses; containers are one bit each on a stack of [`MAX_DEPTH`].
//!
//! Accepted is what `JSON.parse` accepts. Source: RFC 8259; socket.io-protocol v5 § Packet encoding.

use super::super::args::SpanVec;
use super::placeholders::Places;
use super::text::{self, Escape};

/// Containers that a packet may nest, its own array included; the payload of a CONNECT counts as an
/// argument. The same number is what `serde_json` walks, so whatever is accepted can also be decoded.
pub const MAX_DEPTH: usize = 128;

/// What the pass found besides the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strings {
    /// Every string is Unicode.
    Whole,
    /// Some string has a lone surrogate, which no Rust string can hold.
    LoneSurrogate,
}

/// Why a payload was refused. Positions are bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not JSON.
    Syntax { at: usize },
    /// Deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A placeholder of another form than `{"_placeholder":true,"num":<index>}`, with an index out of range,
    /// or with one that was there before.
    Placeholder { at: usize },
    /// Fewer placeholders than attachments.
    Unplaced { found: usize },
}

/// Scans the JSON text of a packet without attachments. `outer` is how many containers stand around it.
/// If it is an array, its elements are added to `elements` (in place, for a copy of them costs as much as
/// finding them).
#[inline]
pub(crate) fn plain(json: &str, outer: usize, elements: &mut SpanVec) -> Result<Strings, Fault> {
    Scanner { bytes: json.as_bytes(), pos: 0, strings: Strings::Whole }.run(outer, elements, &mut Ignore)
}

/// Scans the JSON text of a packet with `attachments` of them, as [`plain`] does.
pub(crate) fn binary(json: &str, attachments: usize, elements: &mut SpanVec) -> Result<Strings, Fault> {
    let mut places = Places::new(json, attachments);
    let scanner = Scanner { bytes: json.as_bytes(), pos: 0, strings: Strings::Whole };
    let strings = scanner.run(0, elements, &mut places)?;
    if places.found() != attachments {
        return Err(Fault::Unplaced { found: places.found() });
    }
    Ok(strings)
}

/// Scans JSON text for somebody who only wants to hear of it.
pub(crate) fn watch(json: &str, watch: &mut impl Watch) -> Result<(), Fault> {
    let scanner = Scanner { bytes: json.as_bytes(), pos: 0, strings: Strings::Whole };
    scanner.run(0, &mut SpanVec::new(), watch).map(drop)
}

/// What a pass wants to hear about besides syntax.
pub(crate) trait Watch {
    fn open_object(&mut self, _at: usize) -> Result<(), Fault> {
        Ok(())
    }
    /// A member name, with its quotes.
    fn key(&mut self, _start: usize, _end: usize) {}
    fn scalar(&mut self, _start: usize, _end: usize) {}
    fn open_array(&mut self, _at: usize) -> Result<(), Fault> {
        Ok(())
    }
    fn close_object(&mut self, _at: usize) -> Result<(), Fault> {
        Ok(())
    }
    fn close_array(&mut self) {}
}

/// A plain packet: placeholders in it are data.
struct Ignore;

impl Watch for Ignore {}

struct Scanner<'j> {
    bytes: &'j [u8],
    pos: usize,
    strings: Strings,
}

impl Scanner<'_> {
    #[inline]
    fn run(mut self, outer: usize, elements: &mut SpanVec, watch: &mut impl Watch) -> Result<Strings, Fault> {
        let limit = MAX_DEPTH.saturating_sub(outer);
        // Bit 0 is the innermost container: 1 for an object.
        let mut objects = 0_u128;
        let mut depth = 0_usize;
        let mut root_is_array = false;
        let mut element = 0;

        'value: loop {
            self.skip_whitespace();
            let start = self.pos;
            if depth == 1 {
                element = start;
            }
            match self.byte() {
                b'"' => {
                    self.string()?;
                    watch.scalar(start, self.pos);
                }
                open @ (b'{' | b'[') => {
                    if depth >= limit {
                        return Err(Fault::TooDeep);
                    }
                    self.pos = self.pos.saturating_add(1);
                    depth = depth.saturating_add(1);
                    let is_object = open == b'{';
                    objects = objects << 1 | u128::from(is_object);
                    self.skip_whitespace();
                    if is_object {
                        watch.open_object(start)?;
                        if self.byte() != b'}' {
                            self.key(watch)?;
                            continue 'value;
                        }
                    } else {
                        root_is_array |= depth == 1;
                        watch.open_array(start)?;
                        if self.byte() != b']' {
                            continue 'value;
                        }
                    }
                    // Empty: the loop below closes it, but it has no element to record.
                    objects = self.close(objects, watch)?;
                    depth = depth.saturating_sub(1);
                }
                b't' => self.literal(b"true", start, watch)?,
                b'f' => self.literal(b"false", start, watch)?,
                b'n' => self.literal(b"null", start, watch)?,
                b'-' | b'0'..=b'9' => {
                    self.number()?;
                    watch.scalar(start, self.pos);
                }
                _ => return Err(self.syntax()),
            }

            // One value is complete; close what ends with it.
            loop {
                if depth == 0 {
                    self.skip_whitespace();
                    if self.pos < self.bytes.len() {
                        return Err(self.syntax());
                    }
                    return Ok(self.strings);
                }
                if depth == 1 && root_is_array {
                    elements.push((offset(element), offset(self.pos)));
                }
                self.skip_whitespace();
                if self.byte() == b',' {
                    self.pos = self.pos.saturating_add(1);
                    if objects & 1 == 1 {
                        self.skip_whitespace();
                        self.key(watch)?;
                    }
                    continue 'value;
                }
                objects = self.close(objects, watch)?;
                depth = depth.saturating_sub(1);
            }
        }
    }

    /// The current byte; 0, which is no JSON outside strings, at the end.
    #[inline]
    fn byte(&self) -> u8 {
        self.bytes.get(self.pos).copied().unwrap_or(0)
    }

    fn syntax(&self) -> Fault {
        Fault::Syntax { at: self.pos }
    }

    #[inline]
    fn skip_whitespace(&mut self) {
        while matches!(self.byte(), b' ' | b'\n' | b'\r' | b'\t') {
            self.pos = self.pos.saturating_add(1);
        }
    }

    /// Closes the innermost container; gives the stack without it.
    #[inline]
    fn close(&mut self, objects: u128, watch: &mut impl Watch) -> Result<u128, Fault> {
        let at = self.pos;
        match (self.byte(), objects & 1) {
            (b'}', 1) => watch.close_object(at)?,
            (b']', 0) => watch.close_array(),
            _ => return Err(self.syntax()),
        }
        self.pos = at.saturating_add(1);
        Ok(objects >> 1)
    }

    /// A member name and its colon.
    #[inline]
    fn key(&mut self, watch: &mut impl Watch) -> Result<(), Fault> {
        let start = self.pos;
        if self.byte() != b'"' {
            return Err(self.syntax());
        }
        self.string()?;
        watch.key(start, self.pos);
        self.skip_whitespace();
        if self.byte() != b':' {
            return Err(self.syntax());
        }
        self.pos = self.pos.saturating_add(1);
        Ok(())
    }

    fn literal(&mut self, word: &[u8], start: usize, watch: &mut impl Watch) -> Result<(), Fault> {
        if !self.bytes.get(start..).unwrap_or_default().starts_with(word) {
            return Err(self.syntax());
        }
        self.pos = start.saturating_add(word.len());
        watch.scalar(start, self.pos);
        Ok(())
    }

    /// A string, from its opening quote to behind the closing one.
    #[inline]
    fn string(&mut self) -> Result<(), Fault> {
        self.pos = text::plain_run(self.bytes, self.pos.saturating_add(1));
        while self.byte() != b'"' {
            self.escape()?;
            self.pos = text::plain_run(self.bytes, self.pos);
        }
        self.pos = self.pos.saturating_add(1);
        Ok(())
    }

    /// An escape, or what may not stand in a string: a control character, the end.
    fn escape(&mut self) -> Result<(), Fault> {
        if self.byte() != b'\\' {
            return Err(self.syntax());
        }
        let len = match self.bytes.get(self.pos.saturating_add(1)) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => match text::unicode_escape(self.bytes, self.pos) {
                Some(Escape::Char { len }) => len,
                Some(Escape::Lone) => {
                    self.strings = Strings::LoneSurrogate;
                    text::ESCAPE_LEN
                }
                None => return Err(self.syntax()),
            },
            _ => return Err(self.syntax()),
        };
        self.pos = self.pos.saturating_add(len);
        Ok(())
    }

    #[inline]
    fn number(&mut self) -> Result<(), Fault> {
        if self.byte() == b'-' {
            self.pos = self.pos.saturating_add(1);
        }
        if self.byte() == b'0' {
            self.pos = self.pos.saturating_add(1);
        } else {
            self.digits()?;
        }
        if self.byte() == b'.' {
            self.pos = self.pos.saturating_add(1);
            self.digits()?;
        }
        if matches!(self.byte(), b'e' | b'E') {
            self.pos = self.pos.saturating_add(1);
            if matches!(self.byte(), b'+' | b'-') {
                self.pos = self.pos.saturating_add(1);
            }
            self.digits()?;
        }
        Ok(())
    }

    /// At least one digit.
    #[inline]
    fn digits(&mut self) -> Result<(), Fault> {
        if !self.byte().is_ascii_digit() {
            return Err(self.syntax());
        }
        while self.byte().is_ascii_digit() {
            self.pos = self.pos.saturating_add(1);
        }
        Ok(())
    }
}

/// Positions fit: the length of a packet is limited below 4 GiB before it is scanned.
#[inline]
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
