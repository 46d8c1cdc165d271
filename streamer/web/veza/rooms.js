// The rooms of a client: where it is in each, what it has asked, what it has not been acknowledged.
import { Outbox } from "./outbox.js";

const ACKED_LIMIT = 100;
const RETRY_DEFAULT_MS = 1_000;
// Error replies that say "not now": the command goes again, with its nonce.
const NOT_NOW = new Set(["rate_limited", "not_stored", "not_joined", "unavailable"]);
// Somebody has sent us out: one comes again when the program says so, not by itself.
const EXPELLED = new Set(["kicked", "banned", "direct_refused"]);
// What has a number in its room is kept by the server and replayed, whatever its type.
const isEntry = ({ room, seq, nonce, at }) => [room, seq, nonce, at].every((field) => field !== undefined);
const answers = (frame, { frame: asked, answer }) => frame.type === answer && (frame.room ?? asked.room) === asked.room;

export class Rooms {
  #out;
  #deadlines;
  #rooms = new Map();
  #asks = [];
  /** Rooms whose `join` has no answer yet. */
  #joining = [];
  /** What is heard where: a rendition, or null for the first. */
  #wishes = new Map();
  #outbox;
  #online = false;
  /** Ids of our own messages that were acknowledged, until they come. */
  #acked = new Set();

  /** `out` takes what is to be done, `deadlines` when to be woken; both are the machine's. */
  constructor({ out, deadlines, outbox }) {
    this.#out = out;
    this.#deadlines = deadlines;
    this.#outbox = new Outbox(outbox);
  }

  tracks = new Set();

  join(name, more) {
    const known = this.#rooms.get(name) ?? { epoch: null, seq: 0, joined: false };
    this.#rooms.set(name, Object.assign(known, { more }));
    this.#join(name);
  }

  leave(name) {
    this.#wishes.delete(name);
    if (!this.#rooms.delete(name)) return;
    this.#fail((ask) => ask.frame.room === name, "left");
    if (this.#online) this.#write({ type: "leave", room: name });
  }

  submit(command, now) {
    if (this.#outbox.full) {
      const entry = { nonce: command.nonce, room: command.room, command, at: now };
      return this.#tell("failed", { ...entry, frame: { code: "outbox_full", message: "too much waits to be sent" } });
    }
    this.#outbox.add(command, now);
    this.#tell("outbox", this.#outbox.entries);
    this.flush(now);
  }

  ask(id, frame, answer) {
    if (!this.#online) return this.#out.push(["answer", id, null, { code: "line_lost", message: "not connected" }]);
    this.#asks.push({ id, frame, answer });
    this.#write(frame);
  }

  hint(frame) {
    if (this.#rooms.get(frame.room)?.joined) this.#write(frame);
  }

  isIn(name) {
    return Boolean(this.#rooms.get(name)?.joined);
  }

  listen(name, rendition) {
    this.#wishes.set(name, rendition);
    if (this.#rooms.get(name)?.joined) this.#listen(name);
  }

  unlisten(name) {
    if (this.#wishes.delete(name)) this.hint({ type: "unlisten", room: name });
  }

  watch(track) {
    this.tracks.add(track);
    if (this.#online) this.#write({ type: "watch", track });
  }

  unwatch(track) {
    if (this.tracks.delete(track) && this.#online) this.#write({ type: "unwatch", track });
  }

  pending(name) {
    return this.#outbox.entries.filter((entry) => entry.room === name);
  }

  // What the machine tells.

  welcomed() {
    this.#online = true;
    for (const track of this.tracks) this.#write({ type: "watch", track });
    for (const name of this.#rooms.keys()) this.#join(name);
  }

  lost() {
    this.#online = false;
    this.#joining = [];
    this.#acked.clear(); // what has not come will be among what is replayed
    for (const room of this.#rooms.values()) room.joined = false;
    this.#outbox.unsend();
    this.#fail(() => true, "line_lost");
  }

  woken(what, name, now) {
    if (what === "join") this.#join(name);
    else this.flush(now);
  }

  received(frame, now) {
    if (frame.type === "joined") this.#joined(frame, now);
    else if (frame.type === "ack") this.#acknowledged(frame, now);
    else if (frame.type === "error") this.#refused(frame, now);
    else if (isEntry(frame)) this.#logged(frame, now);
    else {
      this.#answer((ask) => answers(frame, ask), frame);
      this.#tell(frame.type, frame);
      this.#settle("acked", frame, now); // a notice may answer what was sent
    }
  }

  #join(name) {
    const room = this.#rooms.get(name);
    if (!room || !this.#online) return;
    this.#joining.push(name);
    this.#write({ type: "join", room: name, ...room.more, ...(room.epoch !== null && { epoch: room.epoch, seq: room.seq }) });
  }

  #joined(frame, now) {
    // A room of two has no name until it is joined: what is joined unasked was asked for by "direct".
    if (!this.#entered(frame.room) && this.#answer((ask) => ask.answer === "joined", frame) && !this.#rooms.has(frame.room)) this.#rooms.set(frame.room, { epoch: null, seq: 0, joined: false, more: {} });
    const room = this.#rooms.get(frame.room);
    if (!room) return;
    const known = frame.recovered ? room.seq : 0;
    Object.assign(room, { epoch: frame.epoch, seq: frame.seq, joined: true });
    this.#tell("joined", { ...frame, messages: frame.messages.filter(({ seq }) => seq > known) });
    for (const message of frame.messages) this.#settle("acked", message, now);
    // What may be among the messages that are not shown must not be said twice: a person decides.
    for (const { nonce } of frame.recovered ? [] : this.#outbox.doubtful(frame.room, now)) {
      this.#settle("failed", { nonce, code: "uncertain", message: "the line was down for too long to know whether this was said" }, now);
    }
    this.flush(now);
    if (this.#wishes.has(frame.room)) this.#listen(frame.room);
  }

  #listen(name) {
    const rendition = this.#wishes.get(name);
    this.#write({ type: "listen", room: name, ...(rendition !== null && { rendition }) });
  }

  #acknowledged(frame, now) {
    if (this.#outbox.get(frame.nonce)) this.#acked.add(frame.id);
    if (this.#acked.size > ACKED_LIMIT) this.#acked.delete(this.#acked.values().next().value);
    this.#settle("acked", frame, now);
  }

  #logged(frame, now) {
    const room = this.#rooms.get(frame.room);
    // What was acknowledged and has not come is shown, whatever its number is.
    const owed = this.#acked.delete(frame.id);
    if (!room || (frame.seq <= room.seq && !(owed && frame.type === "message"))) return;
    room.seq = Math.max(room.seq, frame.seq);
    this.#tell(frame.type, frame);
    this.#settle("acked", frame, now);
  }

  #refused(frame, now) {
    const entry = this.#outbox.get(frame.nonce);
    const room = this.#rooms.get(frame.room ?? entry?.room);
    const again = now + (frame.retry_ms ?? RETRY_DEFAULT_MS);
    if (!entry && !room?.joined) this.#entered(frame.room);
    if (entry && NOT_NOW.has(frame.code)) {
      this.#outbox.unsend(frame.nonce);
      this.#deadlines.set(`held ${entry.room}`, again);
      if (frame.code === "not_joined") this.#join(entry.room);
    } else if (entry) this.#settle("failed", frame, now);
    else if (room && !room.joined && ["rate_limited", "unavailable"].includes(frame.code)) {
      this.#deadlines.set(`join ${frame.room}`, again);
    } else if (room?.joined && EXPELLED.has(frame.code)) this.#expelled(frame, now);
    else if (!this.#answer((ask) => ask.frame.room === frame.room, null, frame)) this.#tell("error", frame);
  }

  /** A `join` may be answered now: whether there was one. */
  #entered(name) {
    const at = this.#joining.indexOf(name);
    if (at >= 0) this.#joining.splice(at, 1);
    return at >= 0;
  }

  #expelled(frame, now) {
    this.#rooms.delete(frame.room);
    this.#wishes.delete(frame.room);
    this.#fail((ask) => ask.frame.room === frame.room, frame.code);
    this.#tell("error", frame);
    for (const { nonce } of this.pending(frame.room)) this.#settle("failed", { ...frame, nonce }, now);
  }

  // What goes out.

  flush(now) {
    const open = (name) => this.#rooms.get(name)?.joined && !this.#deadlines.has(`held ${name}`);
    for (const command of this.#outbox.take(open, now)) this.#write(command);
  }

  #settle(outcome, frame, now) {
    const entry = this.#outbox.settle(frame.nonce);
    if (!entry) return;
    this.#tell("outbox", this.#outbox.entries);
    this.#tell(outcome, { ...entry, frame });
    this.flush(now);
  }

  #answer(matches, frame, error = null) {
    const index = this.#asks.findIndex(matches);
    if (index < 0) return false;
    this.#out.push(["answer", this.#asks.splice(index, 1)[0].id, frame, error]);
    return true;
  }

  #fail(matches, code) {
    while (this.#answer(matches, null, { code, message: "no answer will come" }));
  }

  #write(frame) {
    this.#out.push(["write", frame]);
  }

  #tell(type, event) {
    this.#out.push(["tell", type, event]);
  }
}
