"""The clients of python-socketio, blocking and asynchronous, against the contract `abuse`.

    scenario.py ORIGIN MODE      MODE is polling, websocket or upgrade

Each check is one line of JSON on the standard output: its name, and its error or null.
"""

import asyncio
import inspect
import json
import queue
import sys
import traceback
import urllib.request

import engineio
import socketio
from socketio.exceptions import ConnectionError as Refused

LIMIT_S = 20
ORIGIN, MODE = sys.argv[1:]
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": None}[MODE]
BYTES = bytes(range(256))

# Any server may put more than 16 packets into a payload; by default this client takes more for an attack.
engineio.payload.Payload.max_decode_packets = 16_384


async def done(outcome):
    """The blocking client has an outcome, the asynchronous one promises it."""
    return await outcome if inspect.isawaitable(outcome) else outcome


class Peer:
    """A connected client and what it was sent, event by event."""

    def __init__(self, client):
        self.client = client
        self.heard = {}
        self.answer = None

    async def connect(self, namespaces=("/",), auth=None):
        for namespace in namespaces:
            for event in ("auth", "message-back", "room-msg", "bcast"):
                self.client.on(event, self._listener(namespace, event), namespace=namespace)
            self.client.on("emit-with-ack", self._asked(namespace), namespace=namespace)
        options = {"namespaces": list(namespaces), "auth": auth, "wait_timeout": LIMIT_S}
        await done(self.client.connect(ORIGIN, transports=TRANSPORTS, **options))
        return self

    def _listener(self, namespace, event):
        heard = self.heard.setdefault((namespace, event), queue.Queue())
        return lambda *args: heard.put(args)

    def _asked(self, namespace):
        heard = self.heard.setdefault((namespace, "emit-with-ack"), queue.Queue())

        def asked(*args):
            heard.put(args)
            return self.answer

        return asked

    async def next(self, event, namespace="/"):
        return await asyncio.to_thread(self.heard[namespace, event].get, timeout=LIMIT_S)

    async def emit(self, event, *args, namespace="/"):
        await done(self.client.emit(event, args, namespace=namespace))

    async def call(self, event, *args, namespace="/"):
        return await done(self.client.call(event, args, namespace=namespace, timeout=LIMIT_S))

    def transport(self):
        return self.client.transport()


async def auth_arrives_as_it_was_sent(new):
    peer = await new().connect(auth={"token": "ü", "n": 1})
    assert await peer.next("auth") == ({"token": "ü", "n": 1},)


async def the_transport_is_the_one_that_was_asked_for(new):
    peer = await new().connect()
    assert peer.transport() == ("polling" if MODE == "polling" else "websocket"), peer.transport()


async def two_namespaces_have_their_own_answers(new):
    peer = await new().connect(("/", "/custom"))
    assert peer.client.get_sid("/") != peer.client.get_sid("/custom")
    for namespace in ("/custom", "/"):
        await peer.emit("message", namespace, namespace=namespace)
        assert await peer.next("message-back", namespace) == (namespace,)


async def an_unknown_namespace_is_refused(new):
    try:
        await new().connect(("/nobody",))
    except Refused:
        return
    raise AssertionError("connected")


async def acks_carry_values(new):
    peer = await new().connect()
    assert await peer.call("message-with-ack", 1, "two", {"three": [3, None]}) == (1, "two", {"three": [3, None]})


async def acks_carry_bytes(new):
    peer = await new().connect()
    assert await peer.call("message-with-ack", BYTES, {"inner": BYTES}) == (BYTES, {"inner": BYTES})


async def the_server_gets_an_ack_with_bytes(new):
    peer = await new().connect()
    peer.answer = (BYTES, "answer")
    await peer.emit("emit-with-ack", "question")
    assert await peer.next("emit-with-ack") == ("question",)
    assert await peer.next("emit-with-ack") == (BYTES, "answer")


async def a_room_reaches_its_members_alone(new):
    member, stranger = await new().connect(), await new().connect()
    assert await member.call("join", "room") == "ok"
    await stranger.emit("room-send", "room", "hello", BYTES)
    assert await member.next("room-msg") == ("hello", BYTES)
    # An answer to what came later: the room's message is not under way to the stranger any more.
    await stranger.call("count")
    assert stranger.heard["/", "room-msg"].empty()


async def a_broadcast_reaches_everybody(new):
    peers = [await new().connect() for _ in range(3)]
    await peers[0].emit("broadcast", "all", 1)
    for peer in peers:
        assert await peer.next("bcast") == ("all", 1)


async def events_of_300_kb_come_back_whole(new):
    peer = await new().connect()
    # Python escapes each letter with six bytes.
    text, data = "ü" * 50_000, BYTES * 1_200
    await peer.emit("message", text, data)
    assert await peer.next("message-back") == (text, data)


async def five_hundred_events_come_back_in_order(new):
    peer = await new().connect()
    for number in range(500):
        await peer.emit("message", number)
    heard = [await peer.next("message-back") for _ in range(500)]
    if isinstance(peer.client, socketio.Client):
        # It gives each event a thread of its own.
        heard.sort()
    assert heard == [(number,) for number in range(500)]


def held():
    health = json.load(urllib.request.urlopen(f"{ORIGIN}/healthz"))
    return [health["clients"], health["sockets"], health["rooms"]]


async def the_server_forgets_who_has_left(new):
    before = held()
    peer = await new().connect(("/", "/custom"))
    await peer.call("join", "room")
    await done(peer.client.disconnect())
    for _ in range(LIMIT_S * 20):
        after = held()
        if all(now <= then for now, then in zip(after, before)):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"it holds {after} and held {before}")


CHECKS = [
    auth_arrives_as_it_was_sent,
    the_transport_is_the_one_that_was_asked_for,
    two_namespaces_have_their_own_answers,
    an_unknown_namespace_is_refused,
    acks_carry_values,
    acks_carry_bytes,
    the_server_gets_an_ack_with_bytes,
    a_room_reaches_its_members_alone,
    a_broadcast_reaches_everybody,
    events_of_300_kb_come_back_whole,
    five_hundred_events_come_back_in_order,
    the_server_forgets_who_has_left,
]


async def run(check, kind):
    peers = []

    def new():
        peers.append(Peer(kind(reconnection=False)))
        return peers[-1]

    try:
        await asyncio.wait_for(check(new), LIMIT_S * 2)
        return None
    except Exception:
        return traceback.format_exc()
    finally:
        for peer in peers:
            await done(peer.client.disconnect())


async def main():
    for name, kind in (("blocking", socketio.Client), ("asynchronous", socketio.AsyncClient)):
        for check in CHECKS:
            if (check, name, MODE) == (the_server_forgets_who_has_left, "blocking", "polling"):
                # Its writing thread may end before it has said that the client leaves: the heartbeat has to find out.
                continue
            error = await run(check, kind)
            print(json.dumps({"name": f"{name}: {check.__name__.replace('_', ' ')}", "error": error}), flush=True)


asyncio.run(main())
