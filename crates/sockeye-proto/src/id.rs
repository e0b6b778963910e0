//! The identifiers of a connection. They are types of their own because mixing them up is a session hijack:
//! whoever holds a [`SessionId`] may speak for the session, whoever holds a [`PrivateSessionId`] may take over a
//! socket, while a [`SocketId`] is public.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use std::fmt;
use std::str::FromStr;

/// Characters of an identifier. Load balancers and cluster tools of the ecosystem rely on it.
const ID_LEN: usize = 20;

/// A text that is not 20 base64url characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId {
    /// Length of the refused text in bytes.
    pub len: usize,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an id is {ID_LEN} base64url characters, got {} bytes", self.len)
    }
}

impl std::error::Error for InvalidId {}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; ID_LEN]);

        impl $name {
            /// Spells 120 random bits, which must come fresh from the operating system.
            pub fn from_entropy(entropy: [u8; 15]) -> Self {
                let mut text = [0; ID_LEN];
                // 15 bytes are exactly 20 characters, so this cannot fail.
                let _ = BASE64_URL_SAFE_NO_PAD.encode_slice(entropy, &mut text);
                Self(text)
            }

            /// The 20 characters.
            pub fn as_str(&self) -> &str {
                // ASCII by construction.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let refused = InvalidId { len: text.len() };
                let bytes: [u8; ID_LEN] = text.as_bytes().try_into().map_err(|_| refused)?;
                let valid = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-' || *b == b'_';
                if bytes.iter().all(valid) { Ok(Self(bytes)) } else { Err(refused) }
            }
        }
    };
}

id! {
    /// The Engine.IO session id (`sid` of the open packet): a secret, so `Debug` does not print it.
    /// Source: engine.io-protocol v4 § Handshake.
    SessionId
}

id! {
    /// The id of one client in one namespace (`sid` of the CONNECT reply): public, also its own room.
    /// Source: socket.io-protocol v5 § Connection to a namespace.
    SocketId
}

id! {
    /// What a client shows to recover its socket after a lost connection (`pid` of the CONNECT reply): a secret, so
    /// `Debug` does not print it. Source: the official server's connection state recovery.
    PrivateSessionId
}

impl fmt::Debug for PrivateSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateSessionId(…)")
    }
}

impl SocketId {
    /// The id of a client of Engine.IO 3, which takes its session's id for it. There the two are the same secret,
    /// and whoever learns the id may speak for a session that polls.
    /// Source: `socket.id` of Socket.IO 2 clients, and `client.id` of the official server.
    pub fn of_v3(session: &SessionId) -> Self {
        Self(session.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketId({})", self.as_str())
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_twenty_base64url_characters_of_the_entropy() {
        assert_eq!(SocketId::from_entropy([0; 15]).as_str(), "AAAAAAAAAAAAAAAAAAAA");
        assert_eq!(SocketId::from_entropy([0xff; 15]).as_str(), "____________________");
    }

    #[test]
    fn a_secret_id_never_prints_itself() {
        assert_eq!(format!("{:?}", SessionId::from_entropy([1; 15])), "SessionId(…)");
        assert_eq!(format!("{:?}", PrivateSessionId::from_entropy([1; 15])), "PrivateSessionId(…)");
    }

    #[test]
    fn parsing_takes_exactly_twenty_base64url_characters() {
        assert!("abcdefghijklmnopqr-_".parse::<SessionId>().is_ok());
        for bad in
            ["", "abcdefghijklmnopqrs", "abcdefghijklmnopqrstu", "abcdefghijklmnopqr+/", "abcdefghijklmnopqé"]
        {
            assert_eq!(bad.parse::<SessionId>(), Err(InvalidId { len: bad.len() }), "{bad}");
        }
    }
}
