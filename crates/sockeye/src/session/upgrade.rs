//! From polling to WebSocket: the probe that is tried while polling goes on, and the moment it takes over.
//! Source: engine.io-protocol v4 § Upgrade.

use super::link::{Flow, Link, Read};
use super::{LINGER, Session, Wire};
use sockeye_proto::Timestamp;
use sockeye_proto::engine::{Packet, ProbeStep, RequestError, Transport};
use sockeye_proto::websocket::{Message as Frame, Opcode};
use std::task::{Context, Poll};

impl Session {
    pub(super) fn open_probe(&mut self, mut link: Box<Link>) {
        let now = self.shared().now();
        match self.core.connection.session().handle_probe_opened(now) {
            Ok(()) => self.probe = Some(link),
            Err(error) => {
                tracing::debug!(%error, "upgrade_refused");
                link.queue_close(None);
                self.probe_goodbye(link);
            }
        }
    }

    /// Lets a refused WebSocket have its close frame, in a task that ends soon.
    pub(super) fn probe_goodbye(&self, mut link: Box<Link>) {
        link.queue_close(None);
        tokio::spawn(async move {
            let goodbye = std::future::poll_fn(|cx| match link.poll_write(cx) {
                Poll::Ready(Ok(())) => link.poll_drain(cx),
                Poll::Ready(Err(_)) => Poll::Ready(()),
                Poll::Pending => Poll::Pending,
            });
            let _ = tokio::time::timeout(LINGER, goodbye).await;
        });
    }

    /// True when there may be more to read: the WebSocket has taken over with the packets behind its `5`, or the
    /// pass was cut short.
    pub(super) fn read_probe(&mut self, mut link: Box<Link>, now: Timestamp, cx: &mut Context<'_>) -> bool {
        let mut step = None;
        let session = self.core.connection.session();
        let read = link.poll_read(cx, |message| {
            let packet = match message {
                Frame::Text(text) => Packet::decode_text(text).ok(),
                _ => None,
            };
            step = Some(packet.map(|packet| session.handle_probe_packet(packet, now)));
            Flow::Pause
        });
        match (step, read) {
            (Some(Some(Ok(ProbeStep::AnswerProbe))), Ok(_)) => {
                link.append(Opcode::Text, b"3probe");
                if let Wire::Polling(polling) = &mut self.wire {
                    // The client pauses polling only when no poll is open.
                    polling.release();
                }
                if let Poll::Ready(Err(_)) = link.poll_write(cx) {
                    self.core.connection.session().handle_probe_closed();
                    return false;
                }
                // There may be more to read already; if not, this registers for it.
                return self.read_probe(link, now, cx);
            }
            (Some(Some(Ok(ProbeStep::Upgraded))), Ok(_)) => {
                self.switch_to(*link);
                return true;
            }
            (None, Ok(read @ (Read::Pending | Read::Stopped))) => {
                let _ = link.poll_write(cx);
                self.probe = Some(link);
                // A pass that was cut short has registered for nothing.
                return matches!(read, Read::Stopped);
            }
            _ => {
                tracing::debug!("upgrade_failed");
                self.core.connection.session().handle_probe_closed();
                self.probe_goodbye(link);
            }
        }
        false
    }

    /// The WebSocket takes over. What was loaded for polls goes first.
    fn switch_to(&mut self, mut link: Link) {
        if let Wire::Polling(polling) = &mut self.wire {
            polling.release();
            if let Some(post) = polling.post.take() {
                post.answer(Err(RequestError::TRANSPORT_MISMATCH));
            }
            if let Some((runs, sent)) = polling.take_backlog() {
                let (runs, sent) = self.core.dialect.frames(runs, sent);
                link.load_after(runs, sent);
            }
        }
        if link.is_direct() {
            self.guard.set_direct();
        }
        self.core.conn.set_transport(Transport::WebSocket);
        self.core.conn.set_deflate_window(link.deflate_window());
        self.shared().registry.upgraded();
        self.wire = Wire::WebSocket(link);
        tracing::debug!("upgraded");
    }
}
