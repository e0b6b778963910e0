//! Socket.IO packets of the contract, told apart by their first bytes, and the answers that are not copies.

use memchr::memchr;

use crate::frame;

/// The answer to CONNECT. One id for all: nobody asks.
pub(super) const CONNECTED: &[u8] = b"40{\"sid\":\"limitlimitlimitlimit\"}";

/// What a text message asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    /// The same bytes back: an echo, or the header of a binary packet.
    Same(&'a [u8]),
    /// The same bytes to everyone.
    Broadcast(&'a [u8]),
    /// `42["room","r7",X]`: X to the sender's room; `argument` is `X]`.
    Room { argument: &'a [u8] },
    /// `420["join","r7"]`: room 8, since 0 means none.
    Join { room: u16 },
    /// `42<id>["ack",X]`; `argument` is `X]`.
    Ack { id: &'a [u8], argument: &'a [u8] },
    /// CONNECT.
    Connect,
    /// DISCONNECT.
    Disconnect,
    /// Nothing of the contract.
    Unknown,
}

/// Looks at as few bytes as tell the contract's packets apart.
#[inline]
pub(super) fn classify(packet: &[u8]) -> Packet<'_> {
    if packet.starts_with(b"42[\"e") || packet.starts_with(b"451-") {
        Packet::Same(packet)
    } else if packet.starts_with(b"42[\"b") {
        Packet::Broadcast(packet)
    } else if let Some(rest) = packet.strip_prefix(b"42[\"room\",\"") {
        let argument = memchr(b'"', rest).and_then(|end| rest.get(end + 2..));
        argument.map_or(Packet::Unknown, |argument| Packet::Room { argument })
    } else if let Some(rest) = packet.strip_prefix(b"420[\"join\",\"r") {
        let room = u16::try_from(number(rest)).unwrap_or(u16::MAX);
        Packet::Join { room: room.saturating_add(1) }
    } else if let Some(rest) = packet.strip_prefix(b"42") {
        let end = memchr(b'[', rest).unwrap_or(rest.len());
        let argument = rest.get(end + "[\"ack\",".len()..);
        argument.map_or(Packet::Unknown, |argument| Packet::Ack { id: &rest[..end], argument })
    } else if packet.starts_with(b"40") {
        Packet::Connect
    } else if packet.starts_with(b"41") {
        Packet::Disconnect
    } else {
        Packet::Unknown
    }
}

/// Appends the frame of `43<id>[X]`.
#[inline]
pub(super) fn push_ack(out: &mut Vec<u8>, id: &[u8], argument: &[u8]) {
    frame::push_header(out, frame::TEXT, "43[".len() + id.len() + argument.len());
    out.extend_from_slice(b"43");
    out.extend_from_slice(id);
    out.push(b'[');
    out.extend_from_slice(argument);
}

/// The frame of `42["room",X]`.
#[inline]
pub(super) fn room_frame(argument: &[u8]) -> Vec<u8> {
    const EVENT: &[u8] = b"42[\"room\",";
    let mut frame = Vec::with_capacity(EVENT.len() + argument.len() + 4);
    frame::push_header(&mut frame, frame::TEXT, EVENT.len() + argument.len());
    frame.extend_from_slice(EVENT);
    frame.extend_from_slice(argument);
    frame
}

/// The decimal number that `bytes` start with, 0 without one.
pub(super) fn number(bytes: &[u8]) -> usize {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0_usize, |number, digit| number.saturating_mul(10).saturating_add(usize::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_of_the_contract_is_told_apart() {
        let rows: [(&[u8], Packet<'_>); 9] = [
            (b"42[\"echo\",\"x\"]", Packet::Same(b"42[\"echo\",\"x\"]")),
            (b"451-[\"bin\",{}]", Packet::Same(b"451-[\"bin\",{}]")),
            (b"42[\"bcast\",1]", Packet::Broadcast(b"42[\"bcast\",1]")),
            (b"42[\"room\",\"r17\",\"x\"]", Packet::Room { argument: b"\"x\"]" }),
            (b"420[\"join\",\"r17\"]", Packet::Join { room: 18 }),
            (b"42107[\"ack\",\"x\"]", Packet::Ack { id: b"107", argument: b"\"x\"]" }),
            (b"40", Packet::Connect),
            (b"41", Packet::Disconnect),
            (b"3", Packet::Unknown),
        ];
        for (bytes, packet) in rows {
            assert_eq!(classify(bytes), packet, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_packet_cut_short_is_unknown_and_a_huge_room_is_the_last() {
        for bytes in [&b"42"[..], b"42[\"room\",\"r1", b"42[\"room\",\"r1\"", b"421[\"ack\""] {
            assert_eq!(classify(bytes), Packet::Unknown, "{}", bytes.escape_ascii());
        }
        assert_eq!(classify(b"420[\"join\",\"r99999999999999999999\"]"), Packet::Join { room: u16::MAX });
    }

    #[test]
    fn answers_carry_the_argument_alone() {
        let mut ack = Vec::new();
        push_ack(&mut ack, b"107", b"\"x\"]");
        assert_eq!(ack, b"\x81\x0a43107[\"x\"]");
        assert_eq!(room_frame(b"\"x\"]"), b"\x81\x0e42[\"room\",\"x\"]");
    }
}
