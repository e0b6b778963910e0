//! Rooms, broadcast targets and delivery order of one namespace.
