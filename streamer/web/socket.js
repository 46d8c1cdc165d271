// A client of Veza's WebSocket. It knows nothing of a page: no document, no storage, no words for people.
//
// What it promises: rooms are joined again after a break, from where they were (epoch and seq), so that each message
// is reported once and in order, or a gap is; a message that was not acknowledged is sent again with the same nonce.

const BACKOFF_BASE_MS = 400;
const BACKOFF_LIMIT_MS = 20_000;
const PING_EVERY_MS = 25_000;
const PONG_WITHIN_MS = 8_000;
const PROBE_WITHIN_MS = 2_500;
const RETRY_DEFAULT_MS = 1_000;
const SILENT = 4001;

// The server's table of close codes (docs/protocol.md): every other one would end the same way again.
const mayReconnect = (code) => (code >= 4000 && code < 4500) || [1001, 1005, 1006, 1011, 1012, 1013].includes(code);
// Error replies to a `send` that say "not now"; the message goes again with its nonce.
const NOT_NOW = new Set(["rate_limited", "not_stored", "not_joined"]);

const WORLD = {
  make: (url) => new WebSocket(url),
  random: Math.random,
  now: Date.now,
  nonce: () => crypto.getRandomValues(new Uint32Array(4)).join("-"),
};

export class Socket {
  #url;
  #hello;
  #world;
  #ws = null;
  #wanted = false;
  #welcomed = false;
  #attempt = 0;
  #timers = new Map();
  #listeners = new Map();
  #rooms = new Map();
  #watches = new Map();
  #outbox;
  #heldUntil = 0;

  /**
   * Args:
   *   url: `ws:` or `wss:` address of `/ws`.
   *   hello: `() => ({name, token})`, asked before each connection.
   *   outbox: entries of an earlier `outbox` event, to be sent as soon as their room is joined.
   *   network: where `online` and `offline` events come from, if anywhere.
   *   world: `make(url)`, `random()`, `now()`, `nonce()`; replaced in tests.
   */
  constructor({ url, hello, outbox = [], network = globalThis, world = {} }) {
    this.#url = url;
    this.#hello = hello;
    this.#world = { ...WORLD, ...world };
    this.#outbox = new Map(outbox.map((entry) => [entry.nonce, { ...entry, sent: false }]));
    network?.addEventListener?.("online", () => this.#reconnectNow());
    network?.addEventListener?.("offline", () => this.#probe());
  }

  /** Call `listener` with each event of `type`; returns a function that ends it. */
  on(type, listener) {
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
    this.#listeners.get(type).add(listener);
    return () => this.#listeners.get(type).delete(listener);
  }

  #emit(type, event) {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }

  connect() {
    this.#wanted = true;
    if (!this.#ws && !this.#timers.has("retry")) this.#open();
  }

  close() {
    this.#wanted = false;
    this.#drop(1000);
  }

  /** Say hello again, as somebody else. */
  renew() {
    this.#drop(1000);
    this.#attempt = 0;
    if (this.#wanted) this.#open();
  }

  /** Be in a room until `leave`, across any number of connections. */
  join(room) {
    if (!this.#rooms.has(room)) this.#rooms.set(room, { epoch: null, seq: 0, joined: false });
    this.#sendJoin(room);
  }

  leave(room) {
    if (this.#rooms.delete(room) && this.#welcomed) this.#write({ type: "leave", room });
  }

  /** Queue a message and return its nonce. `acked` or `failed` follows. */
  send(room, body) {
    const nonce = this.#world.nonce();
    this.#outbox.set(nonce, { room, nonce, body, at: this.#world.now(), sent: false });
    this.#outboxChanged();
    this.#flush();
    return nonce;
  }

  /** What has not been acknowledged, in the order it was written. */
  pending(room) {
    return [...this.#outbox.values()].filter((entry) => entry.room === room);
  }

  /** Have changes of a track, or of all (`null`), reported as `track` events; returns a function that ends it. */
  watch(track) {
    const users = this.#watches.get(track) ?? 0;
    this.#watches.set(track, users + 1);
    if (!users && this.#welcomed) this.#write({ type: "watch", track });
    return () => {
      const left = this.#watches.get(track) - 1;
      if (left) this.#watches.set(track, left);
      else {
        this.#watches.delete(track);
        if (this.#welcomed) this.#write({ type: "unwatch", track });
      }
    };
  }

  // The connection.

  #open() {
    this.#clear("retry");
    this.#status("connecting");
    const ws = (this.#ws = this.#world.make(this.#url));
    ws.onopen = () => this.#write({ type: "hello", ...this.#hello() });
    ws.onmessage = (event) => {
      if (ws === this.#ws && typeof event.data === "string") this.#receive(JSON.parse(event.data));
    };
    ws.onclose = (event) => {
      if (ws === this.#ws) this.#closed(event.code, event.reason);
    };
  }

  #drop(code) {
    const ws = this.#ws;
    if (ws) {
      ws.onopen = ws.onmessage = ws.onclose = null;
      ws.close(code);
    }
    this.#forget();
  }

  #closed(code, reason) {
    this.#forget();
    this.#wanted &&= mayReconnect(code);
    this.#status(this.#wanted ? "offline" : "refused", { code, reason });
    if (!this.#wanted) return;
    const longest = Math.min(BACKOFF_LIMIT_MS, BACKOFF_BASE_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    // Half fixed, half chance: when a server comes back, its clients do not all come in one instant.
    this.#after("retry", longest * (0.5 + this.#world.random() / 2), () => this.#open());
  }

  #forget() {
    this.#ws = null;
    this.#welcomed = false;
    this.#heldUntil = 0;
    for (const name of ["retry", "ping", "pong", "held"]) this.#clear(name);
    for (const room of this.#rooms.values()) room.joined = false;
    for (const entry of this.#outbox.values()) entry.sent = false;
  }

  #reconnectNow() {
    this.#attempt = 0;
    if (!this.#wanted) return;
    if (this.#timers.has("retry")) this.#open();
    else if (this.#welcomed) this.#probe();
  }

  /** The network may be gone, and TCP would not tell for minutes: a silent line is cut after a short wait. */
  #probe() {
    if (this.#welcomed) this.#ping(PROBE_WITHIN_MS);
  }

  #ping(within) {
    this.#write({ type: "ping" });
    this.#after("pong", within, () => {
      this.#drop(SILENT);
      this.#closed(SILENT, "no answer to a ping");
    });
  }

  #write(frame) {
    if (this.#ws?.readyState === 1) this.#ws.send(JSON.stringify(frame));
  }

  #after(name, delay, action) {
    this.#clear(name);
    const run = () => {
      this.#timers.delete(name);
      action();
    };
    this.#timers.set(name, setTimeout(run, delay));
  }

  #clear(name) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  #status(state, detail = {}) {
    this.#emit("status", { state, at: this.#world.now(), ...detail });
  }

  // What comes in.

  #receive(frame) {
    this.#clear("pong");
    this.#after("ping", PING_EVERY_MS, () => this.#ping(PONG_WITHIN_MS));
    if (frame.type === "welcome") this.#receiveWelcome(frame);
    else if (frame.type === "joined") this.#receiveJoined(frame);
    else if (frame.type === "message") this.#receiveMessage(frame);
    else if (frame.type === "ack") this.#settle(frame.nonce, "acked", frame);
    else if (frame.type === "error") this.#receiveError(frame);
    else this.#emit(frame.type, frame);
  }

  #receiveWelcome(frame) {
    [this.#welcomed, this.#attempt] = [true, 0];
    this.#emit("welcome", frame);
    this.#status("online");
    for (const track of this.#watches.keys()) this.#write({ type: "watch", track });
    for (const room of this.#rooms.keys()) this.#sendJoin(room);
  }

  #sendJoin(name) {
    const room = this.#rooms.get(name);
    if (!room || !this.#welcomed) return;
    this.#write({ type: "join", room: name, ...(room.epoch !== null && { epoch: room.epoch, seq: room.seq }) });
  }

  #receiveJoined(frame) {
    const room = this.#rooms.get(frame.room);
    if (!room) return;
    const known = frame.recovered ? room.seq : 0;
    const messages = frame.messages.filter((message) => message.seq > known);
    Object.assign(room, { epoch: frame.epoch, seq: frame.seq, joined: true });
    this.#emit("joined", { ...frame, messages });
    for (const { nonce, ...message } of frame.messages) this.#settle(nonce, "acked", { ...message, nonce });
    this.#flush();
  }

  #receiveMessage(frame) {
    const room = this.#rooms.get(frame.room);
    if (!room || frame.seq <= room.seq) return;
    room.seq = frame.seq;
    this.#emit("message", frame);
    this.#settle(frame.nonce, "acked", frame);
  }

  #receiveError(frame) {
    const entry = this.#outbox.get(frame.nonce);
    const delay = frame.retry_ms ?? RETRY_DEFAULT_MS;
    if (entry && NOT_NOW.has(frame.code)) {
      entry.sent = false;
      this.#hold(delay);
    } else if (entry) this.#settle(frame.nonce, "failed", frame);
    else if (this.#rooms.has(frame.room) && ["rate_limited", "unavailable"].includes(frame.code)) {
      this.#after(`join ${frame.room}`, delay, () => this.#sendJoin(frame.room));
    } else this.#emit("error", frame);
  }

  // What goes out.

  /** Too fast: send nothing for a while, then go on in order. */
  #hold(delay) {
    this.#heldUntil = this.#world.now() + delay;
    this.#after("held", delay, () => {
      this.#heldUntil = 0;
      this.#flush();
    });
  }

  #flush() {
    if (this.#heldUntil) return;
    for (const entry of this.#outbox.values()) {
      if (entry.sent || !this.#rooms.get(entry.room)?.joined) continue;
      entry.sent = true;
      this.#write({ type: "send", room: entry.room, nonce: entry.nonce, body: entry.body });
    }
  }

  #settle(nonce, outcome, frame) {
    const entry = this.#outbox.get(nonce);
    if (!entry) return;
    this.#outbox.delete(nonce);
    this.#outboxChanged();
    this.#emit(outcome, { ...entry, frame });
  }

  #outboxChanged() {
    this.#emit("outbox", [...this.#outbox.values()]);
  }
}
