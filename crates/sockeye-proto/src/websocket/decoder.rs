//! Bytes to messages (RFC 6455 § 5 and § 6.2), in the caller's buffer.
//!
//! A whole frame is unmasked where it lies and handed out borrowed; only the fragments of a message that is
//! still incomplete are copied together here. The caller keeps the bytes of an incomplete frame. Answering
//! pings and closes, and reading nothing more after a close, is the caller's.

use super::deflate::{inflate, max_deflated_bytes};
use super::frame::{Lead, RESERVED, RSV1};
use super::{CloseCode, CloseFrame, FrameError, Opcode, apply_mask};

/// Which end decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes the masked frames of a client.
    Server,
    /// Takes the unmasked frames of a server.
    Client,
}

/// What the peer said: a whole message or a control frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// To be answered by a pong with the same bytes, at most 125.
    Ping(&'a [u8]),
    /// An answer to a ping, or an unasked sign of life; at most 125 bytes.
    Pong(&'a [u8]),
    /// The last frame of the peer, with or without a code. Whatever follows must be dropped undecoded.
    Close(Option<CloseFrame<'a>>),
}

/// One step of a [`Decoder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// Bytes at the front of the input that are done with. Can be more than 0 without a message: fragments
    /// of an incomplete message were taken in.
    pub consumed: usize,
    /// The first whole message of the input; `None` if the rest after `consumed` is too short for one.
    pub message: Option<Message<'a>>,
    /// Without a message: how many more bytes the frame after `consumed` announces than have arrived, 0 if
    /// not even its length has. The peer's word, so no reason to reserve that much memory.
    pub missing: usize,
}

/// Takes received bytes apart into messages. 24 bytes while no fragmented message is open.
///
/// Call [`decode`](Self::decode) with what has arrived until it gives no message, each time without the
/// bytes it consumed, then keep the rest and read more.
///
/// ```
/// use sockeye_proto::websocket::{Decoder, Message, Opcode, Role, encode_frame};
///
/// let mut input = Vec::new();
/// encode_frame(&mut input, Opcode::Text, b"Hello", Some([0x37, 0xfa, 0x21, 0x3d]));
///
/// let mut decoder = Decoder::new(Role::Server, 1_000_000);
/// assert_eq!(decoder.decode(&mut input[..3])?.message, None);
/// assert_eq!(decoder.decode(&mut input)?.message, Some(Message::Text("Hello")));
/// # Ok::<_, sockeye_proto::websocket::FrameError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    max_message_bytes: usize,
    /// Filled by the first fragment of a message. Emptied by the first `decode` after the last fragment,
    /// because the message handed out lies in here.
    fragments: Option<Box<Fragments>>,
    role: Role,
    /// The reserved bits that are an error.
    reserved: u8,
}

impl Decoder {
    /// A decoder at the start of a connection. A message, whether in one frame or in fragments, may have up
    /// to `max_message_bytes` and up to 16 384 fragments, or one per 64 bytes of the limit if that is more.
    pub fn new(role: Role, max_message_bytes: usize) -> Decoder {
        Decoder { max_message_bytes, fragments: None, role, reserved: RESERVED }
    }

    /// Takes compressed messages too, as the peers have agreed (RFC 7692). The limit counts inflated bytes, and
    /// nothing is inflated beyond it. What inflating needs, about 50 KiB and the message, exists only while a
    /// message is inflated and handed out.
    #[must_use]
    pub fn deflate(mut self) -> Decoder {
        self.reserved = RESERVED & !RSV1;
        self
    }

    /// Decodes up to the end of the first whole message in `input`, which may begin with any number of
    /// fragments. The bytes after [`consumed`](Decoded::consumed) are left as they came and must come again,
    /// with more behind them.
    ///
    /// # Errors
    ///
    /// The peer broke the protocol or a limit; known as soon as the header that does it is there, for text
    /// at the end of the fragment, for a compressed message at its end. The connection must be failed: the decoder makes no sense afterwards.
    #[inline]
    pub fn decode<'a>(&'a mut self, input: &'a mut [u8]) -> Result<Decoded<'a>, FrameError> {
        if self.fragments.as_ref().is_some_and(|fragments| fragments.delivered) {
            self.fragments = None;
        }
        let mut consumed = 0;
        let mut rest = input;
        loop {
            let Some(frame) = self.read_header(rest)? else { return Ok(short(consumed, 0)) };
            let missing = frame.end.saturating_sub(rest.len());
            let Some((bytes, behind)) = rest.split_at_mut_checked(frame.end) else {
                return Ok(short(consumed, missing));
            };
            rest = behind;
            consumed += frame.end;
            let payload = frame.unmask(bytes);
            let message = match frame.opcode {
                Opcode::Text if frame.is_whole() => Message::Text(text(payload)?),
                Opcode::Binary if frame.is_whole() => Message::Binary(payload),
                Opcode::Ping => Message::Ping(payload),
                Opcode::Pong => Message::Pong(payload),
                Opcode::Close => Message::Close(close(payload)?),
                Opcode::Text | Opcode::Binary | Opcode::Continuation => {
                    self.take_fragment(&frame, payload)?;
                    if !frame.fin {
                        continue;
                    }
                    self.whole_message()?
                }
            };
            return Ok(Decoded { consumed, message: Some(message), missing: 0 });
        }
    }

    /// Length and capacity of the buffer for fragments, `None` if there is none.
    #[cfg(test)]
    pub(super) fn held(&self) -> Option<(usize, usize)> {
        self.fragments.as_ref().map(|open| (open.bytes.len(), open.bytes.capacity()))
    }

    /// How many bytes of an open text the next fragment looks at again.
    #[cfg(test)]
    pub(super) fn unchecked(&self) -> Option<usize> {
        self.fragments.as_ref().map(|open| open.bytes.len() - open.valid_up_to)
    }

    /// Reads the header at the front and judges it before any of its payload has to be there.
    #[inline]
    fn read_header(&self, input: &[u8]) -> Result<Option<Frame>, FrameError> {
        let Some(lead) = Lead::read(self.role, self.reserved, input)? else { return Ok(None) };
        let mut message_bytes = 0;
        let mut deflated = lead.deflated;
        if !lead.opcode.is_control() {
            match (&self.fragments, lead.opcode) {
                (None, Opcode::Continuation) => return Err(FrameError::UnexpectedContinuation),
                (None, _) => {}
                (Some(open), Opcode::Continuation) => {
                    message_bytes = open.admit(self.max_fragments())?;
                    deflated = open.deflated;
                }
                (Some(_), opcode) => return Err(FrameError::ExpectedContinuation { opcode }),
            }
        }
        let Some((payload_len, mask_start)) = lead.payload_len(input)? else { return Ok(None) };
        let payload_start = mask_start + lead.mask_len();
        let limit =
            if deflated { max_deflated_bytes(self.max_message_bytes) } else { self.max_message_bytes };
        let len = payload_len.saturating_add(message_bytes);
        let end = match usize::try_from(payload_len) {
            Ok(payload_len) if lead.opcode.is_control() || len <= limit as u64 => {
                payload_start.saturating_add(payload_len)
            }
            _ => return Err(FrameError::MessageTooBig { len, limit }),
        };
        let Lead { fin, deflated, opcode, .. } = lead;
        Ok(Some(Frame { fin, deflated, opcode, mask_start, payload_start, end }))
    }

    /// Beyond this a message is an attack on the cost per fragment; peers that cut by 64 bytes stay below.
    fn max_fragments(&self) -> usize {
        (self.max_message_bytes / 64 + 1).max(16_384)
    }

    #[inline(never)]
    fn take_fragment(&mut self, frame: &Frame, payload: &[u8]) -> Result<(), FrameError> {
        let first = || Box::new(Fragments::new(frame));
        self.fragments.get_or_insert_with(first).take(payload)
    }

    /// The message whose last fragment was just taken in.
    fn whole_message(&mut self) -> Result<Message<'_>, FrameError> {
        let Some(fragments) = &mut self.fragments else { return Err(FrameError::UnexpectedContinuation) };
        fragments.delivered = true;
        if fragments.deflated {
            fragments.bytes = inflate(&fragments.bytes, self.max_message_bytes)?;
        }
        if fragments.is_text {
            Ok(Message::Text(text(&fragments.bytes)?))
        } else {
            Ok(Message::Binary(&fragments.bytes))
        }
    }
}

/// Where things lie in the frame at the front of the input.
struct Frame {
    fin: bool,
    /// The first frame of a compressed message.
    deflated: bool,
    opcode: Opcode,
    /// Equal to `payload_start` if there is no mask.
    mask_start: usize,
    payload_start: usize,
    end: usize,
}

impl Frame {
    /// Whether the payload is a message as it stands.
    #[inline]
    fn is_whole(&self) -> bool {
        self.fin && !self.deflated
    }

    /// The payload of the frame that `bytes` is, in the clear.
    #[inline]
    fn unmask<'a>(&self, bytes: &'a mut [u8]) -> &'a mut [u8] {
        let Some((header, payload)) = bytes.split_at_mut_checked(self.payload_start) else {
            return Default::default();
        };
        if let Some(key) = header.get(self.mask_start..).and_then(|mask| mask.first_chunk()) {
            apply_mask(payload, *key);
        }
        payload
    }
}

/// The message that is arriving in fragments, or that came compressed.
#[derive(Debug)]
struct Fragments {
    /// What has arrived, unmasked; grows by what arrives and never by what is announced. Inflated at the end.
    bytes: Vec<u8>,
    /// How many frames that was.
    count: usize,
    /// Of a text, how many of the bytes are whole, valid characters.
    valid_up_to: usize,
    is_text: bool,
    deflated: bool,
    /// The last fragment came and the message was handed out.
    delivered: bool,
}

impl Fragments {
    fn new(first: &Frame) -> Fragments {
        Fragments {
            bytes: Vec::new(),
            count: 0,
            valid_up_to: 0,
            is_text: first.opcode == Opcode::Text,
            deflated: first.deflated,
            delivered: false,
        }
    }

    /// Whether one more fragment may come, and how many bytes lie here already.
    fn admit(&self, limit: usize) -> Result<u64, FrameError> {
        if self.count >= limit {
            Err(FrameError::TooManyFragments { limit })
        } else {
            Ok(self.bytes.len() as u64)
        }
    }

    /// Text is checked as it comes, so that a peer learns of its first bad byte and not of its last.
    fn take(&mut self, payload: &[u8]) -> Result<(), FrameError> {
        self.count += 1;
        self.bytes.extend_from_slice(payload);
        if !self.is_text || self.deflated {
            return Ok(());
        }
        let unchecked = self.bytes.get(self.valid_up_to..).unwrap_or_default();
        match simdutf8::compat::from_utf8(unchecked) {
            Ok(_) => self.valid_up_to = self.bytes.len(),
            Err(error) => {
                self.valid_up_to += error.valid_up_to();
                // Without a length the error is a character that the next fragment may complete; that there
                // is one is seen when the message is whole.
                if error.error_len().is_some() {
                    return Err(FrameError::InvalidUtf8 { valid_up_to: self.valid_up_to });
                }
            }
        }
        Ok(())
    }
}

fn short(consumed: usize, missing: usize) -> Decoded<'static> {
    Decoded { consumed, message: None, missing }
}

#[inline]
fn text(payload: &[u8]) -> Result<&str, FrameError> {
    simdutf8::basic::from_utf8(payload).map_err(|_| invalid_utf8(payload))
}

/// The valid way through the check keeps no position, so a failure looks for it again.
#[cold]
fn invalid_utf8(payload: &[u8]) -> FrameError {
    let valid_up_to = simdutf8::compat::from_utf8(payload).map_or_else(|error| error.valid_up_to(), str::len);
    FrameError::InvalidUtf8 { valid_up_to }
}

fn close(payload: &[u8]) -> Result<Option<CloseFrame<'_>>, FrameError> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(FrameError::ShortClose) };
    };
    let code = u16::from_be_bytes(*code);
    let code = CloseCode::new(code).ok_or(FrameError::InvalidCloseCode { code })?;
    Ok(Some(CloseFrame { code, reason: text(reason)? }))
}
