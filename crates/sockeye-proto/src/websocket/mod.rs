//! RFC 6455: frames, messages and the opening handshake, for both ends.
//!
//! - [`Decoder`] turns received bytes into [`Message`]s, in place and without a buffer of its own.
//! - [`server_header`], [`encode_frame`] and [`encode_close`] write frames.
//! - [`UpgradeRequest`] is the server's side of the handshake, [`ClientHandshake`] the client's.
//!
//! - [`DeflateServer`], [`DeflateClient`] and [`Deflater`] are the one extension, RFC 7692; without it a reserved
//!   bit is an error.
//!
//! Bytes only: what a message means is for the layers above, and so are answering pings, echoing a close
//! and deadlines.

mod close;
mod decoder;
mod deflate;
mod error;
mod frame;
mod handshake;
mod mask;
#[cfg(test)]
mod tests;

pub use close::{CloseCode, CloseFrame};
pub use decoder::{Decoded, Decoder, Message, Role};
pub use deflate::{DeflateAgreement, DeflateClient, DeflateOfferError, DeflateServer, Deflater, WindowBits};
pub use error::FrameError;
pub use frame::{MAX_HEADER_LEN, Opcode, encode_close, encode_deflated_frame, encode_frame, server_header};
pub use handshake::{
    Accept, ClientHandshake, ClientHandshakeError, ClientRequestError, MAX_RESPONSE_HEAD_BYTES, UpgradeError,
    UpgradeRequest,
};
pub use mask::apply_mask;
