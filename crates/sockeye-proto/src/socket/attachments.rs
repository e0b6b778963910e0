//! Joins binary attachments to the packet that announced them (socket.io-protocol v5 § Packet encoding),
//! and keeps what a packet needs beyond the text that it arrived in. At most one packet is open per
//! connection; its text is scanned before the first attachment is awaited, so nothing is ever collected
//! for a packet that would be refused.

use super::args::{SpanVec, Spans};
use super::incoming::{self, Body};
use super::json::scan::Strings;
use super::json::text::repair_surrogates;
use super::mux::{Limits, MAX_NAMESPACE_BYTES, MuxError};
use super::packet::{Header, PacketType};
use super::parser::{Decoder, PacketBuf, is_namespace};
use bytes::Bytes;

/// A complete packet.
pub(crate) struct Packet<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: Body<'a>,
}

/// What becomes of a binary packet, decided when its text arrives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It has a socket.
    Collect,
    /// Nobody waits for it any more: its attachments are counted and dropped.
    Discard,
}

/// One packet at a time: texts pass through, binary packets are put together.
#[derive(Debug, Default)]
pub(crate) struct Receiver {
    /// Empty while nothing but plain texts arrive, so an idle connection pays one pointer.
    held: Option<Box<Held>>,
}

#[derive(Debug)]
enum Held {
    /// The text of the last packet, repaired.
    Text(Box<str>),
    Assembly(Assembly),
    /// The packets of this connection have another form; it stays for the life of the connection.
    Foreign(Foreign),
}

#[derive(Debug)]
struct Foreign {
    decoder: Box<dyn Decoder>,
    /// The last packet.
    packet: Option<Assembly>,
    /// Bytes of messages since the last complete packet.
    pending_bytes: usize,
}

/// A binary packet whose attachments arrive, or have all arrived.
#[derive(Debug)]
struct Assembly {
    packet_type: PacketType,
    namespace: Box<str>,
    ack_id: Option<u64>,
    payload: Box<str>,
    elements: SpanVec,
    attachments: Vec<Bytes>,
    discard: bool,
    /// The payload had lone surrogates.
    repaired: bool,
    /// Attachments still to come; 0 once the packet was handed out.
    missing: usize,
    /// Text and attachments so far.
    size_bytes: usize,
}

impl Receiver {
    /// For packets of another form than the default one.
    pub(crate) fn foreign(decoder: Box<dyn Decoder>) -> Self {
        let foreign = Foreign { decoder, packet: None, pending_bytes: 0 };
        Self { held: Some(Box::new(Held::Foreign(foreign))) }
    }

    /// Takes a text packet. `None` when attachments must follow. `fate` is asked for a binary packet's
    /// namespace, once the packet has proved well-formed.
    #[inline(always)]
    pub(crate) fn text<'a>(
        &'a mut self,
        text: &'a str,
        limits: &Limits,
        fate: impl FnOnce(&str, PacketType) -> Result<Fate, MuxError>,
    ) -> Result<Option<Packet<'a>>, MuxError> {
        if self.held.is_some() {
            if let Some(Held::Foreign(_)) = self.held.as_deref() {
                return self.decode(text.len(), limits, |decoder| decoder.handle_text(text));
            }
            self.release()?;
        }
        let limit = limits.max_packet_bytes();
        if text.len() > limit {
            return Err(MuxError::PacketTooLarge { size_bytes: text.len(), limit });
        }
        let header = Header::decode(text)?;
        if header.namespace.len() > MAX_NAMESPACE_BYTES {
            let len_bytes = header.namespace.len();
            return Err(MuxError::NamespaceTooLong { len_bytes, limit: MAX_NAMESPACE_BYTES });
        }
        if header.packet_type.is_binary() {
            return self.open(&header, text.len(), limits, fate).map(|()| None);
        }
        let Header { packet_type, namespace, query, ack_id, payload, .. } = header;
        let mut elements = SpanVec::new();
        let (payload, repaired) = match incoming::scan(&header, &mut elements)? {
            Strings::Whole => (payload, false),
            Strings::LoneSurrogate => (self.hold_text(payload), true),
        };
        let body = incoming::read(packet_type, ack_id, payload, Spans::Own(elements), &[])?;
        Ok(Some(Packet { namespace, query, body: if repaired { body.repaired() } else { body } }))
    }

    /// Takes a binary message. `None` while more must follow, or when the packet was to be discarded.
    pub(crate) fn binary(&mut self, data: &[u8], limits: &Limits) -> Result<Option<Packet<'_>>, MuxError> {
        if let Some(Held::Foreign(_)) = self.held.as_deref() {
            return self.decode(data.len(), limits, |decoder| decoder.handle_binary(data));
        }
        let Some(Held::Assembly(assembly)) = self.held.as_deref_mut() else {
            return Err(MuxError::UnexpectedBinary { size_bytes: data.len() });
        };
        if assembly.missing == 0 {
            return Err(MuxError::UnexpectedBinary { size_bytes: data.len() });
        }
        let limit = limits.max_packet_bytes();
        assembly.size_bytes = assembly.size_bytes.saturating_add(data.len());
        if assembly.size_bytes > limit {
            return Err(MuxError::PacketTooLarge { size_bytes: assembly.size_bytes, limit });
        }
        assembly.missing = assembly.missing.saturating_sub(1);
        if !assembly.discard {
            assembly.attachments.push(Bytes::copy_from_slice(data));
        }
        if assembly.missing > 0 || assembly.discard {
            return Ok(None);
        }
        Ok(Some(Packet { namespace: &assembly.namespace, query: "", body: assembly.read()? }))
    }

    /// Frees the packet that was handed out last.
    ///
    /// # Errors
    /// A packet is still open.
    pub(crate) fn release(&mut self) -> Result<(), MuxError> {
        match self.held.as_deref_mut() {
            Some(Held::Assembly(Assembly { missing, .. })) if *missing > 0 => {
                Err(MuxError::AttachmentsAwaited { missing: *missing })
            }
            Some(Held::Foreign(foreign)) => {
                foreign.packet = None;
                Ok(())
            }
            _ => {
                self.held = None;
                Ok(())
            }
        }
    }

    /// Checks the text of a binary packet and waits for its attachments.
    fn open(
        &mut self,
        header: &Header<'_>,
        text_bytes: usize,
        limits: &Limits,
        fate: impl FnOnce(&str, PacketType) -> Result<Fate, MuxError>,
    ) -> Result<(), MuxError> {
        let &Header { packet_type, attachments: missing, namespace, ack_id, payload, .. } = header;
        let limit = limits.max_attachments();
        if missing > limit {
            return Err(MuxError::TooManyAttachments { count: missing, limit });
        }
        let mut elements = SpanVec::new();
        let (payload, repaired) = match incoming::scan(header, &mut elements)? {
            Strings::Whole => (payload.into(), false),
            Strings::LoneSurrogate => (repair_surrogates(payload), true),
        };
        let assembly = Assembly {
            packet_type,
            namespace: namespace.into(),
            ack_id,
            payload,
            elements,
            attachments: Vec::new(),
            discard: false,
            repaired,
            missing,
            size_bytes: text_bytes,
        };
        // Read once for its errors: a packet that nobody may send is refused before anything is collected.
        assembly.read()?;
        let discard = fate(namespace, packet_type)? == Fate::Discard;
        self.held = Some(Box::new(Held::Assembly(Assembly { discard, ..assembly })));
        Ok(())
    }

    /// Gives a message to the decoder of another form, which may complete a packet.
    #[cold]
    fn decode(
        &mut self,
        message_bytes: usize,
        limits: &Limits,
        decode: impl FnOnce(&mut dyn Decoder) -> Result<Option<PacketBuf>, MuxError>,
    ) -> Result<Option<Packet<'_>>, MuxError> {
        let Some(Held::Foreign(foreign)) = self.held.as_deref_mut() else { return Ok(None) };
        foreign.packet = None;
        let size_bytes = foreign.pending_bytes.saturating_add(message_bytes);
        let limit = limits.max_packet_bytes();
        if size_bytes > limit {
            return Err(MuxError::PacketTooLarge { size_bytes, limit });
        }
        let Some(packet) = decode(&mut *foreign.decoder)? else {
            foreign.pending_bytes = size_bytes;
            return Ok(None);
        };
        foreign.pending_bytes = 0;
        let packet = foreign.packet.insert(Assembly::of_foreign(packet, limits)?);
        Ok(Some(Packet { namespace: &packet.namespace, query: "", body: packet.read()? }))
    }

    #[cold]
    fn hold_text(&mut self, payload: &str) -> &str {
        match &**self.held.insert(Box::new(Held::Text(repair_surrogates(payload)))) {
            Held::Text(text) => text,
            Held::Assembly(_) | Held::Foreign(_) => "",
        }
    }
}

impl Assembly {
    /// A whole packet, held to the same limits as one of the default form.
    fn of_foreign(packet: PacketBuf, limits: &Limits) -> Result<Self, MuxError> {
        let PacketBuf { packet_type, namespace, ack_id, payload, attachments } = packet;
        let (count, limit) = (attachments.len(), limits.max_attachments());
        if count > limit {
            return Err(MuxError::TooManyAttachments { count, limit });
        }
        if namespace.len() > MAX_NAMESPACE_BYTES {
            return Err(MuxError::NamespaceTooLong {
                len_bytes: namespace.len(),
                limit: MAX_NAMESPACE_BYTES,
            });
        }
        if !is_namespace(&namespace) {
            return Err(MuxError::BadNamespace { namespace });
        }
        // Positions in it must fit in a u32.
        if u32::try_from(payload.len()).is_err() {
            return Err(MuxError::PacketTooLarge { size_bytes: payload.len(), limit: u32::MAX as usize });
        }
        let packet_type = packet_type.with_attachments(count).ok_or(MuxError::BadPayload { packet_type })?;
        let mut elements = SpanVec::new();
        let header = Header {
            packet_type,
            attachments: count,
            namespace: &namespace,
            query: "",
            ack_id,
            payload: &payload,
        };
        let (payload, repaired) = match incoming::scan(&header, &mut elements)? {
            Strings::Whole => (payload, false),
            Strings::LoneSurrogate => (repair_surrogates(&payload), true),
        };
        let size_bytes = payload.len();
        Ok(Self {
            packet_type,
            namespace,
            ack_id,
            payload,
            elements,
            attachments,
            discard: false,
            repaired,
            missing: 0,
            size_bytes,
        })
    }

    #[inline(never)]
    fn read(&self) -> Result<Body<'_>, MuxError> {
        let elements = Spans::Lent(&self.elements);
        let body = incoming::read(self.packet_type, self.ack_id, &self.payload, elements, &self.attachments)?;
        Ok(if self.repaired { body.repaired() } else { body })
    }
}
