//! Which packets to a socket are compressed: all that are long enough, unless the emit says otherwise.

use super::{Socket, SocketInner};
use crate::deflate::{Compress, deflate_frames};
use crate::error::EmitError;
use crate::session::mailbox::Delivery;
use sockeye_adapter::{Packet, Prepared};
use sockeye_proto::socket::EventArgs;

impl Socket {
    /// Sends an event as it is where others would be compressed: for what is compressed already, like a picture,
    /// and for secrets beside text that somebody else chose. Without
    /// [`ServerBuilder::per_message_deflate`](crate::ServerBuilder::per_message_deflate) it is [`Socket::emit`].
    ///
    /// [`BroadcastOperator::uncompressed`](crate::BroadcastOperator::uncompressed) goes with everything else that an
    /// operator can do, for one socket as `io.to(socket.id().as_str())`.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    ///
    /// Source: mirrors `socket.compress(false).emit` in Node.
    pub fn emit_uncompressed(&self, event: &str, args: impl EventArgs) -> Result<(), EmitError> {
        self.send_event(self.encode(event, None, args)?, Delivery::Reliable, Compress::No)
    }
}

impl SocketInner {
    /// Compresses a packet for the window of this connection. Packets that nobody compresses are known at the first
    /// receiver.
    pub(super) fn compress(&self, packet: &Packet) -> Prepared {
        let options = match &self.conn.shared.config.per_message_deflate {
            Some(options)
                if packet.frames().len() >= options.threshold_bytes && !packet.is_uncompressed() =>
            {
                options
            }
            _ => return Prepared::ForAll,
        };
        if let Some(window) = self.conn.deflate_window() {
            packet.deflate(window, |frames| deflate_frames(frames, window, options));
        }
        Prepared::ForOne
    }
}
