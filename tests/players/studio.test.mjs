// A recording on its way from a page: what is kept, what is sent, and what a server makes of it over lines that break.
import assert from "node:assert/strict";
import { test } from "node:test";

import { asFrame, Recording } from "../../streamer/web/studio/recording.js";
import { Uplink } from "../../streamer/web/studio/uplink.js";

const bytes = (size, seed = 0) => Uint8Array.from({ length: size }, (_, i) => (i * 7 + seed) % 251);
const place = (frame) => {
  const view = new DataView(frame.buffer);
  return { kind: view.getUint8(0), stream: view.getUint16(2), at: view.getUint32(4) * 2 ** 32 + view.getUint32(8), data: frame.subarray(12) };
};
const KEEP = { maxBytes: 1000, maxMs: 60_000 };

/** A small generator of chance, the same each time. */
function chance(seed) {
  return (limit) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % limit;
  };
}

test("the header is that of the protocol", () => {
  const frame = asFrame(0x0107, 2 ** 32 + 8192, Uint8Array.of(97, 98));
  assert.equal(Buffer.from(frame).toString("hex"), "0200010700000001000020006162");
});

test("nothing is sent before it is wanted, and no more than the window", () => {
  const recording = new Recording(KEEP);
  recording.add(bytes(300), 0);
  assert.deepEqual(recording.frames(), []);
  recording.wanted({ stream: 3, upto: 0, window_bytes: 100 });
  const [first, ...others] = recording.frames().map(place);
  assert.deepEqual([first.kind, first.stream, first.at, first.data.length, others.length], [2, 3, 0, 100, 0]);
  assert.deepEqual(recording.frames(), []);
  recording.took({ stream: 2, upto: 90 }); // of another connection
  assert.equal(recording.keptFrom, 0);
  recording.took({ stream: 3, upto: 60 });
  assert.deepEqual(recording.frames().map(place).map(({ at, data }) => [at, data.length]), [[100, 60]]);
  assert.equal(recording.waitingBytes, 240);
});

test("what is kept is bounded in bytes and in time; without its beginning it is worth nothing", () => {
  for (const [size, now] of [[701, 0], [1, 60_001]]) {
    const recording = new Recording(KEEP);
    recording.add(bytes(300), 0);
    recording.wanted({ stream: 1, upto: 0, window_bytes: 10 });
    recording.add(bytes(size), now);
    assert.equal(recording.broken, true);
    assert.deepEqual(recording.frames(), []);
  }
  const recording = new Recording(KEEP);
  recording.wanted({ stream: 1, upto: 0, window_bytes: 1000 });
  for (let now = 0; now < 600_000; now += 100) {
    recording.add(bytes(50), now);
    recording.frames();
    recording.took({ stream: 1, upto: recording.length });
  }
  assert.deepEqual([recording.broken, recording.keptFrom, recording.length], [false, 300_000, 300_000]);
});

test("a server that wants what is not there any more breaks it", () => {
  const recording = new Recording(KEEP);
  recording.add(bytes(300), 0);
  recording.wanted({ stream: 1, upto: 0, window_bytes: 1000 });
  recording.frames();
  recording.took({ stream: 1, upto: 300 });
  recording.wanted({ stream: 1, upto: 299, window_bytes: 1000 });
  assert.equal(recording.broken, true);
});

/** A server as `chat/uplink.py` has it, behind a line that can be cut; a recorder; and a clock that somebody moves. */
class World {
  constructor({ window_bytes = 400, refusal = null } = {}) {
    Object.assign(this, { window_bytes, refusal, now: 0, online: true, joined: true, listeners: {}, sessions: new Map(), stream: 0, carrying: null, recorded: [], states: [], names: 0, timers: [], asked: [] });
    const socket = {
      on: (type, listener) => {
        (this.listeners[type] ??= new Set()).add(listener);
        return () => this.listeners[type].delete(listener);
      },
      sendBytes: (frame) => this.online && this.received(place(frame)),
      ask: async (type, fields) => {
        this.asked.push(type);
        if (!this.online) throw { code: "line_lost" };
        return this[type](fields);
      },
    };
    this.uplink = new Uplink({
      socket,
      room: "r",
      key: "k",
      record: (give) => {
        const recorder = { all: [], give, mediaType: "audio/webm" };
        this.recorded.push(recorder);
        recorder.stop = async () => (recorder.give = () => {});
        return recorder;
      },
      on: { state: (state, detail) => this.states.push(detail?.code ? `${state} ${detail.code}` : state) },
      world: {
        now: () => this.now,
        session: () => `session-${(this.names += 1)}`,
        setTimeout: (act) => this.timers.push(act),
        clearTimeout: () => {},
      },
    });
  }
  tell(type, event) {
    for (const listener of [...(this.listeners[type] ?? [])]) listener({ room: "r", ...event });
  }
  record(data) {
    const recorder = this.recorded.at(-1);
    recorder.all.push(...data);
    recorder.give(data);
  }
  golive({ session, kept_from }) {
    if (this.refusal) throw this.refusal;
    if (!this.sessions.has(session)) {
      if (kept_from) throw { code: "session_unknown" };
      this.sessions.set(session, { data: [], acknowledged: 0 });
    }
    const mine = (this.carrying = this.sessions.get(session));
    assert.ok(kept_from <= mine.data.length);
    mine.acknowledged = mine.data.length;
    this.stream += 1;
    return { room: "r", session, stream: this.stream, upto: mine.data.length, window_bytes: this.window_bytes };
  }
  gooff() {
    this.carrying = null;
  }
  received({ stream, at, data }) {
    if (stream !== this.stream || !this.carrying) return;
    const mine = this.carrying;
    assert.ok(at <= mine.data.length, "a hole");
    assert.ok(at + data.length <= mine.acknowledged + this.window_bytes, "too fast");
    mine.data.push(...data.subarray(mine.data.length - at));
  }
  take() {
    if (!this.carrying) return;
    this.carrying.acknowledged = this.carrying.data.length;
    this.tell("taken", { room: undefined, stream: this.stream, upto: this.carrying.acknowledged });
  }
  async cut() {
    this.online = false;
    this.carrying = null;
    this.tell("status", { room: undefined, state: "offline" });
    await settled();
  }
  async back() {
    this.online = true;
    this.tell("joined", {});
    await settled();
  }
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("whatever breaks, the server has what was recorded, once and in order", async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const world = new World();
    const pick = chance(seed);
    await settled();
    for (let step = 0; step < 120; step += 1) {
      world.now += 100;
      const what = pick(10);
      if (what < 6) world.record(bytes(1 + pick(90), pick(200)));
      else if (what < 8) world.take();
      else if (what === 8) await world.cut();
      else await world.back();
    }
    await world.back();
    for (let i = 0; i < 40; i += 1) world.take();
    assert.equal(world.recorded.length, 1, `seed ${seed}`);
    assert.deepEqual(world.carrying.data, world.recorded[0].all, `seed ${seed}`);
    assert.equal(world.uplink.waitingBytes, 0);
  }
});

test("a server that has forgotten gets another recording, from its beginning", async () => {
  const world = new World();
  await settled();
  world.record(bytes(100));
  world.take();
  await world.cut();
  world.sessions.clear();
  world.record(bytes(50));
  await world.back();
  await settled();
  assert.equal(world.recorded.length, 2);
  world.record(bytes(70, 5));
  assert.deepEqual(world.carrying.data, [...bytes(70, 5)]);
  assert.deepEqual(world.states, ["connecting", "onair", "waiting", "connecting", "onair"]);
});

test("who was away for more than a minute begins anew", async () => {
  const world = new World();
  await settled();
  world.record(bytes(100));
  await world.cut();
  for (; world.now < 90_000; world.now += 1000) world.record(bytes(10));
  await world.back();
  await settled();
  assert.equal(world.recorded.length, 2);
  assert.equal(world.states.at(-1), "onair");
});

test("a server that stops is waited for; what a person must decide is not tried again", async () => {
  const world = new World();
  await settled();
  world.tell("dismissed", { session: "session-1", code: "stopping", reason: "" });
  assert.deepEqual([world.recorded.length, world.asked.length], [2, 1]);
  await world.cut();
  world.record(bytes(30));
  await world.back();
  assert.deepEqual(world.carrying.data, [...bytes(30)]);
  world.tell("dismissed", { session: "session-1", code: "revoked", reason: "" }); // of the one before
  assert.equal(world.states.at(-1), "onair");
  world.tell("dismissed", { session: "session-2", code: "revoked", reason: "" });
  await world.back();
  assert.equal(world.states.at(-1), "over revoked");
  assert.equal(world.asked.length, 2);
});

test("what ends at once again and again is not begun for ever", async () => {
  const world = new World({ refusal: { code: "session_unknown", message: "" } });
  for (let i = 0; i < 20; i += 1) await settled();
  assert.equal(world.states.at(-1), "over session_unknown");
  assert.ok(world.recorded.length <= 5);
});

test("not now is asked again in a moment, and a wrong key is said", async () => {
  const world = new World({ refusal: { code: "not_joined", message: "" } });
  await settled();
  assert.equal(world.timers.length, 1);
  world.refusal = { code: "key_refused", message: "no" };
  world.timers[0]();
  await settled();
  assert.equal(world.states.at(-1), "over key_refused");
});

test("the end sends what was recorded, and then says so", async () => {
  const world = new World();
  await settled();
  world.record(bytes(100));
  const mine = world.carrying;
  await world.uplink.end();
  assert.deepEqual(mine.data, [...bytes(100)]);
  assert.deepEqual(world.asked, ["golive", "gooff"]);
  assert.equal(world.states.at(-1), "over over");
  await world.back();
  assert.equal(world.asked.length, 2);
});
