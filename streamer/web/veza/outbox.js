// Commands without an acknowledgement, in the order in which they were given.

export const MAX_OUTBOX = 500;
// More at once would only be refused as too fast, and come again.
const MAX_UNDER_WAY = 16;
// The server knows a nonce again for five minutes; this much less, for what an answer takes.
const KNOWN_MS = 290_000;

export class Outbox {
  #entries;

  /** `entries` are those of an earlier outbox, `{nonce, room, command, at, tried}`. */
  constructor(entries) {
    this.#entries = new Map(entries.filter(({ command }) => command).map((entry) => [entry.nonce, { ...entry, sent: false }]));
  }

  get entries() {
    return [...this.#entries.values()];
  }

  get full() {
    return this.#entries.size >= MAX_OUTBOX;
  }

  /** Keep `command`, given at `at`; `tried` will be when it first went out. */
  add(command, at) {
    this.#entries.set(command.nonce, { nonce: command.nonce, room: command.room, command, at, tried: null, sent: false });
  }

  /** Those to be written now, of rooms for which `open(room)`; they count as sent. */
  take(open, now) {
    const entries = this.entries;
    const room = MAX_UNDER_WAY - entries.filter(({ sent }) => sent).length;
    const chosen = entries.filter((entry) => !entry.sent && open(entry.room)).slice(0, Math.max(0, room));
    for (const entry of chosen) Object.assign(entry, { sent: true, tried: entry.tried ?? now });
    return chosen.map(({ command }) => command);
  }

  get(nonce) {
    return this.#entries.get(nonce);
  }

  /** Take one out; undefined when it is not there. */
  settle(nonce) {
    const entry = this.#entries.get(nonce);
    this.#entries.delete(nonce);
    return entry;
  }

  /** The line broke, or one was refused for now: they go again. */
  unsend(...nonces) {
    for (const entry of nonces.length ? nonces.map((nonce) => this.#entries.get(nonce)) : this.#entries.values()) entry.sent = false;
  }

  /** Those of a room that went out so long ago that sending them again might say them twice. */
  doubtful(room, now) {
    return this.entries.filter((entry) => entry.room === room && entry.tried !== null && now - entry.tried > KNOWN_MS);
  }
}
