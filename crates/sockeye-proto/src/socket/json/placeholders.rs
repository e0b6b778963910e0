//! Finds the placeholders of a binary packet while it is scanned: each must be well-formed and give one
//! attachment its one place (socket.io-protocol v5 § Packet encoding). Official servers have been crashed
//! and made to amplify by less, so nothing of this is left to the moment of decoding.

use super::scan::{Fault, Watch};
use super::text;
use smallvec::SmallVec;
use std::borrow::Cow;

/// A binary packet: finds the placeholders.
pub(crate) struct Places<'j> {
    /// One bit per attachment that has its place.
    used: SmallVec<[u64; 1]>,
    attachments: usize,
    found: usize,
    candidate: Candidate<'j>,
}

/// The object around the current position, as far as it may be a placeholder. That holds no container, so the innermost
/// object is all there is to remember.
pub(crate) struct Candidate<'j> {
    json: &'j str,
    object: Object,
    /// Which member the next scalar is the value of.
    expect: Member,
}

/// What an object was that has ended.
pub(crate) enum Ended {
    /// Data.
    Object,
    /// A placeholder of that number.
    Placeholder(usize),
    /// It called itself a placeholder, but has another form.
    Malformed,
}

#[derive(Default)]
struct Object {
    start: usize,
    members: usize,
    /// `"_placeholder":true` was among them.
    marked: bool,
    num: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Member {
    Placeholder,
    Num,
    Other,
}

impl<'j> Places<'j> {
    pub(crate) fn new(json: &'j str, attachments: usize) -> Self {
        Self {
            used: SmallVec::from_elem(0, attachments.div_ceil(64)),
            attachments,
            found: 0,
            candidate: Candidate::new(json),
        }
    }

    /// Attachments that have their place.
    pub(crate) fn found(&self) -> usize {
        self.found
    }

    fn misplaced(&self) -> Fault {
        Fault::Placeholder { at: self.candidate.object.start }
    }

    /// A container begins within the current object, which is therefore no placeholder.
    fn nest(&self) -> Result<(), Fault> {
        if self.candidate.object.marked { Err(self.misplaced()) } else { Ok(()) }
    }

    fn place(&mut self, num: usize) -> Option<()> {
        if num >= self.attachments {
            return None;
        }
        let word = self.used.get_mut(num / 64)?;
        let bit = 1_u64 << (num % 64);
        if *word & bit != 0 {
            return None;
        }
        *word |= bit;
        self.found = self.found.saturating_add(1);
        Some(())
    }
}

impl Watch for Places<'_> {
    fn open_object(&mut self, at: usize) -> Result<(), Fault> {
        self.nest()?;
        self.candidate.open_object(at);
        Ok(())
    }

    fn open_array(&mut self, _at: usize) -> Result<(), Fault> {
        self.nest()?;
        self.candidate.open_array();
        Ok(())
    }

    fn key(&mut self, start: usize, end: usize) {
        self.candidate.key(start, end);
    }

    fn scalar(&mut self, start: usize, end: usize) {
        self.candidate.scalar(start, end);
    }

    fn close_object(&mut self, _at: usize) -> Result<(), Fault> {
        let misplaced = self.misplaced();
        match self.candidate.close_object() {
            Ended::Object => Ok(()),
            Ended::Placeholder(num) => self.place(num).ok_or(misplaced),
            Ended::Malformed => Err(misplaced),
        }
    }

    fn close_array(&mut self) {
        self.candidate.close_array();
    }
}

impl<'j> Candidate<'j> {
    pub(crate) fn new(json: &'j str) -> Self {
        Self { json, object: Object::default(), expect: Member::Other }
    }

    pub(crate) fn open_object(&mut self, at: usize) {
        self.expect = Member::Other;
        self.object = Object { start: at, ..Object::default() };
    }

    /// Scalars of an array are nobody's members.
    pub(crate) fn open_array(&mut self) {
        self.expect = Member::Other;
        self.object = Object::default();
    }

    /// A member name, with its quotes.
    pub(crate) fn key(&mut self, start: usize, end: usize) {
        self.object.members = self.object.members.saturating_add(1);
        let quoted = self.json.get(start..end).unwrap_or_default();
        self.expect = match unescaped_key(quoted).as_ref() {
            "_placeholder" => Member::Placeholder,
            "num" => Member::Num,
            _ => Member::Other,
        };
    }

    pub(crate) fn scalar(&mut self, start: usize, end: usize) {
        let json = self.json.get(start..end).unwrap_or_default();
        match std::mem::replace(&mut self.expect, Member::Other) {
            Member::Placeholder => self.object.marked |= json == "true",
            Member::Num => self.object.num = index(json),
            Member::Other => {}
        }
    }

    pub(crate) fn close_object(&mut self) -> Ended {
        let ended = match self.object {
            Object { marked: false, .. } => Ended::Object,
            Object { members: 2, num: Some(num), .. } => Ended::Placeholder(num),
            _ => Ended::Malformed,
        };
        self.close_array();
        ended
    }

    /// A container ended; what is around it holds a container, so it has more members than a placeholder.
    pub(crate) fn close_array(&mut self) {
        self.expect = Member::Other;
        self.object = Object { members: 3, ..Object::default() };
    }
}

/// The member name in `quoted`, its escapes resolved: `"\u006eum"` is `num` to every JSON parser, and a
/// placeholder that hides so would be found by serde later, uncounted.
fn unescaped_key(quoted: &str) -> Cow<'_, str> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let longest = "_placeholder".len().saturating_mul(text::ESCAPE_LEN);
    if inner.len() > longest || memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str::<String>(quoted).map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// A plain decimal index.
fn index(json: &str) -> Option<usize> {
    if json.bytes().all(|byte| byte.is_ascii_digit()) { json.parse().ok() } else { None }
}
