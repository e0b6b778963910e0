//! Compressed messages (RFC 7692, `permessage-deflate`), for both ends.
//!
//! - [`DeflateServer`] answers the offers of a client; [`DeflateClient`] makes an offer and judges the answer.
//! - [`Deflater`] compresses a message; [`Decoder::deflate`](super::Decoder::deflate) lets a decoder take
//!   compressed ones.
//!
//! No window is ever taken over from one message to the next: both ends' `no_context_takeover` are in every
//! answer and every offer. So a message is compressed once for all receivers with windows of one size, and a
//! connection keeps no state of either direction between two messages.

mod compress;
mod inflate;
mod negotiate;
#[cfg(test)]
mod tests;

pub use compress::Deflater;
pub(super) use inflate::{inflate, max_deflated_bytes};
pub use negotiate::{DeflateAgreement, DeflateClient, DeflateOfferError, DeflateServer};

/// The size of a window, as the exponent of a power of two: how far back, in bytes, a compressed message
/// refers to itself.
///
/// RFC 7692 knows 8 too, which the libraries of most peers cannot do; an offer that insists on it is declined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WindowBits {
    /// 512 bytes.
    Nine = 9,
    /// 1 KiB.
    Ten,
    /// 2 KiB.
    Eleven,
    /// 4 KiB.
    Twelve,
    /// 8 KiB.
    Thirteen,
    /// 16 KiB.
    Fourteen,
    /// 32 KiB, which is what applies where nothing was said.
    #[default]
    Fifteen,
}

impl WindowBits {
    /// All of them, smallest first.
    pub const ALL: [WindowBits; 7] = [
        WindowBits::Nine,
        WindowBits::Ten,
        WindowBits::Eleven,
        WindowBits::Twelve,
        WindowBits::Thirteen,
        WindowBits::Fourteen,
        WindowBits::Fifteen,
    ];

    /// The window of this many bits; `None` outside 9–15.
    pub fn new(bits: u8) -> Option<WindowBits> {
        WindowBits::ALL.into_iter().find(|window| window.get() == bits)
    }

    /// 9–15.
    #[inline]
    pub const fn get(self) -> u8 {
        self as u8
    }
}
