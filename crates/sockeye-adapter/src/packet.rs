//! A packet on its way to sockets: encoded once, shared by all receivers.

use bytes::Bytes;
use std::sync::Arc;

/// One Socket.IO packet in the form in which it is written, cheap to clone: without attachments a clone is one
/// reference count.
///
/// The text carries the WebSocket header of an unmasked text frame in front, so that a WebSocket connection queues
/// [`text`](Self::text) as it is and a polling one copies [`message`](Self::message) into its payload. Attachments
/// are the bytes alone, since a payload spells them in base64.
#[derive(Clone, Debug)]
pub struct Packet {
    text: Bytes,
    attachments: Option<Arc<[Bytes]>>,
    ack_id: Option<u64>,
    header_len: u8,
    volatile: bool,
}

impl Packet {
    /// A packet from its frame: `header_len` bytes of WebSocket header (0 to 10, cut to the length of the text),
    /// then the Engine.IO message with its type byte.
    #[inline]
    pub fn new(text: impl Into<Bytes>, header_len: u8) -> Self {
        let text = text.into();
        let header_len = u8::try_from(text.len()).map_or(header_len, |len| header_len.min(len));
        Self { text, attachments: None, ack_id: None, header_len, volatile: false }
    }

    /// Adds the attachments, in the order of their placeholders.
    #[must_use]
    pub fn with_attachments(mut self, attachments: impl Into<Arc<[Bytes]>>) -> Self {
        let attachments = attachments.into();
        self.attachments = if attachments.is_empty() { None } else { Some(attachments) };
        self
    }

    /// Says which ack id stands in the text: a receiver expects an answer to it.
    #[must_use]
    pub fn with_ack_id(mut self, ack_id: u64) -> Self {
        self.ack_id = Some(ack_id);
        self
    }

    /// Lets a receiver that cannot write at once drop the packet.
    #[must_use]
    pub fn into_volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// The whole text frame, header included.
    #[inline]
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// Bytes of WebSocket header at the front of [`text`](Self::text).
    #[inline]
    pub fn header_len(&self) -> usize {
        usize::from(self.header_len)
    }

    /// The Engine.IO message without the WebSocket header.
    #[inline]
    pub fn message(&self) -> &[u8] {
        self.text.get(self.header_len()..).unwrap_or_default()
    }

    /// The attachments; empty for a text packet.
    #[inline]
    pub fn attachments(&self) -> &[Bytes] {
        self.attachments.as_deref().unwrap_or_default()
    }

    /// The attachments to keep, as one reference count; `None` for a text packet.
    #[inline]
    pub fn shared_attachments(&self) -> Option<&Arc<[Bytes]>> {
        self.attachments.as_ref()
    }

    /// The ack id in the text, if an answer is expected.
    #[inline]
    pub fn ack_id(&self) -> Option<u64> {
        self.ack_id
    }

    /// Whether a receiver that cannot write at once drops the packet.
    #[inline]
    pub fn is_volatile(&self) -> bool {
        self.volatile
    }

    /// What the packet weighs in a queue: frame and attachments.
    #[inline]
    pub fn size_bytes(&self) -> usize {
        self.attachments().iter().fold(self.text.len(), |sum, part| sum.saturating_add(part.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_the_frame_without_its_header() {
        let packet = Packet::new(&b"\x81\x05hello"[..], 2);
        assert_eq!((packet.text().as_ref(), packet.message()), (&b"\x81\x05hello"[..], &b"hello"[..]));
        assert_eq!(packet.header_len(), 2);
    }

    #[test]
    fn a_header_is_never_longer_than_the_frame() {
        for (len, header_len, cut) in
            [(0, 2, 0), (3, 2, 2), (3, 3, 3), (3, 4, 3), (255, 10, 10), (300, 10, 10)]
        {
            let packet = Packet::new(vec![b'x'; len], header_len);
            assert_eq!(packet.header_len(), cut, "{len} {header_len}");
            assert_eq!(packet.message().len(), len - cut);
        }
    }

    #[test]
    fn a_clone_shares_the_bytes() {
        let packet = Packet::new(vec![b'x'; 100], 2).with_attachments(vec![Bytes::from(vec![1, 2, 3])]);
        let copy = packet.clone();
        assert_eq!(packet.text().as_ptr(), copy.text().as_ptr());
        assert_eq!(packet.attachments().as_ptr(), copy.attachments().as_ptr());
        assert_eq!(copy.size_bytes(), 103);
    }

    #[test]
    fn a_plain_packet_has_no_extras() {
        let packet = Packet::new(&b"2"[..], 0).with_attachments(Vec::new());
        assert!(packet.attachments().is_empty() && packet.shared_attachments().is_none());
        assert_eq!((packet.ack_id(), packet.is_volatile()), (None, false));
        let packet = packet.with_ack_id(7).into_volatile();
        assert_eq!((packet.ack_id(), packet.is_volatile()), (Some(7), true));
    }
}
