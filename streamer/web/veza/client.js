// A client of Veza for any page, without a dependency. Everybody imports it from /veza.js, which is these files in one.
// docs/client.md tells how it is used.
import { Machine } from "./machine.js";
import { MediaClock } from "./media.js";
import { readSound } from "./sound.js";

const WORLD = {
  make: (url) => new WebSocket(url),
  random: Math.random,
  // As Date.now, but nobody sets it back.
  now: () => performance.timeOrigin + performance.now(),
  nonce: () => crypto.getRandomValues(new Uint32Array(4)).join("-"),
};

/** What a question is answered with when it is not answered: `code` is the server's, or "line_lost", or "left". */
export class Refused extends Error {
  constructor({ code, message, retry_ms }) {
    super(message);
    Object.assign(this, { code, retry_ms });
  }
}

export class Veza {
  #url;
  #world;
  #machine;
  #ws = null;
  #timer = null;
  #busy = false;
  #listeners = new Map();
  #watches = new Map();
  #asked = new Map();
  #questions = 0;

  /**
   * Args:
   *   url: `ws:` or `wss:` address of `/ws`.
   *   name: what others are to see; required where there is no token.
   *   token: that of an earlier `welcome` event, to be the same person again; or one that `veza token` made.
   *   outbox: entries of an earlier `outbox` event, to be sent as soon as their room is joined.
   *   page: where `online`, `offline` and `visibilitychange` come from; null for nowhere.
   *   world: `make(url)`, `random()`, `now()`, `nonce()`; replaced in tests.
   */
  constructor({ url, name, token, outbox, page = globalThis, world = {} }) {
    this.#url = url;
    this.#world = { ...WORLD, ...world };
    this.#machine = new Machine({ name, token, outbox, random: this.#world.random });
    /** A MediaClock: whoever plays a show tells it what is heard; `onMedia` waits for that. */
    this.media = new MediaClock(this.#world.now);
    page?.addEventListener?.("online", () => this.#do((now) => this.#machine.awake(now)));
    page?.addEventListener?.("offline", () => this.#do((now) => this.#machine.doubt(now)));
    const seen = page?.document;
    seen?.addEventListener?.("visibilitychange", () => !seen.hidden && this.#do((now) => this.#machine.awake(now)));
  }

  /** Call `listener` with each event of `type`; returns a function that ends it. */
  on(type, listener) {
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
    this.#listeners.get(type).add(listener);
    return () => this.#listeners.get(type).delete(listener);
  }

  connect() {
    this.#do((now) => this.#machine.connect(now));
  }

  close() {
    this.#do(() => this.#machine.close());
  }

  /** Try again at once, or say hello as somebody else: `{name, token}`. */
  renew(who = {}) {
    this.#do((now) => this.#machine.renew(who, now));
  }

  /** Be in a room until `leave`, across any number of connections; `more` are further fields of `join`. */
  join(room, more = {}) {
    this.#do(() => this.#machine.rooms.join(room, more));
  }

  leave(room) {
    this.#do(() => this.#machine.rooms.leave(room));
  }

  /** Say something; returns its nonce. `acked` or `failed` follows, whatever becomes of the line meanwhile. */
  send(room, body, more = {}) {
    return this.submit("send", room, { body, ...more });
  }

  /** Any command with a nonce: edit, delete, react, unreact, pin, unpin. */
  submit(type, room, fields) {
    const nonce = this.#world.nonce();
    this.#do((now) => this.#machine.rooms.submit({ type, room, nonce, ...fields }, now));
    return nonce;
  }

  /** What has not been acknowledged, in the order it was given: `{nonce, room, command, at}`. */
  pending(room) {
    return this.#machine.rooms.pending(room);
  }

  /** Any command that an event of type `answer` answers: history, search, members, direct. Rejects with Refused. */
  ask(type, fields, answer = type) {
    return new Promise((resolve, reject) => {
      const id = (this.#questions += 1);
      this.#asked.set(id, { resolve, reject });
      this.#do(() => this.#machine.rooms.ask(id, { type, ...fields }, answer));
    });
  }

  /** Any command that is worth nothing later: typing, read. Lost while the room is not joined. */
  hint(type, room, fields = {}) {
    this.#do(() => this.#machine.rooms.hint({ type, room, ...fields }));
  }

  /**
   * Hear what is on in a room, now and whenever something is, across any number of connections: `listening`, `offair` and
   * `sound` events tell. The room is to be joined.
   */
  listen(room, rendition = null) {
    this.#do(() => this.#machine.rooms.listen(room, rendition));
  }

  /** Whether the room is joined on the line that is open now. */
  isIn(room) {
    return this.#machine.rooms.isIn(room);
  }

  unlisten(room) {
    this.#do(() => this.#machine.rooms.unlisten(room));
  }

  /** Send a piece of a recording that is on air. Returns whether there was a line to send it on. */
  sendBytes(frame) {
    if (this.#ws?.readyState !== 1) return false;
    this.#ws.send(frame);
    return true;
  }

  /** Have changes of a track, or of all (`null`), reported as `track` events; returns a function that ends it. */
  watch(track) {
    const users = this.#watches.get(track) ?? 0;
    this.#watches.set(track, users + 1);
    if (!users) this.#do(() => this.#machine.rooms.watch(track));
    return () => {
      const left = this.#watches.get(track) - 1;
      this.#watches.set(track, left);
      if (!left) this.#do(() => this.#machine.rooms.unwatch(track));
    };
  }

  /** Milliseconds since the epoch at the server, and `error_ms`, by how much it may be off; null before the first welcome. */
  serverTime() {
    const best = this.#machine.clock.best;
    return best && { now: this.#world.now() + best.offset_ms, error_ms: best.error_ms };
  }

  /** Make `serverTime` as good as the line allows: before one plays along with others. */
  measure() {
    this.#do((now) => this.#machine.measure(now));
  }

  /** Tell the machine something, then do what it says. What listeners do in between waits for its turn. */
  #do(tell) {
    tell(this.#world.now());
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let actions = this.#machine.take(); actions.length; actions = this.#machine.take()) {
        for (const [what, ...details] of actions) this[`_${what}`](...details);
      }
    } finally {
      this.#busy = false;
    }
    clearTimeout(this.#timer);
    const due = this.#machine.due;
    if (due !== null) this.#timer = setTimeout(() => this.#do((now) => this.#machine.wake(now)), due - this.#world.now());
  }

  _open() {
    const ws = (this.#ws = this.#world.make(this.#url));
    ws.binaryType = "arraybuffer";
    ws.onopen = () => this.#do((now) => this.#machine.opened(now));
    ws.onclose = ({ code, reason }) => this.#do((now) => this.#machine.closed(code, reason, now));
    ws.onmessage = ({ data }) => {
      if (typeof data === "string") return this.#do((now) => this.#machine.received(JSON.parse(data), now));
      const sound = readSound(data);
      if (sound) this.#do((now) => this.#machine.heard(sound, now));
    };
  }

  _drop(code) {
    this.#ws.onopen = this.#ws.onmessage = this.#ws.onclose = null;
    this.#ws.close(code);
  }

  _write(frame) {
    if (this.#ws.readyState === 1) this.#ws.send(JSON.stringify(frame));
  }

  _tell(type, event) {
    for (const listener of this.#listeners.get(type) ?? []) {
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => { throw error; }); // a listener's fault is the page's to see, and stops nothing here
      }
    }
  }

  _answer(id, frame, error) {
    const { resolve, reject } = this.#asked.get(id);
    this.#asked.delete(id);
    if (error) reject(new Refused(error));
    else resolve(frame);
  }
}
