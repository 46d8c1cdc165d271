// The WebSocket client without a network: what goes out, what comes in, and what happens in between.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Socket } from "../../streamer/web/socket.js";

let sockets, socket, events, network, nonces;

class FakeWebSocket {
  readyState = 0;
  sent = [];
  constructor() {
    sockets.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  open() {
    this.readyState = 1;
    this.onopen();
  }
  say(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
  die(code = 1006) {
    this.readyState = 3;
    this.onclose({ code, reason: "" });
  }
}

const last = () => sockets.at(-1);
const message = (seq, nonce, body) => ({ type: "message", room: "r", seq, id: `m${seq}`, nonce, author: { id: "x", name: "x" }, body, at: 0 });
const joined = (seq, messages = [], more = {}) => ({ type: "joined", room: "r", epoch: "e", seq, members: 1, recovered: false, messages, ...more });
const of = (type) => events.filter(([name]) => name === type).map(([, event]) => event);

function welcome() {
  last().open();
  last().say({ type: "welcome", id: "me", name: "ann", now: 0, token: "t" });
}

function make(outbox = []) {
  socket = new Socket({
    url: "ws://x/ws",
    hello: () => ({ name: "ann", token: null }),
    outbox,
    network,
    world: { make: () => new FakeWebSocket(), random: () => 1, now: () => Date.now(), nonce: () => `n${(nonces += 1)}` },
  });
  for (const type of ["status", "joined", "message", "gap", "acked", "failed", "error", "presence", "track"]) {
    socket.on(type, (event) => events.push([type, event]));
  }
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  sockets = [];
  events = [];
  nonces = 0;
  network = new EventTarget();
  make();
});

test("says hello first, joins when welcomed, sends when joined", () => {
  socket.join("r");
  socket.send("r", "early");
  socket.connect();
  assert.deepEqual(last().sent, []);
  welcome();
  assert.deepEqual(last().sent, [{ type: "hello", name: "ann", token: null }, { type: "join", room: "r" }]);
  last().say(joined(0));
  assert.deepEqual(last().sent.at(-1), { type: "send", room: "r", nonce: "n1", body: "early" });
  last().say({ type: "ack", room: "r", nonce: "n1", seq: 1, id: "m1" });
  assert.deepEqual(socket.pending("r"), []);
});

test("comes back to where it was, and reports each message once", () => {
  socket.join("r");
  socket.connect();
  welcome();
  last().say(joined(7, [message(7, "a", "seven")]));
  last().say(message(8, "b", "eight"));
  last().say(message(8, "b", "eight"));
  last().die();
  mock.timers.tick(400);
  welcome();
  assert.deepEqual(last().sent.at(-1), { type: "join", room: "r", epoch: "e", seq: 8 });
  last().say(joined(9, [message(8, "b", "eight"), message(9, "c", "nine")], { recovered: true }));
  last().say(message(9, "c", "nine"));
  assert.deepEqual(of("joined").map((frame) => frame.messages.map(({ seq }) => seq)), [[7], [9]]);
  assert.deepEqual(of("message").map(({ seq }) => seq), [8]);
});

test("a message without acknowledgement goes again with its nonce, and no other does", () => {
  socket.join("r");
  socket.connect();
  welcome();
  last().say(joined(0));
  socket.send("r", "one");
  socket.send("r", "two");
  socket.send("r", "three");
  last().say({ type: "ack", room: "r", nonce: "n1", seq: 1, id: "m1" });
  last().die();
  mock.timers.tick(400);
  welcome();
  // The second one had been stored; only its acknowledgement was lost.
  last().say(joined(2, [message(1, "n1", "one"), message(2, "n2", "two")], { recovered: true }));
  assert.deepEqual(last().sent.filter(({ type }) => type === "send").map(({ nonce }) => nonce), ["n3"]);
  assert.deepEqual(of("acked").map(({ nonce }) => nonce), ["n1", "n2"]);
});

test("an outbox of an earlier page is sent", () => {
  make([{ room: "r", nonce: "old", body: "kept", at: 1 }]);
  socket.join("r");
  socket.connect();
  welcome();
  last().say(joined(0));
  assert.deepEqual(last().sent.at(-1), { type: "send", room: "r", nonce: "old", body: "kept" });
});

test("too fast: waits as long as it is told, then goes on in order", () => {
  socket.join("r");
  socket.connect();
  welcome();
  last().say(joined(0));
  socket.send("r", "one");
  last().say({ type: "error", code: "rate_limited", message: "", nonce: "n1", retry_ms: 300 });
  socket.send("r", "two");
  mock.timers.tick(299);
  assert.equal(last().sent.filter(({ type }) => type === "send").length, 1);
  mock.timers.tick(1);
  assert.deepEqual(last().sent.filter(({ type }) => type === "send").map(({ nonce }) => nonce), ["n1", "n1", "n2"]);
  assert.deepEqual(of("error"), []);
});

test("a refused message fails with the server's words", () => {
  socket.join("r");
  socket.connect();
  welcome();
  last().say(joined(0));
  socket.send("r", "bad");
  last().say({ type: "error", code: "invalid_field", message: "body is too long", nonce: "n1" });
  assert.equal(of("failed")[0].frame.message, "body is too long");
  assert.deepEqual(socket.pending("r"), []);
});

test("waits longer each time, up to a limit, and at once when the network is back", () => {
  socket.connect();
  const waits = [];
  for (let i = 0; i < 9; i += 1) {
    const before = sockets.length;
    const from = Date.now();
    last().die();
    while (sockets.length === before) mock.timers.tick(100);
    waits.push(Date.now() - from);
  }
  assert.deepEqual(waits, [400, 800, 1600, 3200, 6400, 12800, 20000, 20000, 20000]);
  last().die();
  const before = sockets.length;
  network.dispatchEvent(new Event("online"));
  assert.equal(sockets.length, before + 1);
  last().die();
  mock.timers.tick(400);
  assert.equal(sockets.length, before + 2, "and the waits begin anew");
});

test("a silent line is a dead line", () => {
  socket.connect();
  welcome();
  const first = last();
  mock.timers.tick(25_000);
  assert.deepEqual(first.sent.at(-1), { type: "ping" });
  first.say({ type: "pong", now: 0 });
  mock.timers.tick(24_000);
  assert.equal(of("status").at(-1).state, "online");
  mock.timers.tick(1_000);
  mock.timers.tick(8_000);
  assert.equal(of("status").at(-1).state, "offline");
  mock.timers.tick(400);
  assert.notEqual(last(), first);
});

test("when the network says it is gone, the line is asked, not believed dead", () => {
  socket.connect();
  welcome();
  network.dispatchEvent(new Event("offline"));
  last().say({ type: "pong", now: 0 });
  mock.timers.tick(3_000);
  assert.equal(of("status").at(-1).state, "online");
  network.dispatchEvent(new Event("offline"));
  mock.timers.tick(2_500);
  assert.equal(of("status").at(-1).state, "offline");
});

test("the close code says whether to come back", () => {
  socket.connect();
  welcome();
  last().die(4501);
  assert.equal(of("status").at(-1).state, "refused");
  mock.timers.tick(60_000);
  assert.equal(sockets.length, 1);
});

test("watches are counted, kept over a break, and ended once", () => {
  const ends = [socket.watch(null), socket.watch(null)];
  socket.connect();
  welcome();
  ends[0]();
  last().die();
  mock.timers.tick(400);
  welcome();
  assert.deepEqual(last().sent.slice(1), [{ type: "watch", track: null }]);
  ends[1]();
  assert.deepEqual(last().sent.at(-1), { type: "unwatch", track: null });
});

test("a gap is reported before what follows it", () => {
  socket.join("r");
  socket.connect();
  welcome();
  last().say(joined(5));
  last().die();
  mock.timers.tick(400);
  welcome();
  last().say({ type: "gap", room: "r", from_seq: 6, to_seq: 40 });
  last().say(joined(42, [message(41, "a", "a"), message(42, "b", "b")], { epoch: "e2" }));
  assert.deepEqual(events.slice(-2).map(([type]) => type), ["gap", "joined"]);
  last().die();
  mock.timers.tick(400);
  welcome();
  assert.deepEqual(last().sent.at(-1), { type: "join", room: "r", epoch: "e2", seq: 42 });
});
