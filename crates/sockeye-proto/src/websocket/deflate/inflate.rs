//! A compressed message back to what it was (RFC 7692 § 7.2.2), and not a byte more than may be.

use crate::websocket::FrameError;
use flate2::{Decompress, FlushDecompress, Status};

/// Stands behind what a peer sent: the tail that is cut off every message, then an empty last block. A message
/// that ends in the middle of a block does not lead there.
const END: [u8; 6] = [0x00, 0x00, 0xff, 0xff, 0x03, 0x00];

/// The most that a message of up to `max_message_bytes` may take in compressed form. What cannot be compressed
/// grows by some bytes per block, and the smallest blocks that libraries make have a few hundred.
pub(in crate::websocket) fn max_deflated_bytes(max_message_bytes: usize) -> usize {
    max_message_bytes.saturating_add(max_message_bytes / 64).saturating_add(64)
}

/// The message that `deflated` stands for. Memory grows with what comes out, to `limit` + 1 bytes at most.
///
/// # Errors
/// It is longer than `limit`, or `deflated` is no message.
pub(in crate::websocket) fn inflate(deflated: &[u8], limit: usize) -> Result<Vec<u8>, FrameError> {
    // Some peers send an empty message so; with the tail alone it is no whole block.
    if deflated.is_empty() {
        return Ok(Vec::new());
    }
    let room = deflated.len().saturating_mul(4).max(256).min(limit.saturating_add(1));
    let mut inflater = Inflater { stream: Decompress::new(false), message: Vec::with_capacity(room), limit };
    // A peer may make the last block of its message a last one of the format as well.
    if inflater.feed(deflated)? == Stream::Ended || inflater.feed(&END)? == Stream::Ended {
        Ok(inflater.message)
    } else {
        Err(FrameError::InvalidDeflate)
    }
}

struct Inflater {
    stream: Decompress,
    message: Vec<u8>,
    limit: usize,
}

/// Where the input left the stream.
#[derive(PartialEq, Eq)]
enum Stream {
    /// Just behind a last block.
    Ended,
    Open,
}

impl Inflater {
    fn feed(&mut self, mut input: &[u8]) -> Result<Stream, FrameError> {
        loop {
            if self.message.len() == self.message.capacity() {
                self.grow();
            }
            let before = self.stream.total_in();
            let status = self
                .stream
                .decompress_vec(input, &mut self.message, FlushDecompress::None)
                .map_err(|_| FrameError::InvalidDeflate)?;
            let used = usize::try_from(self.stream.total_in().saturating_sub(before)).unwrap_or(usize::MAX);
            input = input.get(used..).unwrap_or_default();
            if self.message.len() > self.limit {
                return Err(FrameError::MessageTooBig { len: self.message.len() as u64, limit: self.limit });
            }
            match status {
                Status::StreamEnd if input.is_empty() => return Ok(Stream::Ended),
                // More blocks may follow a last one (§ 7.2.3.4).
                Status::StreamEnd => self.stream.reset(false),
                // There may be more in the stream than there was room for.
                _ if self.message.len() == self.message.capacity() => {}
                _ if input.is_empty() => return Ok(Stream::Open),
                _ => return Err(FrameError::InvalidDeflate),
            }
        }
    }

    fn grow(&mut self) {
        let most = self.limit.saturating_add(1);
        let wanted = self.message.capacity().saturating_mul(2).min(most);
        self.message.reserve_exact(wanted.saturating_sub(self.message.len()));
    }
}
