// veza.js without a network: what goes out, what comes in, and what happens in between.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Refused, Veza } from "../../streamer/web/veza/client.js";
import { Clock } from "../../streamer/web/veza/clock.js";
import { mayReconnect } from "../../streamer/web/veza/machine.js";
import { MAX_OUTBOX } from "../../streamer/web/veza/outbox.js";
import { readSound } from "../../streamer/web/veza/sound.js";

let sockets, socket, events, page, nonces;

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

function make(more = {}) {
  socket = new Veza({
    url: "ws://x/ws",
    name: "ann",
    page,
    ...more,
    world: { make: () => new FakeWebSocket(), random: () => 1, now: () => Date.now(), nonce: () => `n${(nonces += 1)}` },
  });
  for (const type of ["status", "joined", "message", "edited", "gap", "acked", "failed", "error", "presence", "track", "drain", "outbox", "token_refused"]) {
    socket.on(type, (event) => events.push([type, event]));
  }
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  sockets = [];
  events = [];
  nonces = 0;
  page = new EventTarget();
  page.document = Object.assign(new EventTarget(), { hidden: false });
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

test("own words are shown that have no number of their own", () => {
  socket.join("r");
  socket.connect();
  welcome();
  last().say(joined(7, [message(7, "a", "seven")]));
  const { nonce } = socket.send("r", "buy now") ?? {};
  const sent = last().sent.at(-1);
  assert.equal(sent.type, "send");
  assert.ok(nonce === undefined || nonce === sent.nonce);
  last().say({ type: "ack", room: "r", nonce: sent.nonce, seq: 7, id: "m9" });
  const own = { ...message(7, sent.nonce, "buy now"), id: "m9" };
  last().say(own);
  last().say(own);
  assert.deepEqual(of("message").map(({ id }) => id), ["m9"]);
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
  make({ outbox: [{ room: "r", nonce: "old", at: 1, tried: null, command: { type: "send", room: "r", nonce: "old", body: "kept" } }] });
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
  page.dispatchEvent(new Event("online"));
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
  page.dispatchEvent(new Event("offline"));
  last().say({ type: "pong", now: 0 });
  mock.timers.tick(3_000);
  assert.equal(of("status").at(-1).state, "online");
  page.dispatchEvent(new Event("offline"));
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
  mock.timers.tick(800);
  welcome();
  assert.deepEqual(last().sent.at(-1), { type: "join", room: "r", epoch: "e2", seq: 42 });
});

const sent = (type) => last().sent.filter((frame) => frame.type === type);
function online() {
  socket.join("r");
  socket.connect();
  welcome();
  last().say(joined(0));
}

test("the token of the last welcome goes with the next hello", () => {
  socket.connect();
  welcome();
  last().die();
  mock.timers.tick(400);
  last().open();
  assert.deepEqual(last().sent, [{ type: "hello", name: "ann", token: "t" }]);
});

test("who is not known any more says hello anew, on the same line", () => {
  make({ token: "old" });
  socket.connect();
  last().open();
  last().say({ type: "error", code: "token_refused", message: "expired" });
  assert.deepEqual(last().sent, [{ type: "hello", name: "ann", token: "old" }, { type: "hello", name: "ann", token: null }]);
  assert.equal(of("token_refused").length, 1);
  last().say({ type: "error", code: "token_refused", message: "again" });
  assert.equal(of("error")[0].message, "again", "and only once");
});

test("a line that was good only for a moment is waited for longer", () => {
  socket.connect();
  welcome();
  last().die();
  mock.timers.tick(400);
  welcome();
  last().die();
  const before = sockets.length;
  mock.timers.tick(799);
  assert.equal(sockets.length, before);
  mock.timers.tick(1);
  assert.equal(sockets.length, before + 1);
  welcome();
  mock.timers.tick(5_000);
  last().die();
  mock.timers.tick(400);
  assert.equal(sockets.length, before + 2, "after a good time the waits begin anew");
});

test("who looks again need not wait, and a line that is up is asked", () => {
  socket.connect();
  for (const wait of [400, 800, 1600]) {
    last().die();
    mock.timers.tick(wait);
  }
  last().die();
  const before = sockets.length;
  page.document.hidden = true;
  page.document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(sockets.length, before);
  page.document.hidden = false;
  page.document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(sockets.length, before + 1);
  welcome();
  page.document.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(last().sent.at(-1), { type: "ping" });
  mock.timers.tick(2_500);
  assert.equal(of("status").at(-1).state, "offline");
});

test("a connection that comes to nothing is given up", () => {
  socket.connect();
  const first = last();
  mock.timers.tick(15_000);
  assert.equal(first.readyState, 3);
  mock.timers.tick(400);
  assert.notEqual(last(), first);
  last().open(); // and nobody answers hello
  mock.timers.tick(15_000);
  mock.timers.tick(800);
  assert.equal(sockets.length, 3);
});

test("a frame in between does not make a dead line a live one", () => {
  online();
  mock.timers.tick(25_000);
  last().say(message(1, "x", "x"));
  mock.timers.tick(8_000);
  assert.equal(of("status").at(-1).state, "offline");
});

test("drained, one comes again after one's own delay, and is heard until then", () => {
  online();
  const first = last();
  first.say({ type: "drain", reconnect_ms: 700 });
  assert.equal(of("drain")[0].reconnect_ms, 700);
  socket.send("r", "still here");
  assert.equal(sent("send").length, 1);
  mock.timers.tick(699);
  assert.equal(last(), first);
  mock.timers.tick(1);
  assert.equal(first.readyState, 3);
  assert.notEqual(last(), first);
  welcome();
  assert.deepEqual(sent("join"), [{ type: "join", room: "r", epoch: "e", seq: 0 }]);
});

test("drained and cut, one does not come before one's own delay", () => {
  online();
  last().say({ type: "drain", reconnect_ms: 3_000 });
  mock.timers.tick(100);
  last().die(1001);
  assert.equal(of("status").at(-1).state, "offline");
  mock.timers.tick(2_899);
  assert.equal(sockets.length, 1);
  mock.timers.tick(1);
  assert.equal(sockets.length, 2);
});

test("the codes that allow to come back are those of the server", () => {
  const allowed = Array.from({ length: 4000 }, (_, index) => 1000 + index).filter(mayReconnect);
  assert.deepEqual(allowed, [1001, 1005, 1006, 1011, 1012, 1013, ...Array.from({ length: 500 }, (_, index) => 4000 + index)]);
});

test("every kind of command with a nonce is kept, acknowledged, or shown back by the room", () => {
  online();
  socket.submit("edit", "r", { id: "m1", body: "better" });
  socket.submit("react", "r", { id: "m1", emoji: "!" });
  assert.deepEqual(last().sent.slice(-2), [
    { type: "edit", room: "r", nonce: "n1", id: "m1", body: "better" },
    { type: "react", room: "r", nonce: "n2", id: "m1", emoji: "!" },
  ]);
  last().say({ ...message(1, "n1", "better"), type: "edited" });
  last().say({ type: "ack", room: "r", nonce: "n2", seq: 2, id: "m1" });
  assert.deepEqual(of("acked").map(({ nonce }) => nonce), ["n1", "n2"]);
  assert.deepEqual(of("edited").map(({ seq }) => seq), [1]);
});

test("an entry of a kind that is not known yet counts, too", () => {
  online();
  last().say({ type: "sealed", room: "r", seq: 1, id: "m1", nonce: "x", at: 0 });
  last().die();
  mock.timers.tick(400);
  welcome();
  assert.equal(sent("join")[0].seq, 1);
});

test("the outbox has an end", () => {
  socket.join("r");
  for (let index = 0; index <= MAX_OUTBOX; index += 1) socket.send("r", `${index}`);
  assert.equal(socket.pending("r").length, MAX_OUTBOX);
  assert.deepEqual(of("failed").map(({ nonce, frame }) => [nonce, frame.code]), [[`n${MAX_OUTBOX + 1}`, "outbox_full"]]);
});

test("a full outbox goes out a few at a time, in order", () => {
  for (let index = 0; index < 40; index += 1) socket.send("r", `${index}`);
  online();
  assert.equal(sent("send").length, 16);
  for (let index = 1; index <= 40; index += 1) last().say({ type: "ack", room: "r", nonce: `n${index}`, seq: index, id: "" });
  assert.deepEqual(sent("send").map(({ body }) => Number(body)), Array.from({ length: 40 }, (_, index) => index));
});

test("what may have been said five minutes ago is not said again unasked", () => {
  online();
  socket.send("r", "perhaps");
  last().die();
  socket.send("r", "never tried");
  mock.timers.tick(400);
  for (let waited = 0; waited < 300_000; waited += 20_000) {
    last().die();
    mock.timers.tick(20_000);
  }
  welcome();
  last().say({ type: "gap", room: "r", from_seq: 1, to_seq: 900 });
  last().say(joined(1000));
  assert.deepEqual(of("failed").map(({ nonce, frame }) => [nonce, frame.code]), [["n1", "uncertain"]]);
  assert.deepEqual(sent("send").map(({ body }) => body), ["never tried"]);
});

test("a room that one room's slow mode holds up holds up no other", () => {
  online();
  socket.join("s");
  last().say({ ...joined(0), room: "s" });
  socket.send("r", "one");
  last().say({ type: "error", code: "rate_limited", message: "", nonce: "n1", retry_ms: 30_000 });
  socket.send("r", "two");
  socket.send("s", "elsewhere");
  assert.deepEqual(sent("send").map(({ body }) => body), ["one", "elsewhere"]);
});

test("a server that forgot that one was in the room is told so", () => {
  online();
  socket.send("r", "one");
  last().say({ type: "error", code: "not_joined", message: "", nonce: "n1", room: "r" });
  assert.equal(sent("join").length, 2);
  mock.timers.tick(1_000);
  assert.deepEqual(sent("send").map(({ nonce }) => nonce), ["n1", "n1"]);
});

test("a room that can't be read now is asked again; another error is told", () => {
  socket.join("r");
  socket.connect();
  welcome();
  last().say({ type: "error", code: "unavailable", message: "", room: "r" });
  mock.timers.tick(1_000);
  assert.equal(sent("join").length, 2);
  last().say({ type: "error", code: "room_full", message: "full", room: "r" });
  assert.equal(of("error")[0].message, "full");
});

test("questions are answered in turn, refused in words, and end with the line", async () => {
  online();
  const one = socket.ask("history", { room: "r", before: 9 });
  const two = socket.ask("history", { room: "r", before: 5 });
  const three = socket.ask("search", { room: "r", query: "x" });
  const four = socket.ask("members", { room: "r" });
  last().say({ type: "history", room: "r", messages: [], next: 5 });
  last().say({ type: "error", code: "rate_limited", message: "too fast", room: "r", retry_ms: 5 });
  last().say({ type: "search", messages: [1], next: null });
  last().die();
  assert.deepEqual((await one).next, 5);
  await assert.rejects(two, (error) => error instanceof Refused && error.code === "rate_limited" && error.retry_ms === 5);
  assert.deepEqual((await three).messages, [1]);
  await assert.rejects(four, { code: "line_lost" });
  await assert.rejects(socket.ask("members", { room: "r" }), { code: "line_lost" });
});

test("leaving a room ends its questions", async () => {
  online();
  const asked = socket.ask("members", { room: "r" });
  socket.leave("r");
  assert.deepEqual(last().sent.at(-1), { type: "leave", room: "r" });
  await assert.rejects(asked, { code: "left" });
});

test("a direct room that was asked for is joined like any other", async () => {
  socket.connect();
  welcome();
  const asked = socket.ask("direct", { to: "bob" }, "joined");
  last().say({ ...joined(3), room: "dm-1" });
  assert.equal((await asked).room, "dm-1");
  last().die();
  mock.timers.tick(400);
  welcome();
  assert.deepEqual(sent("join"), [{ type: "join", room: "dm-1", epoch: "e", seq: 3 }]);
});

test("a direct room is not taken for one that is joined meanwhile", async () => {
  socket.connect();
  welcome();
  for (const room of ["r", "s"]) socket.join(room);
  const asked = socket.ask("direct", { to: "bob" }, "joined");
  last().say(joined(3));
  last().say({ type: "error", code: "members_only", message: "no", room: "s" });
  last().say({ ...joined(3), room: "dm-1" });
  assert.equal((await asked).room, "dm-1");
});

test("what opens a door goes with every join", () => {
  socket.join("r", { password: "sesame" });
  socket.connect();
  welcome();
  last().say(joined(4));
  last().die();
  mock.timers.tick(400);
  welcome();
  assert.deepEqual(sent("join"), [{ type: "join", room: "r", password: "sesame", epoch: "e", seq: 4 }]);
});

test("a notice may answer what was sent", () => {
  online();
  socket.send("r", "/slow 10s");
  last().say({ type: "notice", room: "r", code: "done", text: "done", nonce: "n1" });
  assert.deepEqual(of("acked").map(({ nonce }) => nonce), ["n1"]);
});

for (const code of ["kicked", "direct_refused"]) test(`who is sent out by ${code} does not come again unasked`, async () => {
  online();
  const asked = socket.ask("members", { room: "r" });
  socket.send("r", "one");
  last().say({ type: "error", code, message: "out", room: "r" });
  assert.equal(of("error")[0].code, code);
  assert.deepEqual(of("failed").map(({ nonce, frame }) => [nonce, frame.code]), [["n1", code]]);
  await assert.rejects(asked, { code });
  last().die();
  mock.timers.tick(400);
  welcome();
  assert.equal(sent("join").length, 0);
});

test("hints are for now or never", () => {
  socket.join("r");
  socket.hint("typing", "r");
  socket.connect();
  welcome();
  socket.hint("typing", "r");
  assert.equal(sent("typing").length, 0);
  last().say(joined(0));
  socket.hint("read", "r", { seq: 3 });
  assert.deepEqual(last().sent.at(-1), { type: "read", room: "r", seq: 3 });
});

test("a listener's fault stops nothing", () => {
  const faults = [];
  mock.method(globalThis, "queueMicrotask", (job) => faults.push(job));
  const end = socket.on("welcome", () => { throw new Error("the page's"); });
  socket.join("r");
  socket.connect();
  welcome();
  assert.equal(sent("join").length, 1);
  assert.throws(faults[0], /the page's/);
  end();
  mock.restoreAll();
});

test("what a listener says goes out after what was to go out", () => {
  socket.on("joined", () => socket.send("r", "from a listener"));
  socket.send("r", "waiting");
  online();
  assert.deepEqual(sent("send").map(({ body }) => body), ["waiting", "from a listener"]);
});

test("the server's time is that of the quickest answer", () => {
  assert.equal(socket.serverTime(), null);
  socket.connect();
  last().open();
  mock.timers.tick(100); // there and back
  last().say({ type: "welcome", id: "me", name: "ann", now: 1_000_050, token: "t" });
  assert.deepEqual(socket.serverTime(), { now: 1_000_100, error_ms: 50 });
  socket.measure();
  mock.timers.tick(10);
  last().say({ type: "pong", now: 1_000_106 });
  assert.deepEqual(socket.serverTime(), { now: 1_000_111, error_ms: 5 });
  for (let pings = 2; pings <= 4; pings += 1) {
    mock.timers.tick(500);
    assert.equal(sent("ping").length, pings);
    last().say({ type: "pong", now: 1_000_106 + (pings - 1) * 500 });
  }
  mock.timers.tick(24_999);
  assert.equal(sent("ping").length, 4);
});

test("a clock that was set is believed at once", () => {
  const clock = new Clock();
  clock.add(0, 10, 1_000);
  clock.add(20, 40, 1_025);
  assert.deepEqual(clock.best, { offset_ms: 995, error_ms: 5 });
  clock.add(100, 160, 9_000);
  assert.deepEqual(clock.best, { offset_ms: 8_870, error_ms: 30 });
  for (let index = 0; index < 20; index += 1) clock.add(index, index + 40, 8_890 + index);
  assert.equal(clock.best.error_ms, 20, "what is old is forgotten");
});

test("closed, it stays closed", () => {
  online();
  const first = last();
  socket.close();
  assert.equal(first.readyState, 3);
  mock.timers.tick(100_000);
  assert.equal(sockets.length, 1);
  socket.connect();
  welcome();
  assert.equal(sent("join").length, 1);
});

// Sound, and what belongs to a moment of it.

const frame = ({ kind = 1, flags = 1, stream = 7, at_us = 1_795_227_101_441_000, units = [[1, 2], [3]] } = {}) => {
  const bytes = [kind, flags, stream >> 8, stream & 255];
  for (let shift = 56n; shift >= 0n; shift -= 8n) bytes.push(Number((BigInt(at_us) >> shift) & 255n));
  bytes.push(units.length, ...units.flatMap((unit) => [unit.length >> 8, unit.length & 255]), ...units.flat());
  return new Uint8Array(bytes).buffer;
};

test("a binary frame is read", () => {
  assert.deepEqual(readSound(frame()), {
    stream: 7, flags: 1, at_us: 1_795_227_101_441_000, units: [new Uint8Array([1, 2]), new Uint8Array([3])],
  });
});

test("a binary frame that is none is passed over", () => {
  assert.equal(readSound(frame({ kind: 2 })), null);
  assert.equal(readSound(frame({ units: [] })), null);
  for (let end = 0; end < 20; end += 1) assert.equal(readSound(frame().slice(0, end)), null);
  assert.equal(readSound(new Uint8Array([...new Uint8Array(frame()), 0]).buffer), null);
});

test("listens when the room is joined, and again after a broken line", () => {
  const heard = [];
  socket.on("sound", (sound) => heard.push(sound.stream));
  socket.on("listening", ({ stream }) => heard.push(stream));
  socket.listen("r");
  socket.join("r");
  socket.connect();
  welcome();
  last().say(joined(0));
  assert.deepEqual(last().sent.at(-1), { type: "listen", room: "r" });
  socket.listen("r", "flac");
  assert.deepEqual(last().sent.at(-1), { type: "listen", room: "r", rendition: "flac" });
  last().say({ type: "listening", room: "r", stream: 3 });
  last().onmessage({ data: frame({ stream: 3 }) });
  assert.deepEqual(heard, [3, 3]);
  last().die();
  mock.timers.tick(1000);
  welcome();
  last().say(joined(0));
  assert.deepEqual(last().sent.at(-1), { type: "listen", room: "r", rendition: "flac" });
  socket.unlisten("r");
  socket.unlisten("r");
  assert.deepEqual(last().sent.filter(({ type }) => type === "unlisten").length, 1);
  last().say(joined(0));
  assert.equal(last().sent.at(-1).type, "unlisten");
});

test("who leaves a room, or is sent out, hears no more of it", () => {
  for (const end of [() => socket.leave("r"), () => last().say({ type: "error", code: "kicked", room: "r" })]) {
    socket.join("r");
    socket.listen("r");
    socket.connect();
    if (last().readyState === 0) welcome();
    last().say(joined(0));
    end();
    const before = last().sent.length;
    socket.join("r");
    last().say(joined(0));
    assert.deepEqual(last().sent.slice(before).map(({ type }) => type), ["join"]);
  }
});

test("what belongs to a moment waits until it is heard", () => {
  const { media } = socket;
  const shown = [];
  const show = (name) => () => shown.push(name);
  media.onMedia(5_000, show("nothing plays"));
  media.playing(10_000);
  assert.equal(media.media, 10_000);
  media.onMedia(10_000, show("now"));
  media.onMedia(12_000, show("second"));
  media.onMedia(11_000, show("first"));
  media.onMedia(11_500, show("forgotten"))();
  media.onMedia(80_000, show("too far"));
  assert.deepEqual(shown.splice(0), ["nothing plays", "now", "too far"]);
  mock.timers.tick(999);
  assert.deepEqual(shown, []);
  mock.timers.tick(1);
  assert.deepEqual(shown.splice(0), ["first"]);
  media.playing(11_000, { rate: 0.5 });
  mock.timers.tick(1_500);
  assert.deepEqual(shown, []);
  mock.timers.tick(500);
  assert.deepEqual(shown.splice(0), ["second"]);
  media.onMedia(20_000, show("jumped to"));
  media.playing(30_000);
  media.onMedia(40_000, show("stopped"));
  media.stopped();
  assert.deepEqual(shown, ["jumped to", "stopped"]);
  assert.equal(media.media, null);
});

test("so much waits for its moment, and the rest is shown at once", () => {
  let shown = 0;
  socket.media.playing(0);
  for (let number = 0; number < 1_010; number += 1) socket.media.onMedia(1_000 + number, () => (shown += 1));
  assert.equal(shown, 10);
});
