// What time it is at the server, from answers to pings (as NTP does): live rooms are heard by it.

const KEPT = 8;
// Beyond what two answers can disagree by, one of the clocks was set, or this computer slept.
const SLACK_MS = 50;

export class Clock {
  #samples = [];

  /** A question left at `sent`, its answer came at `got`, and says `server`: milliseconds, the first two of one clock. */
  add(sent, got, server) {
    const sample = { offset_ms: server - (sent + got) / 2, error_ms: (got - sent) / 2 };
    const best = this.best;
    if (best && Math.abs(sample.offset_ms - best.offset_ms) > sample.error_ms + best.error_ms + SLACK_MS) this.#samples = [];
    this.#samples = [...this.#samples.slice(1 - KEPT), sample];
  }

  /** `{offset_ms, error_ms}` of the quickest answer among the last ones; null before the first. */
  get best() {
    return this.#samples.reduce((best, each) => (best && best.error_ms <= each.error_ms ? best : each), null);
  }
}
