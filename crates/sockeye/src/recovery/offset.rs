//! What an event carries as its last argument, and a client shows to say how far it has read: a place in the log of
//! one namespace, spelled in 16 characters of a fixed width, so that it can be filled in when everything else of the
//! packet is written already.

use crate::random;
use sockeye_proto::socket::Encoded;
use std::num::NonZeroU64;
use std::sync::OnceLock;

/// Characters of an offset.
pub(crate) const OFFSET_LEN: usize = 16;

/// What is behind the offset in a packet: the closing quote and bracket.
const BEHIND: usize = 2;

/// The bit of a number that says that it is the place of no packet, but where the log ended at a volatile event.
const BETWEEN: u64 = 1 << 47;

/// Names one log of one run of one server, so that an offset of another is known as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

/// How far a client has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offset {
    /// Up to this packet, which it got.
    Packet(NonZeroU64),
    /// Up to this place, where an event was sent that is in no log.
    Between(u64),
}

impl Epoch {
    pub(crate) fn new() -> Self {
        let [a, b, c, d, e, f, ..] = random::entropy();
        Self(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }

    pub(crate) fn spell(self, offset: Offset) -> [u8; OFFSET_LEN] {
        let number = match offset {
            Offset::Packet(at) => at.get(),
            Offset::Between(at) => at | BETWEEN,
        };
        let mut text = [0; OFFSET_LEN];
        let (epoch, place) = text.split_at_mut(OFFSET_LEN / 2);
        spell(self.0, epoch);
        spell(number, place);
        text
    }

    /// `None` for a text that is no offset of this log.
    pub(crate) fn read(self, text: &str) -> Option<Offset> {
        let (epoch, place) = text.split_at_checked(OFFSET_LEN / 2).filter(|_| text.len() == OFFSET_LEN)?;
        if read(epoch)? != self.0 {
            return None;
        }
        let number = read(place)?;
        match number & BETWEEN {
            0 => NonZeroU64::new(number).map(Offset::Packet),
            _ => Some(Offset::Between(number ^ BETWEEN)),
        }
    }
}

/// Whether a client would take the last argument of this event for an offset. An event without arguments ends in
/// its name.
pub(crate) fn ends_in_a_string(event: &Encoded) -> bool {
    event.text.ends_with(b"\"]")
}

/// Appends an argument for the offset, and says where in the text it will stand.
pub(crate) fn append_blank(event: &mut Encoded) -> usize {
    event.text.pop();
    event.text.extend_from_slice(b",\"");
    let at = event.text.len();
    event.text.extend_from_slice(blank());
    event.text.extend_from_slice(b"\"]");
    debug_assert_eq!(at + OFFSET_LEN + BEHIND, event.text.len());
    at
}

/// Where a parser of the server's own put the blank.
pub(crate) fn find_blank(frames: &[u8]) -> Option<usize> {
    frames.windows(OFFSET_LEN).rposition(|window| window == blank())
}

/// Stands for an offset that is not known yet. It never leaves this process, so nobody can put it into a packet.
fn blank() -> &'static [u8; OFFSET_LEN] {
    static BLANK: OnceLock<[u8; OFFSET_LEN]> = OnceLock::new();
    BLANK.get_or_init(|| {
        let entropy = random::entropy();
        let mut blank = *b"~~~~~~~~~~~~~~~~";
        for (letter, byte) in blank.iter_mut().zip(entropy) {
            *letter = DIGITS[usize::from(byte & 63)];
        }
        blank
    })
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn spell(mut number: u64, into: &mut [u8]) {
    for digit in into.iter_mut().rev() {
        *digit = DIGITS[(number & 63) as usize];
        number >>= 6;
    }
}

fn read(text: &str) -> Option<u64> {
    text.bytes().try_fold(0, |number, byte| {
        let digit = DIGITS.iter().position(|&digit| digit == byte)?;
        Some(number << 6 | digit as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_proto::socket::{EventArgs, encode_event};

    fn packet(at: u64) -> Offset {
        Offset::Packet(NonZeroU64::new(at).unwrap())
    }

    #[test]
    fn an_offset_comes_back_as_it_was_spelled() {
        let epoch = Epoch::new();
        for offset in
            [packet(1), packet(2), packet(BETWEEN - 1), Offset::Between(0), Offset::Between(BETWEEN - 1)]
        {
            let text = epoch.spell(offset);
            assert_eq!(epoch.read(std::str::from_utf8(&text).unwrap()), Some(offset));
        }
    }

    #[test]
    fn what_is_no_offset_of_this_log_is_none() {
        let epoch = Epoch(7);
        let of_another = Epoch(8).spell(packet(1));
        let of_another = std::str::from_utf8(&of_another).unwrap();
        let zero = "AAAAAAAHAAAAAAAA";
        for text in [
            "",
            "tick",
            "AAAAAAAHAAAAAAA",
            "AAAAAAAHAAAAAAABA",
            "AAAAAAAHAAAAAA B",
            "AAAAAAAHAAAAAAéA",
            zero,
            of_another,
        ] {
            assert_eq!(epoch.read(text), None, "{text}");
        }
        assert_eq!(epoch.read("AAAAAAAHAAAAAAAB"), Some(packet(1)));
    }

    #[test]
    fn the_last_argument_decides_whether_an_event_ends_in_a_string() {
        fn ends(args: impl EventArgs) -> bool {
            ends_in_a_string(&encode_event("/", "e", None, args, 0).unwrap())
        }
        assert!(ends("text") && ends((1, "")) && ends(()) && ends("\"") && ends("]"));
        assert!(!ends(&1) && !ends(("text", 1)) && !ends(&["text"]) && !ends(&true));
        assert!(!ends(&serde_json::json!({"a": "text"})) && !ends(&Option::<u8>::None));
    }

    #[test]
    fn the_blank_is_the_last_argument() {
        let mut event = encode_event("/n", "e", None, &1, 3).unwrap();
        let at = append_blank(&mut event);
        event.text[at..at + OFFSET_LEN].copy_from_slice(&Epoch(0).spell(packet(1)));
        assert_eq!(&event.text[3..], b"42/n,[\"e\",1,\"AAAAAAAAAAAAAAAB\"]");
    }
}
