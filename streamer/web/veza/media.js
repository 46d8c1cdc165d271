// What is heard right now, as media time: milliseconds since the epoch at which the show was at that place. Whatever
// plays tells it; what belongs to a moment waits for it.

// Whoever listens to what was an hour ago need not wait an hour for what is said now.
const MAX_WAIT_MS = 60_000;
const MAX_WAITING = 1_000;
// A timer that is set for longer than this would miss a change of pace.
const LOOK_AGAIN_MS = 5_000;

export class MediaClock {
  #place = null;
  #waiting = [];
  #timer = null;
  #now;

  /** The room whose show plays; null while none does. */
  room = null;

  /** `now()`: milliseconds of a clock that nobody sets back. */
  constructor(now) {
    this.#now = now;
  }

  /**
   * It plays: `media_ms` is heard at `at`, of the clock's `now()`, and `rate` ms of media pass in each ms from there.
   * To be told again and again, and whenever it jumps.
   */
  playing(media_ms, { at = this.#now(), rate = 1 } = {}) {
    this.#place = { media_ms, at, rate };
    this.#pass();
  }

  /** Nothing plays. What waits is due: there is nothing to spoil. */
  stopped() {
    this.#place = null;
    this.#pass();
  }

  /** What is heard now; null while nothing plays. */
  get media() {
    return this.#place && this.#place.media_ms + (this.#now() - this.#place.at) * this.#place.rate;
  }

  /**
   * Call `then` when `media_ms` is heard: at once, if it was, if nothing plays or if that is more than a minute away.
   * Returns a function that forgets it.
   */
  onMedia(media_ms, then) {
    const entry = { media_ms, then };
    if (this.#due(entry)) {
      then();
      return () => {};
    }
    let place = this.#waiting.length;
    while (place && this.#waiting[place - 1].media_ms > media_ms) place -= 1;
    this.#waiting.splice(place, 0, entry);
    if (this.#waiting.length > MAX_WAITING) this.#call(this.#waiting.shift());
    this.#arm();
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== entry);
    };
  }

  #due({ media_ms }) {
    const media = this.media;
    return media === null || media_ms <= media || media_ms > media + MAX_WAIT_MS;
  }

  #pass() {
    while (this.#waiting.length && this.#due(this.#waiting[0])) this.#call(this.#waiting.shift());
    this.#arm();
  }

  #call({ then }) {
    try {
      then();
    } catch (error) {
      queueMicrotask(() => { throw error; });
    }
  }

  #arm() {
    clearTimeout(this.#timer);
    if (!this.#waiting.length) return;
    const wait_ms = (this.#waiting[0].media_ms - this.media) / this.#place.rate;
    this.#timer = setTimeout(() => this.#pass(), Math.min(Math.max(wait_ms, 1), LOOK_AGAIN_MS));
  }
}
