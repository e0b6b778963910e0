//! A packet on its way to sockets: encoded once, shared by all receivers.

use bytes::Bytes;
use sockeye_proto::websocket::WindowBits;
use std::any::Any;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, OnceLock};

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
///
/// Connections that agreed on compression share compressed frames, one form for each window size, which the first
/// of them makes.
#[derive(Clone)]
pub struct Packet {
    frames: Bytes,
    ack: Option<(u64, AckCollector)>,
    volatile: bool,
    position: Option<NonZeroU64>,
    uncompressed: bool,
    /// The frames compressed, by window size; nothing is allocated as long as nobody compresses.
    deflated: OnceLock<Arc<Deflated>>,
}

impl Packet {
    /// A packet from its frames.
    #[inline]
    pub fn new(frames: impl Into<Bytes>) -> Self {
        Self {
            frames: frames.into(),
            ack: None,
            volatile: false,
            position: None,
            uncompressed: false,
            deflated: OnceLock::new(),
        }
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

    /// Lets nobody compress the packet.
    #[must_use]
    pub fn into_uncompressed(mut self) -> Self {
        self.uncompressed = true;
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

    /// Whether the packet must stay as it is.
    #[inline]
    pub fn is_uncompressed(&self) -> bool {
        self.uncompressed
    }

    /// Compresses the frames for receivers with a window of this size, unless that was done: `compress` makes a run
    /// of frames in which some are compressed, or says with `None` that it would be no shorter.
    pub fn deflate(&self, window: WindowBits, compress: impl FnOnce(&[u8]) -> Option<Vec<u8>>) {
        let forms = self.deflated.get_or_init(Arc::default);
        if let Some(form) = forms.get(place(window)) {
            form.get_or_init(|| compress(&self.frames).map(Bytes::from));
        }
    }

    /// The frames compressed for a window of this size. `None` if they were not, or would be no shorter.
    #[inline]
    pub fn deflated(&self, window: WindowBits) -> Option<&Bytes> {
        self.deflated.get()?.get(place(window))?.get()?.as_ref()
    }
}

/// `None` stands for frames that cannot be made shorter.
type Deflated = [OnceLock<Option<Bytes>>; WindowBits::ALL.len()];

fn place(window: WindowBits) -> usize {
    usize::from(window.get() - WindowBits::Nine.get())
}

impl fmt::Debug for Packet {
    /// Without the frames, which are somebody's message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("bytes", &self.frames.len())
            .field("ack_id", &self.ack.as_ref().map(|(id, _)| id))
            .field("volatile", &self.volatile)
            .field("uncompressed", &self.uncompressed)
            .finish()
    }
}
