// One track's playlists and bytes: loaded when they are asked for, and again while the track grows.
import { choose, isExact, isHopeless } from "./choice.js";
import { fetchBytes, fetchText } from "./bytes.js";
import { wholeLastFrame } from "./mp4.js";
import { readMedia, readMultivariant } from "./playlist.js";
import { canPlay, typeOf } from "./sink.js";

/** A poorer rendition of the same would come in time. */
export class TooSlow extends Error {}
/** This browser plays none of the renditions. */
export class Unplayable extends Error {}

export class Source {
  #meter;
  #renditions = null;
  #settled = false;
  #inits = new Map();
  #careful = false;

  constructor(track, meter) {
    this.track = track;
    this.#meter = meter;
    /** `{url, codecs, bandwidth, ..}` in use; null before `choose`. */
    this.rendition = null;
    /** Its media playlist. */
    this.list = null;
  }

  /** Load what has to be known before the first byte of sound. */
  async load(signal, { lossless }) {
    await this.#survey(signal);
    if (!this.#renditions.length) return; // nothing of it is packaged yet
    await this.#take(choose(this.#candidates(), { rate: this.#meter.rate, lossless }), signal);
  }

  /** Look for what has been added to a playlist that had no end. */
  async reload(signal, options) {
    if (!this.list) return this.load(signal, options);
    this.list = readMedia(await fetchText(this.rendition.url, { signal, fresh: true }), this.rendition.url);
  }

  /** Take the rendition that suits the line now. `ahead`: seconds in hand. */
  async adapt(signal, { ahead, lossless }) {
    if (this.track.state === "ready" && !this.#settled) await this.#survey(signal);
    const rate = this.#careful ? 0 : this.#meter.rate;
    const better = choose(this.#candidates(), { rate, current: this.rendition, ahead, lossless });
    this.#careful = false;
    if (better.url !== this.rendition.url) await this.#take(better, signal);
  }

  /** The init segment of the rendition in use; the same object as long as it is. */
  async init(signal) {
    const { url } = this.list.init;
    if (!this.#inits.has(url)) this.#inits.set(url, await fetchBytes(this.list.init, { signal }));
    return this.#inits.get(url);
  }

  /**
   * A segment's bytes, ready to append: `{bytes, isLast}`; where `isLast`, sound ends in mid-frame.
   *
   * @throws TooSlow: give up, because sound will have run out before; the next `adapt` takes the poorest.
   */
  async segment(index, signal, ahead) {
    const segment = this.list.segments[index];
    const begun = performance.now();
    const seconds = () => (performance.now() - begun) / 1000;
    const giveUp = new AbortController();
    const stop = () => giveUp.abort();
    signal.addEventListener("abort", stop);
    const onProgress = (received) => {
      if (this.#hasPoorer() && isHopeless({ received, size: segment.size, seconds: seconds(), ahead: ahead() })) stop();
    };
    try {
      const bytes = await fetchBytes(segment, { signal: giveUp.signal, onProgress });
      this.#meter.add(segment.size, seconds());
      return { bytes, isLast: !isExact(this.rendition) && wholeLastFrame(bytes) };
    } catch (error) {
      if (!giveUp.signal.aborted || signal.aborted) throw error;
      this.#careful = true;
      throw new TooSlow(error.message);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  get type() {
    return typeOf(this.rendition);
  }

  async #survey(signal) {
    const { hls } = this.track.links;
    const base = new URL(hls, location.href).href;
    const settled = this.track.state === "ready";
    const all = readMultivariant(await fetchText(base, { signal, fresh: !settled }), base);
    this.#renditions = all.filter(canPlay);
    if (all.length && !this.#renditions.length) throw new Unplayable(all.map(({ codecs }) => codecs).join());
    this.#settled = settled;
  }

  async #take(rendition, signal) {
    const fresh = this.track.state !== "ready";
    const list = readMedia(await fetchText(rendition.url, { signal, fresh }), rendition.url);
    this.rendition = rendition;
    this.list = list;
  }

  /** While a track is made, its first rendition is ahead of the others. */
  #candidates() {
    return this.#settled ? this.#renditions : [this.rendition ?? this.#renditions[0]];
  }

  #hasPoorer() {
    return this.#candidates().some(({ bandwidth }) => bandwidth < this.rendition.bandwidth);
  }
}
