//! A message compressed for its frame (RFC 7692 § 7.2.1). Whether it is worth it is the caller's: a message of
//! a few hundred bytes rarely is.

use super::WindowBits;
use flate2::{Compress, Compression, FlushCompress};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

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
    /// it is. Allocates no more than a fifth over the length of `payload` and some bytes.
    pub fn deflate(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        self.guarded(payload, flush)
    }

    /// Calls the library. A fault of its own costs the compression of this message and no more: where it panics
    /// or does not finish, what it leaves behind is thrown away.
    fn guarded(&mut self, payload: &[u8], flush: Flush) -> Option<Vec<u8>> {
        let compress = &mut self.compress;
        let Ok(Some(deflated)) = catch_unwind(AssertUnwindSafe(|| flush(compress, payload))) else {
            self.compress = compressor(self.window, self.level);
            return None;
        };
        (deflated.len() < payload.len()).then_some(deflated)
    }
}

/// A message to what it is compressed; `None` if that did not come to its end.
type Flush = fn(&mut Compress, &[u8]) -> Option<Vec<u8>>;

fn flush(compress: &mut Compress, payload: &[u8]) -> Option<Vec<u8>> {
    compress.reset();
    let mut deflated = Vec::with_capacity(bound(payload.len()));
    compress.compress_vec(payload, &mut deflated, FlushCompress::Sync).ok()?;
    // Without a byte to spare there may be more to come.
    if deflated.len() == deflated.capacity() || !deflated.ends_with(&TAIL) {
        return None;
    }
    deflated.truncate(deflated.len().saturating_sub(TAIL.len()));
    Some(deflated)
}

/// More than any message of this length is compressed to, so that nothing is pending when it is reset: at
/// level 1, zlib-rs 0.6.8 panics some messages after that. No level takes more than 9 bits for a byte.
fn bound(len: usize) -> usize {
    len.saturating_add(len / 8).saturating_add(len / 64).saturating_add(64)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that nothing shortens, and all that repeats.
    fn messages() -> Vec<Vec<u8>> {
        let mut state = 1_u32;
        let mut noise = |len: usize| -> Vec<u8> {
            std::iter::repeat_with(|| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8 | 0x90
            })
            .take(len)
            .collect()
        };
        [0, 1, 2, 63, 64, 1000, 4096, 65_535, 65_536, 300_000]
            .into_iter()
            .flat_map(|len| [noise(len), vec![b'x'; len], "tick tock ".bytes().cycle().take(len).collect()])
            .collect()
    }

    #[test]
    fn every_message_is_compressed_to_its_end() {
        for level in 1..=9 {
            for window in [WindowBits::Nine, WindowBits::Twelve, WindowBits::Fifteen] {
                let mut compress = compressor(window, level);
                for message in messages() {
                    let deflated = flush(&mut compress, &message);
                    assert!(deflated.is_some(), "{} bytes at level {level}, {window:?}", message.len());
                }
            }
        }
    }

    #[test]
    fn a_panic_of_the_library_costs_one_message() {
        let message = "tick tock ".repeat(100).into_bytes();
        let faults: [Flush; 2] = [
            |compress, payload| {
                let mut some = Vec::with_capacity(1);
                compress.compress_vec(payload, &mut some, FlushCompress::Sync).unwrap();
                panic!("as the library would")
            },
            |compress, payload| {
                let mut some = Vec::with_capacity(1);
                compress.compress_vec(payload, &mut some, FlushCompress::Sync).unwrap();
                None
            },
        ];
        for level in [1, 6] {
            let mut deflater = Deflater::new(WindowBits::Fifteen, level);
            let expected = deflater.deflate(&message).expect("is shorter");
            for fault in faults {
                assert_eq!(deflater.guarded(&message, fault), None);
                assert_eq!(deflater.deflate(&message).as_ref(), Some(&expected), "level {level}");
            }
        }
    }
}
