// The scenarios that run inside the page, with whichever client its first script made global as `io`.
// Each takes the transports to use and throws when something is not as it should be.

const LIMIT_MS = 5_000;

/** The arguments of the socket's next `event`; an error if it does not come. */
function next(socket, event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited ${LIMIT_MS} ms for the event "${event}"`)), LIMIT_MS);
    socket.once(event, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });
}

/** The arguments of the server's answer to an event. */
function call(socket, event, ...args) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited ${LIMIT_MS} ms for the ack of "${event}"`)), LIMIT_MS);
    socket.emit(event, ...args, (...answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

/** A value as text that is the same for equal values: bytes included, keys sorted. */
function show(value) {
  return JSON.stringify(value, (_, inner) => {
    if (inner instanceof ArrayBuffer) return { bytes: [...new Uint8Array(inner)] };
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function same(actual, expected) {
  if (show(actual) !== show(expected)) throw new Error(`got ${show(actual)} instead of ${show(expected)}`);
}

const bytes = (...values) => new Uint8Array(values).buffer;

const scenarios = {
  async connect(open) {
    const socket = open("/", { auth: { token: "t", n: 1 } });
    const [[auth]] = await Promise.all([next(socket, "auth"), next(socket, "connect")]);
    same(auth, { token: "t", n: 1 });
    same(socket.connected, true);
    same(socket.id.length, 20);
  },

  async namespaces(open) {
    const custom = open("/custom", { auth: { in: "custom" } });
    same(await next(custom, "auth"), [{ in: "custom" }]);
    const unknown = open("/unknown");
    const [error] = await next(unknown, "connect_error");
    same(error.message, "Invalid namespace");
  },

  async events(open) {
    const socket = open("/");
    for (const args of [[], ["text"], [1, null, true], ["Я てすと 😀", { nested: [{ deep: 1.5 }] }], ["x".repeat(300_000)]]) {
      socket.emit("message", ...args);
      same(await next(socket, "message-back"), args);
    }
  },

  async acks(open) {
    const socket = open("/");
    same(await call(socket, "message-with-ack", 1, { two: [2] }), [1, { two: [2] }]);
    socket.emit("emit-with-ack", "question");
    const [given, answer] = await next(socket, "emit-with-ack");
    same(given, "question");
    answer({ answer: 42 });
    same(await next(socket, "emit-with-ack"), [{ answer: 42 }]);
  },

  async binary(open) {
    const socket = open("/");
    const args = [bytes(0, 127, 128, 255), { inner: [bytes(1, 2), "text", bytes()] }];
    socket.emit("message", ...args);
    same(await next(socket, "message-back"), args);
    socket.emit("message", new Uint8Array([9, 8, 7]).subarray(1));
    same(await next(socket, "message-back"), [bytes(8, 7)]);
    same(await call(socket, "message-with-ack", bytes(5)), [bytes(5)]);
  },

  async blob(open) {
    const socket = open("/");
    socket.emit("message", new Blob(["hello"]), { file: new Blob([bytes(0, 255)]) });
    same(await next(socket, "message-back"), [bytes(104, 101, 108, 108, 111), { file: bytes(0, 255) }]);
    socket.emit("message", "after the blob");
    same(await next(socket, "message-back"), ["after the blob"]);
  },

  async rooms(open) {
    const [a, b, outsider] = [open("/"), open("/"), open("/")];
    same(await call(a, "join", "blue"), ["ok"]);
    same(await call(b, "join", "blue"), ["ok"]);
    let strayed = 0;
    outsider.on("room-msg", () => (strayed += 1));
    const heard = Promise.all([next(a, "room-msg"), next(b, "room-msg")]);
    outsider.emit("room-send", "blue", "hello", bytes(1));
    same(await heard, [["hello", bytes(1)], ["hello", bytes(1)]]);
    same(await call(outsider, "count"), [1]);
    same(strayed, 0);
  },

  async order(open) {
    const socket = open("/");
    const seen = [];
    socket.on("message-back", (number) => seen.push(number));
    const numbers = Array.from({ length: 2_000 }, (_, index) => index);
    for (const number of numbers) socket.emit("message", number);
    await call(socket, "count");
    same(seen, numbers);
  },

  async reconnect(open) {
    const quick = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50, randomizationFactor: 0 };
    const socket = open("/", quick);
    await next(socket, "connect");
    const before = socket.id;
    const left = next(socket, "disconnect");
    const returned = left.then(() => next(socket, "connect"));
    await window.restartServer();
    const [reason] = await left;
    if (!["transport close", "transport error"].includes(reason)) throw new Error(`disconnected: ${reason}`);
    await returned;
    if (socket.id === before) throw new Error("the id is still the old one");
    same(await call(socket, "message-with-ack", "back"), ["back"]);
  },
};

/** Runs one scenario and leaves no connection behind. */
window.runScenario = async (name, transports) => {
  const opened = [];
  const open = (namespace, options = {}) => {
    const socket = io(namespace, { transports, forceNew: true, reconnection: false, ...options });
    opened.push(socket);
    return socket;
  };
  try {
    await scenarios[name](open);
  } finally {
    for (const socket of opened) socket.disconnect();
  }
};

let connection;

/** Opens the connection whose wire is looked at from outside. */
window.openTransport = async (transports) => {
  connection = io("/", { transports, forceNew: true, reconnection: false });
  await next(connection, "connect");
};

window.talkAndClose = async () => {
  same(await call(connection, "message-with-ack", "over the wire"), ["over the wire"]);
  connection.disconnect();
};

window.scenarioNames = Object.keys(scenarios);
