//! Arguments of events and acks: JSON slices that are already valid, turned into a user's type only when
//! asked. Borrowed ([`Args`], [`Event`]) on the way to a handler, owned ([`ArgsBuf`], [`EventBuf`]) while
//! they wait in an inbox or for a task.

use super::json::decode;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt;

/// Where one element of a payload array stands: start and end, in bytes.
pub(crate) type Span = (u32, u32);

/// The elements of a payload array. Five are a name and four arguments.
pub(crate) type SpanVec = SmallVec<[Span; 5]>;

#[derive(Clone, Debug)]
pub(crate) enum Spans<'a> {
    Own(SpanVec),
    Lent(&'a [Span]),
}

/// The arguments of an event or ack: JSON texts already validated, decoded by serde only when asked.
///
/// Decoding gives attachments to types that ask for bytes ([`Bytes`], `serde_bytes`), at any depth;
/// `Vec<u8>` is an array of numbers, as in JSON.
#[derive(Clone, Debug)]
pub struct Args<'a> {
    text: &'a str,
    spans: Spans<'a>,
    /// Leading spans that are no arguments: 1 for an event, whose payload begins with its name.
    skip: u8,
    repaired: bool,
    attachments: &'a [Bytes],
}

impl<'a> Args<'a> {
    #[inline]
    pub(crate) fn new(text: &'a str, spans: Spans<'a>, skip: u8, attachments: &'a [Bytes]) -> Self {
        Self { text, spans, skip, repaired: false, attachments }
    }

    /// The same payload, its first element taken for the name of an event.
    #[inline]
    pub(crate) fn without_name(self) -> Self {
        Self { skip: 1, ..self }
    }

    #[inline]
    pub(crate) fn repaired(self) -> Self {
        Self { repaired: true, ..self }
    }

    /// Whether some text arrived with a lone surrogate, which no Rust string holds, and has U+FFFD in its place.
    /// Copies that own their text do not tell.
    #[inline]
    pub fn is_repaired(&self) -> bool {
        self.repaired
    }

    #[inline]
    fn spans(&self) -> &[Span] {
        let all = match &self.spans {
            Spans::Own(spans) => spans.as_slice(),
            Spans::Lent(spans) => spans,
        };
        all.get(usize::from(self.skip)..).unwrap_or_default()
    }

    /// How many arguments there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.spans().len()
    }

    /// Whether there is no argument.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The JSON text of argument `index`. In a binary packet, attachments stand in it as placeholders.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&'a str> {
        let &(start, end) = self.spans().get(index)?;
        self.text.get(start as usize..end as usize)
    }

    /// The binary attachments that placeholders in the arguments refer to, by number.
    #[inline]
    pub fn attachments(&self) -> &'a [Bytes] {
        self.attachments
    }

    /// Decodes argument `index`. An absent argument is decoded as `null`, so that `Option` and `()` accept
    /// it.
    ///
    /// # Errors
    /// [`ArgError::Missing`] when it is absent and the type wants a value, [`ArgError::Invalid`] when the
    /// type does not accept the JSON.
    #[inline]
    pub fn decode<T: DeserializeOwned>(&self, index: usize) -> Result<T, ArgError> {
        match self.get(index) {
            Some(json) => decode::from_json(json, self.attachments)
                .map_err(|error| ArgError::Invalid { index, reason: error.to_string() }),
            None => decode::from_absent().ok_or(ArgError::Missing { index }),
        }
    }

    /// Argument `index`, if it is bytes as a whole: shared, not copied.
    pub fn bytes(&self, index: usize) -> Option<Bytes> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Placeholder {
            _placeholder: bool,
            num: usize,
        }

        if self.attachments.is_empty() {
            return None;
        }
        let placeholder: Placeholder = serde_json::from_str(self.get(index)?).ok()?;
        self.attachments.get(placeholder.num).filter(|_| placeholder._placeholder).cloned()
    }

    /// Decodes all arguments together: a tuple takes one argument per field (absent ones as `null`, further
    /// ones ignored), a sequence takes them all, `()` takes none.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and [`ArgError::Shape`] when the type is neither a tuple nor a sequence.
    pub fn decode_all<T: DeserializeOwned>(&self) -> Result<T, ArgError> {
        decode::all(self)
    }

    /// The arguments behind the first `count`. The attachments stay numbered as they were, so what is left out
    /// should hold none when the rest is sent on.
    pub fn skip(&self, count: usize) -> Args<'a> {
        let skip = u8::try_from(count).map_or(u8::MAX, |count| self.skip.saturating_add(count));
        Args { skip, ..self.clone() }
    }

    /// A copy that owns its text (one allocation) and shares the attachments.
    pub fn to_owned_args(&self) -> ArgsBuf {
        ArgsBuf::copy("", self)
    }
}

/// Why arguments could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArgError {
    /// There is no such argument, and its type accepts no `null`.
    Missing {
        /// Position of the argument, from 0.
        index: usize,
    },
    /// The argument is not what its type asks for.
    Invalid {
        /// Position of the argument, from 0.
        index: usize,
        /// What serde says.
        reason: String,
    },
    /// The arguments as a whole do not fit the type.
    Shape {
        /// What serde says.
        reason: String,
    },
}

impl fmt::Display for ArgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { index } => write!(f, "argument {index} is missing"),
            Self::Invalid { index, reason } => write!(f, "argument {index} does not fit: {reason}"),
            Self::Shape { reason } => write!(f, "the arguments do not fit: {reason}"),
        }
    }
}

impl std::error::Error for ArgError {}

/// An event as it arrived.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// Its name. A numeric name is its decimal text.
    pub name: Cow<'a, str>,
    /// Its arguments, without the name.
    pub args: Args<'a>,
    /// The id that an ack must carry, when the sender waits for one.
    pub ack_id: Option<u64>,
}

impl Event<'_> {
    /// A copy that owns its text (one allocation) and shares the attachments.
    pub fn to_owned_event(&self) -> EventBuf {
        let name_len = u32::try_from(self.name.len()).unwrap_or(u32::MAX);
        EventBuf { name_len, args: ArgsBuf::copy(&self.name, &self.args), ack_id: self.ack_id }
    }
}

/// Arguments that own their text.
#[derive(Clone, Debug)]
pub struct ArgsBuf {
    /// The name of the event, if any, then the text from the first to the last argument.
    text: Box<str>,
    spans: SpanVec,
    attachments: Box<[Bytes]>,
}

impl ArgsBuf {
    fn copy(prefix: &str, args: &Args<'_>) -> Self {
        let spans = args.spans();
        let start = spans.first().map_or(0, |span| span.0);
        let end = spans.last().map_or(start, |span| span.1);
        let kept = args.text.get(start as usize..end as usize).unwrap_or_default();

        let mut text = String::with_capacity(prefix.len().saturating_add(kept.len()));
        text.push_str(prefix);
        text.push_str(kept);
        // The copy is no longer than the packet it comes from, whose length fits in a u32, except by a
        // numeric name spelled out, which is short.
        let shift = u32::try_from(prefix.len()).unwrap_or(u32::MAX);
        let moved = |at: u32| at.saturating_sub(start).saturating_add(shift);
        Self {
            text: text.into_boxed_str(),
            spans: spans.iter().map(|&(from, to)| (moved(from), moved(to))).collect(),
            attachments: args.attachments.into(),
        }
    }

    /// The arguments, borrowed.
    #[inline]
    pub fn as_args(&self) -> Args<'_> {
        Args::new(&self.text, Spans::Lent(&self.spans), 0, &self.attachments)
    }

    /// Memory held, in bytes, attachments included.
    pub fn size_bytes(&self) -> usize {
        let spans = if self.spans.spilled() { size_of_val(self.spans.as_slice()) } else { 0 };
        let attachments: usize = self.attachments.iter().map(Bytes::len).sum();
        [size_of::<Self>(), self.text.len(), spans, size_of_val(&*self.attachments), attachments]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

/// An event that owns its text, to wait for its turn.
#[derive(Clone, Debug)]
pub struct EventBuf {
    name_len: u32,
    args: ArgsBuf,
    ack_id: Option<u64>,
}

impl EventBuf {
    /// The event, borrowed.
    #[inline]
    pub fn as_event(&self) -> Event<'_> {
        let name = self.args.text.get(..self.name_len as usize).unwrap_or_default();
        Event { name: Cow::Borrowed(name), args: self.args.as_args(), ack_id: self.ack_id }
    }

    /// Memory held, in bytes, attachments included: what an inbox counts.
    pub fn size_bytes(&self) -> usize {
        size_of::<Self>().saturating_sub(size_of::<ArgsBuf>()).saturating_add(self.args.size_bytes())
    }
}
