// A media element's MediaSource with one SourceBuffer, as promises. One call at a time.

const Media = globalThis.MediaSource ?? globalThis.ManagedMediaSource;
// MediaSource knows codecs by the names of its own registry, and Safari only by these.
const NAMES = { fLaC: "flac", Opus: "opus" };

const ANYWHERE_S = 1e7;

/** What a rendition is called in MediaSource. */
export const typeOf = ({ codecs }) => `audio/mp4; codecs="${NAMES[codecs] ?? codecs}"`;
export const canPlay = (rendition) => Media.isTypeSupported(typeOf(rendition));
export const isSupported = () => Boolean(Media);

/** The browser took the bytes and could make nothing of them. */
export class Undecodable extends Error {}

export class Sink {
  #media = new Media();
  #buffer = null;
  #type = null;
  #init = null;
  #duration = Infinity;
  #url;
  #opened;

  constructor(audio) {
    // A ManagedMediaSource opens only where the sound can't be handed to another device.
    if (!globalThis.MediaSource) audio.disableRemotePlayback = true;
    this.#opened = new Promise((resolve) => this.#media.addEventListener("sourceopen", resolve, { once: true }));
    this.#url = URL.createObjectURL(this.#media);
    audio.src = this.#url;
  }

  /**
   * Append bytes of a rendition, and its init segment first where another was in use.
   *
   * @param start where the rendition's track begins on the element's clock. The priming before it is cut off.
   * @param end where to cut, or Infinity.
   */
  async append(bytes, { type, init, start, end }) {
    await this.#opened;
    if (!this.#buffer) this.#begin(type);
    if (init !== this.#init) {
      if (this.#type && type !== this.#type) this.#buffer.changeType(type);
      this.#type = type;
      this.#buffer.timestampOffset = start;
      await this.#does(() => this.#buffer.appendBuffer(init));
      this.#init = init;
    }
    // The start has to stay before the end at every moment.
    this.#buffer.appendWindowEnd = Infinity;
    this.#buffer.appendWindowStart = start;
    this.#buffer.appendWindowEnd = end;
    await this.#does(() => this.#buffer.appendBuffer(bytes));
  }

  /** Forget sound; what plays must not be in it. */
  async remove(from, to) {
    if (this.#buffer && this.#media.readyState !== "closed" && to > from) await this.#does(() => this.#buffer.remove(from, to));
  }

  /** Say how long all is. What is there is never cut. */
  set duration(seconds) {
    this.#duration = seconds;
    if (this.#isOpen) this.#tellDuration();
  }

  /** Before the first byte all must be open to seeking: what a browser does not know of, it does not go to. */
  #begin(type) {
    this.#buffer = this.#media.addSourceBuffer(type);
    this.#media.setLiveSeekableRange?.(0, ANYWHERE_S); // counts as long as the duration is Infinity
    this.#tellDuration();
  }

  #tellDuration() {
    if (!this.#isOpen || this.#media.duration === this.#duration) return;
    const there = this.ranges.at(-1)?.[1] ?? 0;
    if (this.#duration >= there) this.#media.duration = this.#duration;
  }

  /** No more will come, unless something is appended after all. */
  end() {
    if (this.#isOpen) this.#media.endOfStream();
  }

  get ranges() {
    const buffered = this.#buffer?.buffered ?? [];
    return Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
  }

  /** Whether the browser wants more; one with a ManagedMediaSource says so, to spare a phone's radio. */
  get isHungry() {
    return this.#media.streaming ?? true;
  }

  close() {
    URL.revokeObjectURL(this.#url);
  }

  get #isOpen() {
    return this.#media.readyState === "open" && this.#buffer !== null;
  }

  #does(begin) {
    return new Promise((resolve, reject) => {
      const done = (outcome) => {
        this.#buffer.removeEventListener("updateend", ended);
        this.#buffer.removeEventListener("error", failed);
        outcome();
      };
      const ended = () => done(resolve);
      const failed = () => done(() => reject(new Undecodable("the browser refused a piece of sound")));
      this.#buffer.addEventListener("updateend", ended);
      this.#buffer.addEventListener("error", failed);
      try {
        begin();
      } catch (error) {
        done(() => reject(error));
      }
    });
  }
}
