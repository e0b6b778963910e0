//! RFC 6455: frames, messages and the opening handshake, for both ends.
