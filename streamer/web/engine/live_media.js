// A show from the WebSocket where WebCodecs is missing: put into fragments, which an audio element plays.
import { Fragments } from "./live_fragments.js";
import { Pace } from "./live_pace.js";
import { Tuner } from "./live_tuner.js";
import { Sink, canPlay, isSupported as hasMediaSource, typeOf } from "./sink.js";

/** An element decodes ahead of what is heard: with less in hand it stops. */
const TARGET_S = 0.35;
const STEER_EVERY_MS = 100;
const KEPT_S = 10;
/** More than this waiting to be appended, and the oldest is left out. */
const MAX_PENDING_S = 6;

export const isSupported = () => hasMediaSource() && canPlay({ codecs: "mp4a.40.2" });

export class MediaWay {
  name = "websocket";
  codec = null;
  level_s = 0;
  ranOut = 0;
  #socket;
  #room;
  #on;
  #audio = null;
  #sink = null;
  #tuner = null;
  #fragments = null;
  #type = "";
  #pace = new Pace(TARGET_S);
  /** Frames that are not appended yet. */
  #pending = [];
  /** The sink that takes something at this moment. */
  #appending = null;
  /** Nothing is appended until so much has gathered that playing can begin. */
  #isGathering = true;
  #isPlaying = false;
  #kept_s = 0;
  #timer = null;
  #volume;

  /** As of SocketWay. */
  constructor(socket, room, { rendition = null, volume = 1, on }) {
    Object.assign(this, { rendition });
    this.#socket = socket;
    this.#room = room;
    this.#volume = volume;
    this.#on = on;
  }

  get target_s() {
    return this.#pace.target_s;
  }

  get rate() {
    return this.#pace.rate;
  }

  /** In a click, the first time. */
  start() {
    const audio = (this.#audio = document.createElement("audio"));
    audio.dataset.live = "";
    audio.preservesPitch = false; // resampled, as the other way does it
    audio.volume = this.#volume;
    audio.addEventListener("waiting", () => this.#ranDry());
    audio.addEventListener("playing", () => this.#began());
    audio.addEventListener("error", () => this.#fail("decode"));
    document.body.append(audio);
    this.#open();
    this.#timer = setInterval(() => this.#steer(), STEER_EVERY_MS);
    this.#tuner = new Tuner(this.#socket, this.#room, this.rendition, {
      tuned: (form) => this.#tune(form),
      offAir: () => this.#offAir(),
      sound: (frame) => this.#hear(frame),
    });
  }

  set volume(volume) {
    this.#volume = volume;
    if (this.#audio) this.#audio.volume = volume;
  }

  stop() {
    clearInterval(this.#timer);
    this.#tuner?.close();
    this.#sink?.close();
    const audio = this.#audio;
    this.#audio = this.#sink = this.#fragments = null;
    audio?.remove();
    audio?.removeAttribute("src");
    audio?.load();
  }

  /** The element is told to play before there is anything, because this is still in the click. */
  #open() {
    this.#sink?.close();
    this.#sink = new Sink(this.#audio);
    this.#audio.play().catch((error) => error.name === "NotAllowedError" && this.#fail("gesture"));
  }

  #tune(form) {
    this.codec = form.codec;
    if (!canPlay({ codecs: form.codec })) return this.#fail("unsupported");
    if (this.#fragments) this.#open(); // another encode: nothing of the last is any good for it
    this.#fragments = new Fragments(form);
    this.#type = typeOf({ codecs: form.codec });
    this.#pending = [];
    [this.#isGathering, this.#isPlaying, this.#kept_s] = [true, false, 0];
    this.#on.codec(form.codec);
    this.#on.state("loading");
  }

  #offAir() {
    // What is in hand is the end of the show.
    this.#isGathering = false;
    this.#append();
    setTimeout(() => this.#audio && !this.#tuner.form && this.#on.state("waiting"), this.level_s * 1_000);
  }

  #hear({ at_us, units }) {
    this.#steer(); // now there is least in hand
    this.#pending.push({ at_us, units });
    while (this.#pending_s > MAX_PENDING_S) this.#pending.shift();
    if (this.#isGathering && this.#pending_s + this.level_s < this.target_s) return;
    this.#isGathering = false;
    this.#append();
  }

  get #pending_s() {
    const form = this.#tuner.form;
    if (!form) return 0;
    return (this.#pending.reduce((sum, { units }) => sum + units.length, 0) * form.frame_ticks) / form.sample_rate;
  }

  async #append() {
    const [sink, fragments, type] = [this.#sink, this.#fragments, this.#type];
    if (this.#appending === sink || !fragments) return; // whoever does takes these, too
    this.#appending = sink;
    try {
      while (this.#pending.length && sink === this.#sink) {
        await sink.append(fragments.add(this.#pending.splice(0)), { type, init: fragments.init, start: 0, end: Infinity });
        if (sink === this.#sink) await this.#forget(sink);
      }
    } catch {
      if (sink === this.#sink) this.#fail("decode");
    } finally {
      if (this.#appending === sink) this.#appending = null;
    }
  }

  async #forget(sink) {
    const before_s = this.#audio.currentTime - KEPT_S;
    if (before_s - this.#kept_s < KEPT_S) return;
    this.#kept_s = before_s;
    await sink.remove(0, before_s);
  }

  #began() {
    if (!this.#audio || this.#isPlaying) return;
    this.#isPlaying = true;
    this.#pace.began(performance.now() / 1_000);
  }

  #ranDry() {
    if (!this.#isPlaying || !this.#tuner.form || this.#audio.seeking || this.#level() > TARGET_S) return;
    this.#isPlaying = false;
    this.#isGathering = true;
    this.ranOut += 1;
    this.#pace.ranOut(performance.now() / 1_000);
    this.#on.state("stalled");
  }

  #level() {
    this.level_s = Math.max(0, (this.#sink.ranges.at(-1)?.[1] ?? 0) - this.#audio.currentTime);
    return this.level_s;
  }

  #steer() {
    if (!this.#audio || !this.#fragments) return;
    const level_s = this.#level();
    if (!this.#isPlaying || this.#audio.seeking) return;
    const beyond_s = this.#pace.see(level_s, performance.now() / 1_000);
    if (beyond_s) this.#audio.currentTime += beyond_s;
    if (this.#audio.playbackRate !== this.rate) this.#audio.playbackRate = this.rate;
    const at_us = this.#fragments.at_us(this.#audio.currentTime);
    if (at_us === null || !this.#tuner.form) return;
    this.#on.place({ media_ms: at_us / 1_000, rate: this.rate });
    this.#on.state("playing");
  }

  #fail(reason) {
    if (this.#audio) this.#on.state("failed", reason);
  }
}
