//! Rooms, broadcast targets and delivery order of one namespace.
//!
//! An [`Adapter`] knows which sockets of a namespace are in which rooms and delivers a [`Packet`] to a
//! [`Target`]. [`LocalAdapter`] does it for the sockets of this process; an adapter that also reaches other
//! nodes wraps one. It is not a transport: what a packet meets at a socket (queue, slow-reader policy, task) is
//! the business of the server, which hands its sockets in as [`Member`]s. Nothing here encodes, parses or waits.
//!
//! ```
//! use sockeye_adapter::{Adapter, LocalAdapter, Limits, Member, Packet, Target};
//! use sockeye_proto::SocketId;
//! use std::any::Any;
//! use std::sync::{Arc, Mutex};
//!
//! struct Inbox(SocketId, Mutex<Vec<Packet>>);
//!
//! impl Member for Inbox {
//!     fn id(&self) -> &SocketId { &self.0 }
//!     fn deliver(&self, packet: &Packet) -> bool { self.1.lock().unwrap().push(packet.clone()); false }
//!     fn wake(&self) {}
//!     fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> { self }
//! }
//!
//! let adapter = LocalAdapter::new(Limits::default());
//! let ann = Arc::new(Inbox(SocketId::from_entropy([1; 15]), Mutex::default()));
//! let bob = Arc::new(Inbox(SocketId::from_entropy([2; 15]), Mutex::default()));
//! let ann_key = adapter.add(ann.clone());
//! let bob_key = adapter.add(bob.clone());
//! adapter.join(ann_key, &["tea"])?;
//! adapter.join(bob_key, &["tea"])?;
//!
//! // What `socket.to("tea").emit("ready")` does on Ann's socket: the room without herself.
//! let target = Target::to("tea").except(ann.id().as_str());
//! let packet = Packet::new(&b"\x81\x0b42[\"ready\"]"[..]);
//! assert_eq!(adapter.broadcast(&target, &packet), 1);
//! assert_eq!(bob.1.lock().unwrap()[0].frames().as_ref(), b"\x81\x0b42[\"ready\"]");
//! assert!(ann.1.lock().unwrap().is_empty());
//! # Ok::<(), sockeye_adapter::JoinError>(())
//! ```

mod adapter;
mod local;
mod member;
mod packet;
mod target;

pub use adapter::{Adapter, Counts, JoinError, Limits, RoomEvent, RoomWatcher, SocketKey};
pub use local::LocalAdapter;
pub use member::{Member, Members, Prepared};
pub use packet::{AckCollector, Packet};
pub use target::{Rooms, Target};
