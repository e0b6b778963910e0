//! Both ends and the link between them, driven as shells are: one input, then what follows from it, then on
//! to the next arrival or deadline.

use super::client_end::ClientEnd;
use super::link::{Link, Parcel};
use super::server_end::ServerEnd;
use crate::engine::{Heartbeat, Transport};

/// What a pair begins with.
#[derive(Clone, Copy)]
pub(super) struct Setup {
    pub(super) transport: Transport,
    pub(super) seed: u64,
    /// The longest time that anything is on its way, in ms.
    pub(super) max_delay: u64,
    pub(super) heartbeat: Heartbeat,
    /// The largest body of a POST and of a poll's answer.
    pub(super) max_payload_bytes: usize,
    /// The client asks for its namespaces as soon as the session is open.
    pub(super) client_asks: bool,
    /// The server answers CONNECTs.
    pub(super) server_answers: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            transport: Transport::Polling,
            seed: 1,
            max_delay: 0,
            heartbeat: Heartbeat::default(),
            max_payload_bytes: 2_000,
            client_asks: true,
            server_answers: true,
        }
    }
}

pub(super) struct Pair {
    pub(super) link: Link,
    pub(super) server: ServerEnd,
    pub(super) client: ClientEnd,
}

impl Pair {
    /// Two ends, as far as they come in a second.
    pub(super) fn new(setup: Setup) -> Self {
        let mut link = Link::new(setup.seed, setup.max_delay);
        let server = ServerEnd::new(&setup, &mut link);
        let mut pair = Self { link, server, client: ClientEnd::new(&setup) };
        pair.drive();
        pair.run_until(1_000);
        assert_eq!(pair.client.is_joined(), setup.client_asks && setup.server_answers);
        pair
    }

    pub(super) fn now(&self) -> u64 {
        self.link.now
    }

    /// A WebSocket is asked for.
    pub(super) fn start_upgrade(&mut self) {
        self.link.send(Parcel::WsRequest);
    }

    /// One pass of both shells.
    pub(super) fn drive(&mut self) {
        self.server.drive(&mut self.link);
        self.client.drive(&mut self.link);
        self.link.flush();
    }

    /// Lets everything happen up to and including `until`.
    pub(super) fn run_until(&mut self, until: u64) {
        loop {
            let server_due = self.server.connection.session().deadline();
            let due = server_due.min(self.client.connection.session().deadline()).as_millis();
            let arrival = self.link.next_arrival();
            let next = arrival.min(due);
            if next > until {
                break;
            }
            self.link.now = self.link.now.max(next);
            if arrival <= next
                && let Some(parcel) = self.link.receive()
            {
                match parcel.is_for_server() {
                    true => self.server.handle(parcel, &mut self.link),
                    false => self.client.handle(parcel, &mut self.link),
                }
            }
            self.drive();
        }
        self.link.now = until;
    }

    /// Both ends say five things a millisecond for `millis`, while `each` may interfere.
    pub(super) fn chatter(&mut self, millis: u64, mut each: impl FnMut(&mut Pair, u64)) {
        for step in 0..millis {
            each(self, step);
            for said in 0..5 {
                self.server.say();
                self.client.say();
                // Now in one go, now one by one.
                if said % 2 == step % 2 {
                    self.drive();
                }
            }
            self.drive();
            let next = self.now() + 1;
            self.run_until(next);
        }
    }

    /// Waits until whatever is queued or under way must have arrived.
    pub(super) fn settle(&mut self) {
        let until = self.now() + 5_000;
        self.run_until(until);
    }

    pub(super) fn assert_nothing_lost_doubled_or_reordered(&self) {
        self.server.talk.assert_heard_all_of(&self.client.talk);
        self.client.talk.assert_heard_all_of(&self.server.talk);
    }

    pub(super) fn assert_open_on(&mut self, transport: Transport) {
        assert_eq!((self.server.closed, self.client.closed), (None, None));
        assert_eq!((self.server.transport(), self.client.transport()), (transport, transport));
    }
}
