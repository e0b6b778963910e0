//! A packet on its way to sockets: encoded once, shared by all receivers.

use bytes::Bytes;
use std::any::Any;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

/// Gathers the answers to an acked packet. Only the server that made it knows its type.
pub type AckCollector = Arc<dyn Any + Send + Sync>;

/// One Socket.IO packet in the form in which it is written. A clone is one reference count.
///
/// The form is a run of whole, unmasked WebSocket frames: the text frame, then a binary frame for each
/// attachment, in one piece so that nothing comes between them. A WebSocket connection writes it as it is; a
/// polling one takes the frames apart.
///
/// ```
/// use sockeye_adapter::Packet;
///
/// let packet = Packet::new(&b"\x81\x0642[\"a\"]"[..]).into_volatile();
/// assert!(packet.is_volatile());
/// ```
#[derive(Clone)]
pub struct Packet {
    frames: Bytes,
    ack: Option<(u64, AckCollector)>,
    volatile: bool,
    position: Option<NonZeroU64>,
}

impl Packet {
    /// A packet from its frames.
    #[inline]
    pub fn new(frames: impl Into<Bytes>) -> Self {
        Self { frames: frames.into(), ack: None, volatile: false, position: None }
    }

    /// Says that each receiver owes an answer: the ack id that stands in the text, and who gathers the answers.
    #[must_use]
    pub fn with_ack(mut self, id: u64, collector: AckCollector) -> Self {
        self.ack = Some((id, collector));
        self
    }

    /// Lets a receiver that cannot write at once drop the packet.
    #[must_use]
    pub fn into_volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Says where the packet stands in the log of a namespace whose sockets can be recovered.
    #[must_use]
    pub fn at_position(mut self, position: NonZeroU64) -> Self {
        self.position = Some(position);
        self
    }

    /// The frames to write.
    #[inline]
    pub fn frames(&self) -> &Bytes {
        &self.frames
    }

    /// The ack id and who gathers the answers, if answers are expected.
    #[inline]
    pub fn ack(&self) -> Option<(u64, &AckCollector)> {
        self.ack.as_ref().map(|(id, collector)| (*id, collector))
    }

    /// Whether a receiver that cannot write at once drops the packet.
    #[inline]
    pub fn is_volatile(&self) -> bool {
        self.volatile
    }

    /// The place in the log, if the packet is in one.
    #[inline]
    pub fn position(&self) -> Option<NonZeroU64> {
        self.position
    }
}

impl fmt::Debug for Packet {
    /// Without the frames, which are somebody's message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("bytes", &self.frames.len())
            .field("ack_id", &self.ack.as_ref().map(|(id, _)| id))
            .field("volatile", &self.volatile)
            .finish()
    }
}
