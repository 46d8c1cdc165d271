// Brings what a recorder makes to a room, over any number of connections.
import { Recording } from "./recording.js";

// What was not acknowledged is kept for a minute; at 320 kbit/s that is 2.4 MB.
const KEEP = { maxBytes: 8 << 20, maxMs: 60_000 };
const RETRY_MS = 1_000;
// So many recordings in a row that the server lets go of at once are no accident.
const MAX_BEGINNINGS = 5;
const SETTLED_MS = 10_000;

// After these another recording is begun; after every other word of the server's, a person has to.
const BEGIN_ANEW = new Set(["session_unknown", "stalled", "stopping", "gap", "too-fast"]);
const TRY_AGAIN = new Set(["line_lost", "not_joined", "unavailable", "rate_limited"]);

export class Uplink {
  #socket;
  #room;
  #key;
  #world;
  #on;
  #recorder = null;
  #recording = null;
  #session = null;
  #stream = null;
  #asking = false;
  #timer = null;
  #beginnings = 0;
  #begunAt = 0;
  #stops = [];

  /**
   * Args:
   *   socket: a Veza that has joined, or will join, the room.
   *   key: a stream key of the room.
   *   record(give): starts a recorder that gives Uint8Arrays; returns `{mediaType, stop()}`; the last comes before
   *     the promise that `stop` returns is kept.
   *   on: `state(state, detail)`: "connecting", "onair", "waiting" or "over" (`{code, reason}`); `taken(recording)`.
   *   world: `now()`, `session()`, `setTimeout`, `clearTimeout`.
   */
  constructor({ socket, room, key, record, on, world }) {
    this.#socket = socket;
    this.#room = room;
    this.#key = key;
    this.#world = world;
    this.#on = on;
    this.record = record;
    const mine = (act) => (event) => event.room === room && act(event);
    this.#stops = [
      socket.on("joined", mine(() => this.#ask())),
      socket.on("taken", (event) => this.#took(event)),
      socket.on("dismissed", mine((event) => event.session === this.#session && this.#dismissed(event))),
      socket.on("status", ({ state }) => state !== "online" && this.#lost()),
    ];
    this.#begin();
  }

  /** Bytes that nobody has said have come. */
  get waitingBytes() {
    return this.#recording?.waitingBytes ?? 0;
  }

  /** End it: what was recorded is sent, then the server is told. */
  async end() {
    await this.#recorder?.stop();
    this.#send();
    try {
      await this.#socket.ask("gooff", { room: this.#room }, "dismissed");
    } catch {
      // The line is down, or the server has let go already: it ends by itself.
    }
    this.#over({ code: "over", reason: "" });
  }

  /** Say what plays. Rejects with Refused. */
  title(words) {
    return this.#socket.ask("title", { room: this.#room, ...words }, "titled");
  }

  /** `ask`: at once, not only when the room is joined the next time. */
  #begin({ ask = true } = {}) {
    this.#recorder?.stop();
    const now = this.#world.now();
    this.#beginnings = now - this.#begunAt < SETTLED_MS ? this.#beginnings + 1 : 1;
    this.#begunAt = now;
    const recording = (this.#recording = new Recording(KEEP));
    this.#session = this.#world.session();
    this.#stream = null;
    this.#recorder = this.record((data) => {
      recording.add(data, this.#world.now());
      if (recording === this.#recording) this.#send();
    });
    this.#on.state(ask ? "connecting" : "waiting");
    if (ask) this.#ask();
  }

  async #ask() {
    if (this.#asking || !this.#session) return;
    this.#world.clearTimeout(this.#timer);
    if (this.#recording.broken) return this.#begin();
    this.#asking = true;
    const [session, recording] = [this.#session, this.#recording];
    const fields = { room: this.#room, key: this.#key, session, media_type: this.#recorder.mediaType, kept_from: recording.keptFrom, client: "Veza studio" };
    try {
      const told = await this.#socket.ask("golive", fields, "onair");
      this.#asking = false;
      if (session === this.#session) this.#onair(told);
    } catch (error) {
      this.#asking = false;
      if (session === this.#session) this.#refused(error);
    }
  }

  #onair(told) {
    this.#recording.wanted(told);
    if (this.#recording.broken) return this.#begin();
    this.#stream = told.stream;
    this.#on.state("onair", { session: told.session });
    this.#send();
  }

  #refused({ code, message, retry_ms }) {
    if (TRY_AGAIN.has(code)) this.#timer = this.#world.setTimeout(() => this.#ask(), retry_ms ?? RETRY_MS);
    else this.#dismissed({ code, reason: message });
  }

  #took(event) {
    if (event.stream !== this.#stream) return;
    this.#recording.took(event);
    this.#on.taken?.(this.#recording);
    this.#send();
  }

  #dismissed({ code, reason }) {
    if (BEGIN_ANEW.has(code) && this.#beginnings < MAX_BEGINNINGS) this.#begin({ ask: code !== "stopping" });
    else this.#over({ code, reason });
  }

  #lost() {
    if (!this.#session) return;
    this.#recording.lost();
    this.#stream = null;
    this.#on.state("waiting");
  }

  #send() {
    for (const frame of this.#recording.frames()) this.#socket.sendBytes(frame);
  }

  #over(why) {
    if (!this.#session) return;
    this.#session = this.#stream = null;
    this.#world.clearTimeout(this.#timer);
    this.#stops.forEach((stop) => stop());
    this.#recorder?.stop();
    this.#on.state("over", why);
  }
}
