//! One Engine.IO session with its Socket.IO namespaces: what the shells drive.
