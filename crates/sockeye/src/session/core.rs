//! What messages go through: a packet in, and what it means for the sockets, the inboxes and the end of the
//! session. Which transport it came by does not matter here.

use super::dialect::Dialect;
use super::inbox::Load;
use super::link::{Flow, Link, LinkError, Read};
use super::polling::Polling;
use super::sockets::{Place, Request, Sockets, ask};
use crate::conn::Conn;
use crate::engine::Message;
use crate::error::HandlerError;
use crate::goodbye::Goodbye;
use crate::http::RequestHead;
use crate::server::Upper;
use crate::session::mailbox::Delivery;
use bytes::Bytes;
use sockeye_proto::Timestamp;
use sockeye_proto::connection::{ConnectionError, ServerConnection, ServerEvent};
use sockeye_proto::engine::{CloseReason, Packet, PayloadPacket, RequestError, v3};
use sockeye_proto::websocket::{CloseCode, FrameError, Message as Frame};
use std::sync::Arc;
use std::task::Context;

/// The part of a session that messages go through.
pub(super) struct Core {
    pub(super) conn: Arc<Conn>,
    pub(super) connection: ServerConnection<Place>,
    pub(super) sockets: Sockets,
    /// When the client must be in a namespace. Looked at once.
    pub(super) join_by: Option<Timestamp>,
    /// Not read because an inbox is full.
    pub(super) paused: bool,
    pub(super) dialect: Dialect,
    /// Set once: the session is to end.
    pub(super) end: Option<End>,
}

/// How a session ends.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) reason: CloseReason,
    pub(super) parting: Parting,
}

/// What the peer is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parting {
    /// Nothing: it is gone, or takes nothing.
    None,
    /// All that was queued, then the transport's own close.
    Close(Option<CloseCode>),
}

impl Core {
    pub(super) fn end(&mut self, reason: CloseReason, parting: Parting) {
        self.end.get_or_insert(End { reason, parting });
    }

    /// [`Core::end`] for a limit that the client met: what it was is the only thing it could not know.
    pub(super) fn end_with(&mut self, reason: CloseReason, parting: Parting, why: &dyn std::fmt::Display) {
        if self.end.is_none()
            && let Some(frame) = Goodbye::new().reason(why.to_string()).frame()
        {
            self.conn.mailbox.push(&frame, Delivery::Protocol);
        }
        self.end(reason, parting);
    }

    pub(super) fn on_packet(&mut self, packet: Packet<'_>, now: Timestamp, cx: &mut Context<'_>) -> Flow {
        self.on_packet_of(packet, None, now, cx)
    }

    /// A packet that came with a request whose head somebody wants to see.
    fn on_packet_of(
        &mut self,
        packet: Packet<'_>,
        request: Option<&RequestHead>,
        now: Timestamp,
        cx: &mut Context<'_>,
    ) -> Flow {
        let event = match self.connection.handle_packet(packet, now) {
            Ok(event) => event,
            Err(error) => {
                if let ConnectionError::Mux(error) = &error
                    && error.is_parse_error()
                {
                    self.sockets.raise(&HandlerError::Packet(error.clone()));
                }
                return self.refuse(&error, error.reason());
            }
        };
        match event {
            ServerEvent::Socket(event) => {
                if let Some(request) = self.sockets.handle(event, &self.conn, cx) {
                    self.request(request, cx);
                }
            }
            ServerEvent::Text(text) => raw(&self.conn, Message::Text(text.to_owned()), request),
            ServerEvent::Binary(data) => {
                raw(&self.conn, Message::Binary(Bytes::copy_from_slice(data)), request);
            }
            ServerEvent::Closed => self.end(CloseReason::TransportClose, Parting::Close(None)),
            ServerEvent::Ping => {
                self.conn.mailbox.push(&[0x81, 1, b'3'], Delivery::Protocol);
            }
            ServerEvent::Nothing => {}
        }
        self.review_load(now)
    }

    /// A frame of a client of version 3, apart so that the way of all others stays short.
    #[cold]
    fn on_frame_v3(&mut self, frame: Frame<'_>, now: Timestamp, cx: &mut Context<'_>) -> Flow {
        let packet = match frame {
            Frame::Text(text) => v3::decode_text(text),
            Frame::Binary(data) => {
                let packet = v3::decode_binary(data);
                return match packet {
                    Ok(packet) => self.on_packet(packet, now, cx),
                    Err(error) => self.refuse(&error, CloseReason::ParseError),
                };
            }
            _ => return Flow::More,
        };
        match packet {
            Ok(packet) => self.on_packet(packet.as_packet(), now, cx),
            Err(error) => self.refuse(&error, CloseReason::ParseError),
        }
    }

    /// A packet that nobody may send.
    #[cold]
    fn refuse(&mut self, error: &dyn std::fmt::Display, reason: CloseReason) -> Flow {
        tracing::debug!(%error, "bad_packet");
        self.end(reason, Parting::Close(None));
        Flow::Pause
    }

    /// The main namespace, in the name of a client of version 3.
    pub(super) fn join_unasked(&mut self, cx: &mut Context<'_>) {
        let Some(mux) = self.connection.mux() else { return };
        // The first namespace of a connection is never refused.
        if mux.connect("/").is_ok() {
            self.request(ask("/", None, &self.conn), cx);
        }
    }

    pub(super) fn request(&mut self, request: Request, cx: &mut Context<'_>) {
        let Some(mux) = self.connection.mux() else { return };
        if let Err(error) = self.sockets.request(request, mux, &self.conn, cx) {
            tracing::debug!(%error, "bad_connect");
            self.end(CloseReason::ForcedClose, Parting::Close(None));
        }
    }

    pub(super) fn decide(&mut self, cx: &mut Context<'_>) {
        let Some(mux) = self.connection.mux() else { return };
        if let Err(error) = self.sockets.decide(mux, &self.conn, cx) {
            tracing::debug!(%error, "bad_connect");
            self.end(CloseReason::ForcedClose, Parting::Close(None));
        }
    }

    /// After an event was kept: may the next one be read?
    #[inline]
    pub(super) fn review_load(&mut self, now: Timestamp) -> Flow {
        if self.end.is_some() {
            return Flow::Pause;
        }
        match self.sockets.load(self.conn.shared.config.max_payload_bytes, &self.conn) {
            Load::Light => Flow::More,
            Load::Full if self.conn.has_waiting_handler() => Flow::More,
            Load::Overflowing if self.conn.has_waiting_handler() => {
                self.end_with(CloseReason::InboxOverflow, Parting::Close(None), &CloseReason::InboxOverflow);
                Flow::Pause
            }
            _ => {
                self.paused = true;
                self.connection.session().pause_heartbeat(now);
                Flow::Pause
            }
        }
    }

    /// After handlers ran: may a paused connection be read again?
    pub(super) fn review_pause(&mut self, now: Timestamp) {
        if !self.paused {
            return;
        }
        let load = self.sockets.load(self.conn.shared.config.max_payload_bytes, &self.conn);
        if load == Load::Light || (load == Load::Full && self.conn.has_waiting_handler()) {
            self.paused = false;
            self.connection.session().resume_heartbeat(now);
        }
    }
}

fn raw(conn: &Arc<Conn>, message: Message, request: Option<&RequestHead>) {
    if let Upper::Engine(handlers) = &conn.shared.upper {
        handlers.message(conn, message, request);
    }
}

/// Reads a WebSocket. True when there may be more.
pub(super) fn read_link(link: &mut Link, core: &mut Core, now: Timestamp, cx: &mut Context<'_>) -> bool {
    let waker = cx.waker().clone();
    let mut handler_cx = Context::from_waker(&waker);
    let read = match core.dialect {
        Dialect::V4 => link.poll_read(cx, |message| match message {
            Frame::Text(text) => match PayloadPacket::decode_text(text) {
                Ok(packet) => core.on_packet(packet.as_packet(), now, &mut handler_cx),
                Err(error) => core.refuse(&error, CloseReason::ParseError),
            },
            Frame::Binary(data) => core.on_packet(Packet::Binary(data), now, &mut handler_cx),
            // The link answers the others itself.
            _ => Flow::More,
        }),
        Dialect::V3(_) => link.poll_read(cx, |message| core.on_frame_v3(message, now, &mut handler_cx)),
    };
    match read {
        Ok(Read::Pending) => false,
        Ok(Read::Stopped) => core.end.is_none() && !core.paused,
        Ok(Read::Closed(code)) => {
            core.end(CloseReason::TransportClose, Parting::Close(code));
            false
        }
        Err(LinkError::Frame(error)) => {
            tracing::debug!(%error, "bad_frame");
            let parting = Parting::Close(Some(error.close_code()));
            if let FrameError::MessageTooBig { .. } = error {
                core.end_with(CloseReason::TransportError, parting, &error);
            } else {
                core.end(CloseReason::TransportError, parting);
            }
            false
        }
        Err(LinkError::Io(error)) => {
            tracing::debug!(%error, "read_failed");
            core.end(CloseReason::TransportClose, Parting::None);
            false
        }
    }
}

/// Goes on with the packets of a POST. Its verdict is given when all are handled.
pub(super) fn read_post(
    polling: &mut Polling,
    core: &mut Core,
    now: Timestamp,
    cx: &mut Context<'_>,
) -> bool {
    let Some(mut post) = polling.post.take() else { return false };
    let request = post.request.clone();
    let verdict = loop {
        let flow = match post.next() {
            None => break Ok(()),
            Some(Ok(packet)) => core.on_packet_of(packet.as_packet(), request.as_ref(), now, cx),
            Some(Err(())) => {
                core.end(CloseReason::ParseError, Parting::Close(None));
                break Err(RequestError::BadRequest("PARSE_ERROR"));
            }
        };
        if core.end.is_some() {
            // As the official server: the packet was received, what it led to shows in the next poll.
            break Ok(());
        }
        if let Flow::Pause = flow {
            polling.post = Some(post);
            return false;
        }
    };
    post.answer(verdict);
    false
}
