// One audio element with what feeds it. The player has two, like a DJ: one plays, the other is cued up.
//
// Sound comes through the engine, which plays one track after the other without a sample between them. A browser
// that has no MediaSource plays HLS by itself, one track at a time.

// A browser that fails gets the same again, once: without a sound device it would fail for ever.
const MAX_FAULTS = 1;

let engine = null;

/** Fetch the engine, once. Worth doing before anybody presses play. */
export const loadEngine = () =>
  (engine ??= import("./engine/run.js").catch((error) => {
    engine = null;
    throw error;
  }));

export class Deck {
  #run = null;
  /** The track, before the engine has it, or where the browser plays by itself. */
  #native = null;
  /** Where it shall begin. */
  #begin = 0;
  #loads = 0;
  #faults = 0;
  #engaged = false;
  #following = [];
  #on;

  /**
   * `error(deck, kind)`: it can't go on; `kind` is "network", "media", "gone" or "unsupported".
   * `approach(deck, track)`: the sound is about to pass into the next track; `advance`: it has. `isLossless()`:
   * whether FLAC is wanted.
   */
  constructor(on) {
    this.#on = on;
    this.audio = document.createElement("audio");
    this.audio.preload = "auto";
    this.audio.addEventListener("error", () => this.#mend());
    document.body.append(this.audio);
  }

  /** The track that sounds, or would. */
  get track() {
    return this.#run?.track ?? this.#native;
  }

  /** Seconds into it. */
  get position() {
    return this.#run ? this.#run.position : this.audio.currentTime || this.#begin;
  }

  /** `[[from, to]]` of it that are there. */
  get ranges() {
    if (this.#run) return this.#run.ranges;
    const { buffered } = this.audio;
    return Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
  }

  /** The element is, or will soon be, somewhere else than it says. */
  get isSeeking() {
    return this.#run ? this.#run.isSeeking : this.audio.seeking;
  }

  /** Get a track ready at `at` seconds, without playing. */
  cue(track, at = 0) {
    this.eject();
    return this.#load(track, at);
  }

  async #load(track, at) {
    this.#empty();
    this.#native = track;
    this.#begin = at;
    const load = this.#loads;
    let parts;
    try {
      parts = await loadEngine();
    } catch {
      if (load === this.#loads) this.#on.error(this, "network");
      return;
    }
    if (load !== this.#loads) return;
    if (parts.isSupported()) this.#start(parts.Run);
    else if (this.audio.canPlayType("application/vnd.apple.mpegurl")) {
      this.audio.src = track.links.hls;
      if (this.#begin) this.audio.currentTime = this.#begin;
    } else this.#on.error(this, "unsupported");
  }

  #start(Run) {
    const run = new Run(this.audio, this.#native, this.#begin, {
      isLossless: this.#on.isLossless,
      onApproach: (track) => this.#on.approach(this, track),
      onAdvance: (track) => this.#on.advance(this, track),
      onError: (kind) => run === this.#run && this.#on.error(this, kind),
    });
    this.#run = run;
    if (this.#engaged) run.engage();
    run.follow(this.#following);
  }

  /** It plays, or is about to: read further ahead. */
  engage() {
    this.#engaged = true;
    this.#run?.engage();
  }

  /** What plays after the current track, in order. Returns whether this deck sees to it. */
  follow(tracks) {
    this.#following = tracks;
    this.#run?.follow(tracks);
    return this.#run !== null;
  }

  /** A track has grown. */
  grow(track) {
    if (this.#native?.id === track.id) this.#native = track;
    this.#run?.grow(track);
  }

  /** The listener wants something else of `isLossless`. */
  refine() {
    this.#run?.refine();
  }

  /** The line is back: what failed for want of it may be tried again at once. */
  hurry() {
    this.#run?.hurry();
  }

  seek(seconds) {
    if (this.#run) this.#run.seek(seconds);
    else if (this.audio.readyState > 0) this.audio.currentTime = seconds;
    else this.#begin = seconds;
  }

  /** Go to a track that this deck has at hand beside its own. Returns whether it does. */
  jump(track, seconds) {
    return this.#run?.jump(track.id, seconds) ?? false;
  }

  #mend() {
    if (!this.track) return;
    this.#faults += 1;
    if (this.#run && this.#faults <= MAX_FAULTS) this.#load(this.track, this.position);
    else this.#on.error(this, "media");
  }

  /** Be empty. */
  eject() {
    this.#faults = 0;
    this.#engaged = false;
    this.#following = [];
    this.#empty();
  }

  #empty() {
    this.#loads += 1;
    this.#run?.close();
    this.#run = null;
    this.#native = null;
    if (this.audio.hasAttribute("src")) {
      this.audio.removeAttribute("src");
      this.audio.load();
    }
  }
}
