//! Why a connection ends: the status code and reason that a close frame carries (RFC 6455 § 5.5.1, § 7.4).

use std::fmt;

/// A status code that may stand in a close frame: 1000–1003, 1007–1014 or 3000–4999.
///
/// The codes 1005, 1006 and 1015, which an API reports without a frame behind them, are not values of this
/// type. Source: RFC 6455 § 7.4 and the IANA registry it founds.
///
/// ```
/// use sockeye_proto::websocket::CloseCode;
///
/// assert_eq!(CloseCode::new(1000), Some(CloseCode::NORMAL));
/// assert_eq!(CloseCode::new(1005), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: CloseCode = CloseCode(1000);
    /// A server shuts down, or a page is left.
    pub const GOING_AWAY: CloseCode = CloseCode(1001);
    /// The peer broke the protocol.
    pub const PROTOCOL_ERROR: CloseCode = CloseCode(1002);
    /// A kind of data that this endpoint does not take.
    pub const UNSUPPORTED_DATA: CloseCode = CloseCode(1003);
    /// Data that contradicts its type, such as text that is not UTF-8.
    pub const INVALID_PAYLOAD: CloseCode = CloseCode(1007);
    /// The peer broke a rule of this endpoint that no other code names.
    pub const POLICY: CloseCode = CloseCode(1008);
    /// A message beyond the receiver's limit.
    pub const MESSAGE_TOO_BIG: CloseCode = CloseCode(1009);
    /// A client did not get the extension it cannot do without.
    pub const EXTENSION_REQUIRED: CloseCode = CloseCode(1010);
    /// The server met a condition that it did not expect.
    pub const INTERNAL: CloseCode = CloseCode(1011);
    /// The server restarts: reconnect after a while.
    pub const SERVICE_RESTART: CloseCode = CloseCode(1012);
    /// The server is overloaded: reconnect later or elsewhere.
    pub const TRY_AGAIN_LATER: CloseCode = CloseCode(1013);
    /// A gateway got an invalid answer from behind it.
    pub const BAD_GATEWAY: CloseCode = CloseCode(1014);

    /// The code with this number, or `None` if it must not appear on the wire.
    pub const fn new(code: u16) -> Option<CloseCode> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(CloseCode(code)),
            _ => None,
        }
    }

    /// The number.
    pub const fn as_u16(self) -> u16 {
        self.0
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a close frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseFrame<'a> {
    /// The status code.
    pub code: CloseCode,
    /// Up to 123 bytes for a log, not for a user; often empty.
    pub reason: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_codes_that_may_be_sent_exist() {
        let valid = |code: &u16| CloseCode::new(*code).is_some();
        let expected: Vec<u16> = (1000..=1003).chain(1007..=1014).chain(3000..=4999).collect();
        assert_eq!((0..=u16::MAX).filter(valid).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_code_prints_its_number() {
        assert_eq!(format!("{} {:?}", CloseCode::GOING_AWAY, CloseCode::GOING_AWAY), "1001 CloseCode(1001)");
    }
}
