// Keeps sound ahead of where it plays: asks what to do next, does it, and asks again. Everything that touches the
// sink happens in this one loop.
import { Gone, LineBroke } from "./bytes.js";
import { locate, plan, soundUntil } from "./plan.js";
import { Undecodable } from "./sink.js";
import { TooSlow, Unplayable } from "./source.js";

const PREPARED_S = 8;
const AHEAD_S = 60;
const MAX_AHEAD_BYTES = 6_000_000;
const MIN_AHEAD_BYTES = 256_000;
// What has been played stays for a moment, for who goes back a little. Browsers have room for 12 MB and more.
const BEHIND_S = 20;
const MAX_BEHIND_BYTES = 3_000_000;
const MARGIN_S = 2;
const POLL_MS = 2000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8000;
const MAX_FAILURES = 5;
const STARVING_S = 0.3;
const MAX_WASTED = 3;

export class Feeder {
  #timeline;
  #sink;
  #time;
  #isLossless;
  #onError;
  #cursor = null;
  /** What the sink holds, as far as this knows: `[{from, to, bytes}]`. */
  #ledger = [];
  #maxBytes = MAX_AHEAD_BYTES;
  #unwanted = Infinity;
  #failures = 0;
  #wasted = 0;
  #fetching = null;
  #feeding = false;
  #wake = null;
  #closed = false;

  /** `time()` says where the sound is, `isLossless()` whether FLAC is wanted; `onError(kind)`: it can't go on. */
  constructor(timeline, sink, { time, isLossless, onError }) {
    this.#timeline = timeline;
    this.#sink = sink;
    this.#time = time;
    this.#isLossless = isLossless;
    this.#onError = onError;
    /** Whether it plays, or soon will: then there is more to have ahead. */
    this.engaged = false;
  }

  /** See whether there is something to do. */
  async feed() {
    if (this.#feeding || this.#closed) return;
    this.#feeding = true;
    for (let goesOn = true; goesOn && !this.#closed; ) {
      try {
        goesOn = await this.#step();
      } catch (error) {
        goesOn = !this.#closed && (await this.#mend(error));
      }
    }
    this.#feeding = false;
  }

  /** See at once, even while waiting for something. */
  hurry() {
    this.#wake?.();
    this.feed();
  }

  /** The sound goes on elsewhere: a download for the place that was left is of no use. */
  redirect() {
    const missing = soundUntil(this.#sink.ranges, this.#time());
    const { from, to, controller } = this.#fetching ?? {};
    if (controller && !(from <= missing + MARGIN_S && to > missing)) controller.abort();
    this.hurry();
  }

  /** These entries are no more. */
  withdraw(entries) {
    if (!entries.length) return;
    this.#unwanted = Math.min(this.#unwanted, entries[0].start);
    if (entries.includes(this.#fetching?.entry)) this.#fetching.controller.abort();
  }

  /** Another rendition may be wanted: have it soon, not only behind all that is there already. */
  refine() {
    const soon = this.#time() + MARGIN_S;
    this.#unwanted = Math.min(this.#unwanted, ...this.#ledger.map(({ from }) => from).filter((from) => from > soon));
    this.hurry();
  }

  close() {
    this.#closed = true;
    this.#fetching?.controller.abort();
    this.#wake?.();
  }

  get #ahead() {
    return soundUntil(this.#sink.ranges, this.#time()) - this.#time();
  }

  get #bytesAhead() {
    return this.#ledger.reduce((sum, { to, bytes }) => sum + (to > this.#time() ? bytes : 0), 0);
  }

  /** Returns whether there may be more to do at once. */
  async #step() {
    if (this.#unwanted < Infinity) {
      const from = this.#unwanted;
      this.#unwanted = Infinity;
      await this.#forget(from, Infinity);
    }
    const { act, entry, index } = plan({
      entries: this.#timeline.entries,
      time: this.#time(),
      ranges: this.#sink.ranges,
      cursor: this.#cursor,
      most: { seconds: this.engaged && this.#sink.isHungry ? AHEAD_S : PREPARED_S, bytes: this.#maxBytes },
      bytesAhead: this.#bytesAhead,
      hasMore: this.#timeline.waiting.length > 0,
    });
    if (act === "rest") return false;
    this.#sink.duration = this.#timeline.end;
    if (act === "append") await this.#append(entry, index);
    else if (act === "place") this.#timeline.place();
    else if (act === "end") this.#sink.end();
    else await this.#look(entry);
    this.#sink.duration = this.#timeline.end;
    return act !== "end";
  }

  /** Load a playlist; where it has nothing new, wait until something is announced, or for a while. */
  async #look(entry) {
    const before = entry.list?.segments.length;
    await this.#fetch({ entry, from: 0, to: Infinity }, (signal) => entry.source.reload(signal, { lossless: this.#isLossless() }));
    const { list } = entry;
    if (!list || (list.segments.length === before && !list.complete)) await this.#sleep(POLL_MS);
  }

  async #append(entry, index) {
    const { start, source } = entry;
    const { at, end } = entry.list.segments[index];
    await this.#fetch({ entry, from: start + at, to: start + end }, async (signal) => {
      await source.adapt(signal, { ahead: this.#ahead, lossless: this.#isLossless() });
      // Renditions are cut at the same moments, but for one that has not come so far, or whose frames do not fit.
      if (source.list.segments[index]?.at !== at) ({ index } = locate([entry], start + at));
      const segment = source.list.segments[index];
      if (!segment) return;
      const init = await source.init(signal);
      const { bytes, isLast } = await source.segment(index, signal, () => this.#ahead);
      const [from, to] = [start + segment.at, start + segment.end];
      await this.#sink.append(bytes, { type: source.type, init, start, end: isLast ? to : Infinity });
      this.#ledger.push({ from, to, bytes: segment.size });
      this.#cursor = { entry, index: index + 1 };
      this.#mustHold((from + to) / 2);
    });
    await this.#tidy();
  }

  /** A browser that takes sound and does not have it afterwards would be fed the same for ever. */
  #mustHold(time) {
    const holds = this.#sink.ranges.some(([from, to]) => from <= time && time <= to);
    this.#wasted = holds ? 0 : this.#wasted + 1;
    if (this.#wasted > MAX_WASTED) throw new Undecodable("the browser does not keep what it is given");
  }

  /** Download something for a place; whoever needs another place meanwhile aborts it. */
  async #fetch(place, work) {
    const controller = new AbortController();
    this.#fetching = { ...place, controller };
    try {
      await work(controller.signal);
      this.#failures = 0;
    } finally {
      this.#fetching = null;
    }
  }

  /** Forget what was played a while ago. */
  async #tidy() {
    const now = this.#time();
    const played = this.#ledger.filter(({ to }) => to < now - MARGIN_S).sort((one, other) => other.to - one.to);
    let kept = 0;
    const tooMuch = played.find(({ to, bytes }) => (kept += bytes) > MAX_BEHIND_BYTES || to < now - BEHIND_S);
    if (tooMuch) await this.#forget(0, tooMuch.to);
  }

  async #forget(from, to) {
    this.#ledger = this.#ledger.filter((each) => each.to <= from || each.from >= to);
    await this.#sink.remove(from, to);
  }

  /** Returns whether to go on. */
  async #mend(error) {
    if (error.name === "AbortError" || error instanceof TooSlow) return true;
    if (error instanceof LineBroke) return this.#retry();
    if (error.name === "QuotaExceededError") return this.#makeRoom();
    const { last, current } = this.#timeline;
    if (error instanceof Gone && last !== current) {
      this.withdraw(this.#timeline.follow([])); // the player finds out when it comes to that track, and says so
      return true;
    }
    this.#onError(error instanceof Gone ? "gone" : error instanceof Unplayable ? "unsupported" : "media");
    return false;
  }

  /** As long as there is sound in hand nobody has to know. */
  async #retry() {
    this.#failures += 1;
    if (this.#failures >= MAX_FAILURES && this.#ahead < STARVING_S) {
      this.#onError("network");
      return false;
    }
    await this.#sleep(Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1)));
    return true;
  }

  /** The browser holds no more: have less ahead from now on, and nothing behind. */
  async #makeRoom() {
    this.#maxBytes = Math.max(MIN_AHEAD_BYTES, this.#bytesAhead * 0.75);
    await this.#forget(0, this.#time() - MARGIN_S);
    await this.#sleep(POLL_MS);
    return true;
  }

  async #sleep(ms) {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }
}
