// The client as a state machine: what happens goes in with its time, what is to be done comes out. It knows no
// socket, no timer and no clock. docs/client.md says what it promises, docs/protocol.md what the frames mean.
import { Clock } from "./clock.js";
import { Rooms } from "./rooms.js";

const BACKOFF_BASE_MS = 400;
const BACKOFF_LIMIT_MS = 20_000;
const STABLE_MS = 5_000;
const PING_EVERY_MS = 25_000;
const MEASURES = 4;
const MEASURE_EVERY_MS = 500;
const CONNECT_WITHIN_MS = 15_000;
const PONG_WITHIN_MS = 8_000;
const PROBE_WITHIN_MS = 2_500;
const DRAIN_WITHIN_MS = 5_000;
const SILENT = 4001;

const TRANSIENT = new Set([1001, 1005, 1006, 1011, 1012, 1013]);
/** The server's table of close codes: after every other one it would end the same way again. */
export const mayReconnect = (code) => (code >= 4000 && code < 4500) || TRANSIENT.has(code);

export class Machine {
  #out = [];
  #deadlines = new Map();
  #attempt = 0;
  #welcomedAt = null;
  #askedAt = null;
  #measures = 0;
  #random;

  clock = new Clock();
  /** "idle", "connecting", "greeting", "online", "waiting" or "refused". */
  state = "idle";

  /** `random()` is in [0, 1); `outbox` are the entries of an earlier `outbox` event. */
  constructor({ name = null, token = null, outbox = [], random }) {
    Object.assign(this, { name, token });
    this.#random = random;
    /** join, leave, submit, ask, hint, listen, unlisten, watch, unwatch, pending. */
    this.rooms = new Rooms({ out: this.#out, deadlines: this.#deadlines, outbox });
  }

  /**
   * What is to be done, in order: `["open"]` a socket, `["write", frame]`, `["drop", code]` the socket and hear nothing
   * more of it, `["tell", type, event]` whoever listens, `["answer", id, frame, error]` whoever asked.
   */
  take() {
    return this.#out.splice(0);
  }

  /** When `wake` is to be called; null for never. */
  get due() {
    return this.#deadlines.size ? Math.min(...this.#deadlines.values()) : null;
  }

  wake(now) {
    const passed = [...this.#deadlines].filter(([, at]) => at <= now).sort(([, a], [, b]) => a - b);
    for (const [name] of passed) {
      if (!(this.#deadlines.get(name) <= now)) continue; // what came before it has put it off, or ended it
      this.#deadlines.delete(name);
      this.#expire(name, now);
    }
  }

  connect(now) {
    if (this.state === "idle" || this.state === "refused") this.#open(now);
  }

  close() {
    this.#drop(1000);
    this.state = "idle";
  }

  /** Say hello again, with another `name` or `token` perhaps. */
  renew(who, now) {
    Object.assign(this, who);
    this.#attempt = 0;
    if (this.state === "idle") return;
    this.#drop(1000);
    this.#open(now);
  }

  /** Learn the server's time more exactly, with a few pings in a row. */
  measure(now) {
    this.#measures = MEASURES;
    if (this.state === "online") this.#ping(PONG_WITHIN_MS, now);
  }

  opened(now) {
    this.state = "greeting";
    this.#hello(now);
  }

  closed(code, reason, now) {
    const drained = this.#deadlines.get("drain");
    if (this.#welcomedAt !== null && now - this.#welcomedAt >= STABLE_MS) this.#attempt = 0;
    this.#forget();
    this.state = mayReconnect(code) ? "waiting" : "refused";
    this.#status(this.state === "waiting" ? "offline" : "refused", now, { code, reason });
    if (this.state === "refused") return;
    const longest = Math.min(BACKOFF_LIMIT_MS, BACKOFF_BASE_MS * 2 ** this.#attempt);
    if (drained === undefined) this.#attempt += 1;
    // Half fixed, half chance: when a server comes back, its clients do not all come in one instant.
    this.#deadlines.set("retry", drained ?? now + longest * (0.5 + this.#random() / 2));
  }

  /** The network is back, or somebody looks again: there may be something to come back to. */
  awake(now) {
    this.#attempt = 0;
    if (this.state === "waiting") this.#open(now);
    else this.doubt(now);
  }

  /** The network may be gone, and TCP would not tell for minutes: a silent line is cut after a short wait. */
  doubt(now) {
    if (this.state === "online") this.#ping(PROBE_WITHIN_MS, now);
  }

  received(frame, now) {
    if (this.#askedAt !== null) this.#deadlines.set("answer", now + PONG_WITHIN_MS); // its turn comes
    if (frame.type === "welcome") this.#welcomed(frame, now);
    else if (frame.type === "pong") this.#ponged(frame, now);
    else if (frame.type === "drain") this.#drained(frame, now);
    else if (frame.code === "token_refused" && this.token && this.name) this.#unknown(frame, now);
    else this.rooms.received(frame, now);
  }

  /** A frame of sound. */
  heard(sound, now) {
    if (this.#askedAt !== null) this.#deadlines.set("answer", now + PONG_WITHIN_MS);
    this.#tell("sound", sound);
  }

  #open(now) {
    this.#deadlines.delete("retry");
    this.state = "connecting";
    this.#status("connecting", now);
    this.#deadlines.set("answer", now + CONNECT_WITHIN_MS);
    this.#out.push(["open"]);
  }

  #drop(code) {
    if (["connecting", "greeting", "online"].includes(this.state)) this.#out.push(["drop", code]);
    this.#forget();
  }

  #forget() {
    this.#deadlines.clear();
    [this.#welcomedAt, this.#askedAt] = [null, null];
    this.rooms.lost();
  }

  #expire(name, now) {
    const [what, room] = name.split(" ");
    if (room) this.rooms.woken(what, room, now);
    else if (what === "retry") this.#open(now);
    else if (what === "ping") this.#ping(PONG_WITHIN_MS, now);
    else if (what === "drain") this.renew({}, now);
    else {
      this.#out.push(["drop", SILENT]);
      this.closed(SILENT, "no answer to a ping", now);
    }
  }

  #hello(now) {
    this.#askedAt = now;
    this.#write({ type: "hello", name: this.name, token: this.token });
  }

  #ping(within, now) {
    this.#deadlines.set("answer", now + within);
    if (this.#askedAt !== null) return;
    this.#askedAt = now;
    this.#write({ type: "ping" });
  }

  #ponged(frame, now) {
    this.#learn(frame, now);
    this.#measures = Math.max(0, this.#measures - 1);
    this.#deadlines.set("ping", now + (this.#measures ? MEASURE_EVERY_MS : PING_EVERY_MS));
    this.#tell("pong", frame);
  }

  #welcomed(frame, now) {
    this.#learn(frame, now);
    this.state = "online";
    this.#welcomedAt = now;
    this.token = frame.token ?? this.token;
    this.#deadlines.set("ping", now + (this.#measures ? 0 : PING_EVERY_MS));
    this.#tell("welcome", frame);
    this.#status("online", now);
    this.rooms.welcomed();
  }

  #learn(frame, now) {
    if (this.#askedAt !== null) this.clock.add(this.#askedAt, now, frame.now);
    this.#askedAt = null;
    this.#deadlines.delete("answer");
  }

  /** The server will go, and spreads its clients over time: this one comes again after its own delay. */
  #drained(frame, now) {
    this.#deadlines.set("drain", now + (frame.reconnect_ms ?? this.#random() * DRAIN_WITHIN_MS));
    this.#tell("drain", frame);
  }

  /** The token has expired, or the server has another secret: be somebody new, under the same name. */
  #unknown(frame, now) {
    this.token = null;
    this.#tell("token_refused", frame);
    this.#hello(now);
  }

  #status(state, now, detail = {}) {
    this.#tell("status", { state, at: now, ...detail });
  }

  #write(frame) {
    this.#out.push(["write", frame]);
  }

  #tell(type, event) {
    this.#out.push(["tell", type, event]);
  }
}
