// Tracks played one after the other on one element, whose clock runs through all of them.
import { Meter } from "./choice.js";
import { Feeder } from "./feeder.js";
import { Sink, isSupported } from "./sink.js";
import { Source } from "./source.js";
import { Timeline } from "./timeline.js";

export { isSupported };

// `timeupdate` comes four times a second: within it, a timer finds the moment.
const TIMER_WITHIN_S = 0.5;
// A timer and a volume are a few milliseconds late.
const LEAD_S = 0.02;

const meter = new Meter();

export class Run {
  #audio;
  #sink;
  #timeline;
  #feeder;
  #target;
  #timer = null;
  #on;
  #closing = new AbortController();

  /**
   * Begin with a track at `at` seconds, ready to be played.
   *
   * `onApproach(track)` is told just before the sound passes into the next track, `onAdvance(track)` when it has;
   * `onError(kind)` when it can't go on. `isLossless()` says whether FLAC is wanted.
   */
  constructor(audio, track, at, { onApproach, onAdvance, onError, isLossless }) {
    this.#audio = audio;
    this.#target = at;
    this.#on = { approach: onApproach, advance: onAdvance };
    this.#sink = new Sink(audio);
    this.#timeline = new Timeline(track, (each) => new Source(each, meter));
    this.#feeder = new Feeder(this.#timeline, this.#sink, { time: () => this.#time, isLossless, onError });
    const on = (type, action) => audio.addEventListener(type, action, { signal: this.#closing.signal });
    on("loadedmetadata", () => this.#arrive());
    for (const type of ["timeupdate", "play", "seeked"]) on(type, () => this.#notice());
    for (const type of ["timeupdate", "waiting"]) on(type, () => this.#feeder.feed());
    on("seeking", () => this.#feeder.redirect());
    this.#feeder.feed();
  }

  /** The track that sounds. */
  get track() {
    return this.#timeline.current.source.track;
  }

  /** Seconds into it. */
  get position() {
    return Math.max(0, this.#time - this.#timeline.current.start);
  }

  /** The element does not stand yet where it was told to. */
  get isSeeking() {
    return this.#target !== null || this.#audio.seeking;
  }

  /** `[[from, to]]` of what is there of the track that sounds, in its own seconds. */
  get ranges() {
    const { start, list } = this.#timeline.current;
    const end = list?.complete ? list.duration : Infinity;
    return this.#sink.ranges
      .map(([from, to]) => [Math.max(0, from - start), Math.min(end, to - start)])
      .filter(([from, to]) => from < to);
  }

  /** It is about to be played: read further ahead. */
  engage() {
    this.#feeder.engaged = true;
    this.#feeder.feed();
  }

  /** What comes after the track that sounds, in order. What stands there already stays. */
  follow(tracks) {
    this.#feeder.withdraw(this.#timeline.follow(tracks));
    this.#feeder.feed();
  }

  /** A track of this run has grown, or is complete. */
  grow(track) {
    this.#timeline.learn(track);
    this.#feeder.hurry();
  }

  /** The listener wants something else of `isLossless`. */
  refine() {
    this.#feeder.refine();
  }

  /** The line is back. */
  hurry() {
    this.#feeder.hurry();
  }

  seek(seconds) {
    const to = this.#timeline.current.start + seconds;
    if (this.#audio.readyState > 0) this.#audio.currentTime = to;
    else this.#target = to;
    this.#feeder.redirect();
  }

  /** Go to a track that stands in this run. Returns whether it does. */
  jump(id, seconds) {
    if (this.#audio.readyState === 0 || !this.#timeline.turn(id)) return false;
    this.seek(seconds);
    return true;
  }

  close() {
    this.#closing.abort();
    clearTimeout(this.#timer);
    this.#feeder.close();
    this.#sink.close();
  }

  get #time() {
    return this.#target ?? this.#audio.currentTime;
  }

  #arrive() {
    if (this.#target) this.#audio.currentTime = this.#target;
    this.#target = null;
  }

  /** See which track sounds, and be there when the next one begins. */
  #notice() {
    clearTimeout(this.#timer);
    if (this.#closing.signal.aborted || this.isSeeking) return;
    const passed = this.#timeline.pass(this.#time);
    if (passed) this.#on.advance(passed);
    const { next } = this.#timeline;
    const left = (next?.start ?? Infinity) - this.#audio.currentTime;
    if (this.#audio.paused || left > TIMER_WITHIN_S) return;
    if (left <= LEAD_S) this.#on.approach(next.source.track);
    this.#timer = setTimeout(() => this.#notice(), Math.max(1, (left > LEAD_S ? left - LEAD_S : left) * 1000));
  }
}
