//! What a peer can do wrong in frames, and the close code that tells it.

use super::{CloseCode, Opcode};
use std::fmt;

/// A broken rule of RFC 6455 or an exceeded limit: the connection fails, with [`close_code`](Self::close_code).
///
/// The peer is at fault in every case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// Reserved bits are set that no negotiated extension allows on this frame (§ 5.2, RFC 7692 § 6).
    ReservedBits {
        /// The three bits as a number, RSV1 being 4.
        bits: u8,
    },
    /// An opcode that the protocol keeps for later (§ 5.2).
    UnknownOpcode {
        /// The four bits.
        opcode: u8,
    },
    /// A client's frame came without a mask (§ 5.1).
    Unmasked,
    /// A server's frame came with a mask (§ 5.1).
    Masked,
    /// A ping, pong or close without the FIN bit (§ 5.5).
    FragmentedControl {
        /// Which of the three.
        opcode: Opcode,
    },
    /// A ping, pong or close of more than 125 bytes (§ 5.5).
    ControlTooLong {
        /// Which of the three.
        opcode: Opcode,
    },
    /// A continuation with no message to continue (§ 5.4).
    UnexpectedContinuation,
    /// A new text or binary frame while the fragments of another message are incomplete (§ 5.4).
    ExpectedContinuation {
        /// The kind of the intruder.
        opcode: Opcode,
    },
    /// A 64-bit length with its top bit set (§ 5.2).
    LengthOverflow {
        /// The length as sent.
        len: u64,
    },
    /// The frame, or the fragments of its message together, exceed the limit; or what they inflate to does.
    MessageTooBig {
        /// Bytes of the message, as far as its frames have announced them, or as far as it was inflated.
        len: u64,
        /// The most that is taken.
        limit: usize,
    },
    /// One fragment more than a message may have; empty ones count.
    TooManyFragments {
        /// The most that are taken.
        limit: usize,
    },
    /// A text message or a close reason that is not UTF-8 (§ 8.1).
    InvalidUtf8 {
        /// How many bytes of the text so far are valid.
        valid_up_to: usize,
    },
    /// A compressed message that is no whole number of DEFLATE blocks (RFC 7692 § 7.2.2).
    InvalidDeflate,
    /// A close frame of one byte, which is half a code (§ 5.5.1).
    ShortClose,
    /// A close frame with a code that must not be sent (§ 7.4).
    InvalidCloseCode {
        /// The number sent.
        code: u16,
    },
}

impl FrameError {
    /// The code to close the connection with: 1002, 1007 or 1009.
    pub const fn close_code(&self) -> CloseCode {
        match self {
            FrameError::InvalidUtf8 { .. } | FrameError::InvalidDeflate => CloseCode::INVALID_PAYLOAD,
            FrameError::MessageTooBig { .. } | FrameError::TooManyFragments { .. } => {
                CloseCode::MESSAGE_TOO_BIG
            }
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            FrameError::ReservedBits { bits } => {
                write!(f, "reserved bits {bits:03b} set without an extension that allows them")
            }
            FrameError::UnknownOpcode { opcode } => write!(f, "unknown opcode {opcode:#x}"),
            FrameError::Unmasked => f.write_str("unmasked frame from a client"),
            FrameError::Masked => f.write_str("masked frame from a server"),
            FrameError::FragmentedControl { opcode } => write!(f, "{opcode:?} frame without FIN"),
            FrameError::ControlTooLong { opcode } => write!(f, "{opcode:?} frame of more than 125 bytes"),
            FrameError::UnexpectedContinuation => f.write_str("continuation frame without a message"),
            FrameError::ExpectedContinuation { opcode } => {
                write!(f, "{opcode:?} frame inside a fragmented message")
            }
            FrameError::LengthOverflow { len } => write!(f, "frame length {len} exceeds 2^63-1"),
            FrameError::MessageTooBig { len, limit } => {
                write!(f, "message of {len} bytes exceeds the limit ({limit})")
            }
            FrameError::TooManyFragments { limit } => {
                write!(f, "message of more than {limit} fragments")
            }
            FrameError::InvalidUtf8 { valid_up_to } => {
                write!(f, "text is not UTF-8 after byte {valid_up_to}")
            }
            FrameError::InvalidDeflate => f.write_str("compressed message is not valid DEFLATE data"),
            FrameError::ShortClose => f.write_str("close frame of one byte"),
            FrameError::InvalidCloseCode { code } => write!(f, "close code {code} must not be sent"),
        }
    }
}

impl std::error::Error for FrameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_value_and_the_limit() {
        let error = FrameError::MessageTooBig { len: 1_000_001, limit: 1_000_000 };
        assert_eq!(error.to_string(), "message of 1000001 bytes exceeds the limit (1000000)");
        assert_eq!(
            FrameError::ReservedBits { bits: 4 }.to_string(),
            "reserved bits 100 set without an extension that allows them"
        );
        assert_eq!(FrameError::UnknownOpcode { opcode: 0xb }.to_string(), "unknown opcode 0xb");
    }
}
