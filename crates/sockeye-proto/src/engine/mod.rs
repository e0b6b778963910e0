//! Engine.IO v4: packets, payloads, handshake, sessions of both ends.
