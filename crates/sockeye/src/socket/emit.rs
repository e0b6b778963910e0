//! What a socket sends: events, and events that want an answer.

use super::{DISCONNECTED, Socket};
use crate::ack::{AckFuture, Collector};
use crate::deflate::Compress;
use crate::error::{AckError, EmitError};
use crate::session::mailbox::Delivery;
use serde::de::DeserializeOwned;
use sockeye_proto::socket::{EncodeError, Encoded, EventArgs, Room, encode_event};
use std::sync::atomic::Ordering;
use std::time::Duration;

impl Socket {
    /// Sends an event. Cheap and ordered: events arrive in the order of the calls.
    ///
    /// `args` says how many arguments there are: `&value` is one, a tuple is several, `()` is none. (Clippy may
    /// want the `&` of `&(1, 2)` gone; that would make two arguments of one.)
    /// Types that serde knows as bytes (`bytes::Bytes`, `serde_bytes`) travel as binary; a `Vec<u8>` is an
    /// array of numbers.
    ///
    /// ```
    /// # use sockeye::{EmitError, Socket};
    /// # use bytes::Bytes;
    /// fn greet(socket: &Socket) -> Result<(), EmitError> {
    ///     socket.emit("tick", ())?;
    ///     socket.emit("greeting", "hello")?;
    ///     socket.emit("picture", ("cat.png", Bytes::from_static(b"\x89PNG")))
    /// }
    /// ```
    ///
    /// # Errors
    /// `Encode`: a reserved name, more binary values than
    /// `ServerBuilder::max_attachments`, or a value that does not serialize.
    /// `Refused`: the client reads too slowly; the connection is closing.
    /// `Closed`: the socket is disconnected.
    ///
    /// Source: socket.io-protocol v5 § Event; mirrors `socket.emit` in Node.
    pub fn emit(&self, event: &str, args: impl EventArgs) -> Result<(), EmitError> {
        self.send_event(self.encode(event, None, args)?, Delivery::Reliable, Compress::Yes)
    }

    /// [`Socket::emit`] of an event called `message`. Source: mirrors `socket.send` and `socket.write` in Node.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn send(&self, args: impl EventArgs) -> Result<(), EmitError> {
        self.emit("message", args)
    }

    /// Sends an event that is dropped if the transport cannot take it at once: for what is worthless late,
    /// like a position. Dropping is not an error.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    ///
    /// Source: mirrors `socket.volatile.emit` in Node.
    pub fn emit_volatile(&self, event: &str, args: impl EventArgs) -> Result<(), EmitError> {
        self.send_event(self.encode(event, None, args)?, Delivery::Volatile, Compress::Yes)
    }

    /// Sends an event and resolves to the first argument of the client's answer.
    ///
    /// The event leaves at the call. The answer is awaited for `ServerBuilder::ack_timeout` (30 s).
    ///
    /// ```
    /// # use sockeye::{AckError, Socket};
    /// async fn ask(socket: Socket) -> Result<(), AckError> {
    ///     let name = socket.emit_with_ack::<String>("who are you?", ()).await?;
    ///     println!("{name}");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// `Timeout`, `Disconnected`, `Decode` if the answer is no `T`, `TooMany` past 10 000 outstanding
    /// answers of this socket, or why the event was not sent.
    ///
    /// # Panics
    /// Outside a tokio runtime, whose timer the wait uses.
    ///
    /// # Cancel safety
    /// Dropping the future stops the waiting; the event is not unsent.
    ///
    /// Source: socket.io-protocol v5 § Acknowledgement; mirrors `socket.emitWithAck` in Node.
    pub fn emit_with_ack<T: DeserializeOwned>(&self, event: &str, args: impl EventArgs) -> AckFuture<T> {
        self.emit_with_ack_timeout(event, args, self.0.conn.shared.config.ack_timeout)
    }

    /// [`Socket::emit_with_ack`] with a time limit of its own, counted from the call.
    ///
    /// # Errors
    /// As [`Socket::emit_with_ack`], and so are its panics and its cancel safety.
    ///
    /// Source: mirrors `socket.timeout(ms).emitWithAck` in Node.
    pub fn emit_with_ack_timeout<T: DeserializeOwned>(
        &self,
        event: &str,
        args: impl EventArgs,
        timeout: Duration,
    ) -> AckFuture<T> {
        let id = self.0.namespace.next_ack_id();
        let collector = Collector::new();
        collector.expect(1);
        if let Err(refused) = self.0.acks.expect(id, collector.clone()) {
            return AckFuture::failed(refused.into());
        }
        let sent = self
            .encode(event, Some(id), args)
            .map_err(EmitError::from)
            .and_then(|encoded| self.send_shown(encoded, Delivery::Reliable, Compress::Yes));
        match sent {
            Ok(()) => AckFuture::new(self.clone(), id, collector, timeout),
            Err(error) => {
                self.0.acks.forget(id);
                AckFuture::failed(AckError::Emit(error))
            }
        }
    }

    pub(crate) fn send_packet(
        &self,
        encode: impl FnOnce(&str, Room) -> Result<Encoded, EncodeError>,
    ) -> Result<(), EmitError> {
        let encoded = encode(self.0.namespace.name(), self.0.namespace.encoding.room())?;
        self.send_encoded(encoded, Delivery::Reliable, Compress::Yes)
    }

    #[inline]
    pub(super) fn encode(
        &self,
        event: &str,
        ack_id: Option<u64>,
        args: impl EventArgs,
    ) -> Result<Encoded, EncodeError> {
        let namespace = &self.0.namespace;
        encode_event(namespace.name(), event, ack_id, args, namespace.encoding.room())
    }

    /// An event without an ack id, which a client that can recover takes its offset from. What is kept is not
    /// compressed, for its bytes are known only when it is queued.
    pub(super) fn send_event(
        &self,
        encoded: Encoded,
        delivery: Delivery,
        compress: Compress,
    ) -> Result<(), EmitError> {
        match self.0.namespace.recovery() {
            Some(recovery) if self.0.life.is_some() && self.wants_offset(&encoded, delivery) => {
                self.show(&encoded);
                recovery.emit(self, encoded, delivery)
            }
            _ => self.send_shown(encoded, delivery, compress),
        }
    }

    #[inline]
    fn send_shown(&self, encoded: Encoded, delivery: Delivery, compress: Compress) -> Result<(), EmitError> {
        self.show(&encoded);
        self.send_encoded(encoded, delivery, compress)
    }

    #[inline]
    fn send_encoded(
        &self,
        encoded: Encoded,
        delivery: Delivery,
        compress: Compress,
    ) -> Result<(), EmitError> {
        if self.0.phase.load(Ordering::Acquire) == DISCONNECTED {
            return Err(EmitError::Closed);
        }
        let encoding = &self.0.namespace.encoding;
        let pushed = encoding.with_frames(encoded, |frames| match compress {
            Compress::Yes => self.0.conn.push(frames, delivery),
            Compress::No => self.0.conn.push_uncompressed(frames, delivery),
        });
        pushed?.outcome()
    }
}
