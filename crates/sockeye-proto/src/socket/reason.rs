//! Why a socket ended, in the words of the official implementation, which applications compare as
//! strings. Three endings are our own: two limits that the official server does not have, and a take-over.

use std::fmt;

macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// Every reason, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The reason as applications see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

reasons! {
    /// Why a socket of the server ended; what its `disconnect` handlers receive.
    ///
    /// ```
    /// use sockeye_proto::socket::DisconnectReason;
    ///
    /// assert_eq!(DisconnectReason::PingTimeout.as_str(), "ping timeout");
    /// assert!(DisconnectReason::PingTimeout.is_recoverable());
    /// ```
    DisconnectReason {
        /// The transport failed: broken framing, an oversized message, an aborted poll.
        TransportError = "transport error",
        /// The connection was closed by the client or lost.
        TransportClose = "transport close",
        /// The engine session was closed by the server, as after a malformed packet.
        ForcedClose = "forced close",
        /// No pong in time.
        PingTimeout = "ping timeout",
        /// An Engine.IO packet that cannot be read.
        ParseError = "parse error",
        /// The whole server is closing.
        ServerShuttingDown = "server shutting down",
        /// The server closed the client with all its namespaces.
        ForcedServerClose = "forced server close",
        /// The client left the namespace.
        ClientNamespaceDisconnect = "client namespace disconnect",
        /// The server disconnected the socket.
        ServerNamespaceDisconnect = "server namespace disconnect",
        /// Our own: the client did not read what was sent and its queue reached the limit.
        SlowConsumer = "slow consumer",
        /// Our own: the client sent more than the waiting handlers may hold back.
        InboxOverflow = "inbox overflow",
        /// Our own: another connection recovered the socket, as after a connection that broke unnoticed.
        TakenOver = "taken over",
    }
}

impl DisconnectReason {
    /// Whether a client that lost its connection so may resume its state: the ending was nobody's wish.
    pub fn is_recoverable(self) -> bool {
        matches!(
            self,
            Self::TransportError
                | Self::TransportClose
                | Self::ForcedClose
                | Self::PingTimeout
                | Self::ServerShuttingDown
                | Self::ForcedServerClose
        )
    }
}

reasons! {
    /// Why a socket of a client ended; what its `disconnect` handlers receive.
    ClientDisconnectReason {
        /// The server disconnected the socket.
        IoServerDisconnect = "io server disconnect",
        /// The client disconnected itself.
        IoClientDisconnect = "io client disconnect",
        /// No ping in time.
        PingTimeout = "ping timeout",
        /// The connection was closed by the server or lost.
        TransportClose = "transport close",
        /// The transport failed.
        TransportError = "transport error",
        /// A packet of the server that cannot be read.
        ParseError = "parse error",
        /// The engine session was closed by the client.
        ForcedClose = "forced close",
    }
}

impl ClientDisconnectReason {
    /// Whether a client reconnects by itself: not after either side has decided to part.
    pub fn reconnects(self) -> bool {
        !matches!(self, Self::IoServerDisconnect | Self::IoClientDisconnect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_reasons_are_the_official_strings_and_three_of_our_own() {
        let texts: Vec<_> = DisconnectReason::ALL.iter().map(ToString::to_string).collect();
        let expected = "transport error|transport close|forced close|ping timeout|parse error|\
            server shutting down|forced server close|client namespace disconnect|\
            server namespace disconnect|slow consumer|inbox overflow|taken over";
        assert_eq!(texts.join("|"), expected);
    }

    #[test]
    fn client_reasons_are_the_official_strings() {
        let texts: Vec<_> = ClientDisconnectReason::ALL.iter().map(ToString::to_string).collect();
        let expected = "io server disconnect|io client disconnect|ping timeout|transport close|\
            transport error|parse error|forced close";
        assert_eq!(texts.join("|"), expected);
    }

    #[test]
    fn only_an_ending_that_nobody_wished_is_recoverable() {
        let recoverable = |reason: &&DisconnectReason| reason.is_recoverable();
        let texts: Vec<_> = DisconnectReason::ALL.iter().filter(recoverable).map(|r| r.as_str()).collect();
        let expected = "transport error|transport close|forced close|ping timeout|server shutting down|\
            forced server close";
        assert_eq!(texts.join("|"), expected);
    }

    #[test]
    fn a_client_stays_away_when_either_side_decided_to_part() {
        for reason in ClientDisconnectReason::ALL {
            assert_eq!(reason.reconnects(), !reason.as_str().starts_with("io "), "{reason}");
        }
    }
}
