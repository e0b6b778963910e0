//! A message compressed for its frame (RFC 7692 § 7.2.1). Whether it is worth it is the caller's: a message of
//! a few hundred bytes rarely is.

use super::WindowBits;
use flate2::{Compress, Compression, FlushCompress};
use std::fmt;

/// What a compressed message ends with and what is not sent of it (§ 7.2.1): the empty block of a flush.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Compresses messages, each for itself. Holds about 270 KiB at 15 window bits and 150 KiB at 9, so it is for
/// many connections, not for each one.
///
/// ```
/// use sockeye_proto::websocket::{Deflater, Opcode, WindowBits, encode_deflated_frame};
///
/// let mut deflater = Deflater::new(WindowBits::Fifteen, 6);
/// let deflated = deflater.deflate(b"tick tock tick tock").expect("is shorter");
/// let mut out = Vec::new();
/// encode_deflated_frame(&mut out, Opcode::Text, &deflated, None);
/// assert_eq!(out[0], 0xc1);
/// assert!(out.len() < 19);
/// ```
pub struct Deflater {
    compress: Compress,
    window: WindowBits,
    level: u8,
}

impl Deflater {
    /// A compressor whose output any window of at least this size can read. `level` goes from 1, fastest, to
    /// 9, smallest; what is outside counts as the nearer of the two.
    pub fn new(window: WindowBits, level: u8) -> Deflater {
        let level = level.clamp(1, 9);
        Deflater { compress: compressor(window, level), window, level }
    }

    /// The window it was made for.
    pub fn window(&self) -> WindowBits {
        self.window
    }

    /// The level it was made for.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The message as it stands in a compressed frame; `None` if it would not be shorter, and should be sent as
    /// it is. Allocates no more than the length of `payload` and a few bytes.
    pub fn deflate(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        self.compress.reset();
        let mut deflated = Vec::with_capacity(payload.len().saturating_add(TAIL.len()));
        let compressed = self.compress.compress_vec(payload, &mut deflated, FlushCompress::Sync);
        // Without a byte to spare there may be more to come, and what is there is too long already.
        if compressed.is_err() || deflated.len() == deflated.capacity() || !deflated.ends_with(&TAIL) {
            // At level 1, zlib-rs 0.6.8 panics some messages after a reset with output pending.
            self.compress = compressor(self.window, self.level);
            return None;
        }
        deflated.truncate(deflated.len().saturating_sub(TAIL.len()));
        (deflated.len() < payload.len()).then_some(deflated)
    }
}

fn compressor(window: WindowBits, level: u8) -> Compress {
    Compress::new_with_window_bits(Compression::new(level.into()), false, window.get())
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater")
            .field("window", &self.window)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}
