//! Socket.IO v5: packets, the JSON codec with binary attachments, namespaces of one connection, acks.
