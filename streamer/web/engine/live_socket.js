// A show from the WebSocket: WebCodecs decodes it, the audio thread plays it.
import { DISCONTINUOUS } from "../veza/sound.js";
import { Tuner } from "./live_tuner.js";

const WORKLET = new URL("./live_worklet.js", import.meta.url);

export const isSupported = () => "AudioDecoder" in globalThis && "AudioWorkletNode" in globalThis;

/** What WebCodecs calls what RFC 6381 writes otherwise. */
export const webCodec = (codec) => ({ fLaC: "flac", Opus: "opus" })[codec] ?? codec;

export class SocketWay {
  name = "websocket";
  codec = null;
  #socket;
  #room;
  #on;
  #tuner = null;
  #context = null;
  #node = null;
  #gain = null;
  #decoder = null;
  #config = null;
  #volume;

  /** `on`: `state(state, reason)`, `place({media_ms, rate})`, `codec(codec)`. */
  constructor(socket, room, { rendition = null, volume = 1, on }) {
    Object.assign(this, { rendition });
    this.#socket = socket;
    this.#room = room;
    this.#volume = volume;
    this.#on = on;
  }

  /** In a click, the first time. */
  async start() {
    try {
      // Everything is at the rate of shows; the browser makes of it what the device wants.
      this.#context = new AudioContext({ sampleRate: 48_000, latencyHint: "interactive" });
      const resuming = this.#context.resume();
      await this.#context.audioWorklet.addModule(WORKLET);
      if (!this.#context) return; // stopped meanwhile
      this.#node = new AudioWorkletNode(this.#context, "veza-live", { numberOfInputs: 0, outputChannelCount: [2] });
      this.#gain = new GainNode(this.#context, { gain: this.#volume });
      this.#node.connect(this.#gain).connect(this.#context.destination);
      this.#node.port.onmessage = ({ data }) => this.#told(data);
      this.#listen();
      await Promise.race([resuming, new Promise((resolve) => setTimeout(resolve, 1_000))]);
      if (this.#context?.state === "suspended") this.#on.state("failed", "gesture");
    } catch {
      if (this.#context) this.#on.state("failed", "unsupported");
    }
  }

  #listen() {
    this.#tuner = new Tuner(this.#socket, this.#room, this.rendition, {
      tuned: (form) => this.#tune(form),
      offAir: () => this.#offAir(),
      sound: (frame) => this.#hear(frame),
    });
  }

  set volume(volume) {
    this.#volume = volume;
    // In steps it would crackle.
    this.#gain?.gain.setTargetAtTime(volume, this.#context.currentTime, 0.02);
  }

  stop() {
    this.#tuner?.close();
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#context?.close();
    this.#context = this.#decoder = null;
  }

  #offAir() {
    // What is in hand is the end of the show.
    setTimeout(() => this.#context && !this.#tuner.form && this.#on.state("waiting"), (this.level_s ?? 0) * 1_000);
  }

  #tune({ codec, sample_rate, channels, description }) {
    this.codec = codec;
    this.#config = { codec: webCodec(codec), sampleRate: sample_rate, numberOfChannels: channels, description };
    this.#node.port.postMessage({ clear: true });
    this.#open();
    this.#on.codec(codec);
    this.#on.state("loading");
  }

  #open() {
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = new AudioDecoder({
      output: (sound) => this.#decoded(sound),
      error: () => this.#context && this.#on.state("failed", "decode"),
    });
    this.#decoder.configure(this.#config);
  }

  #hear({ flags, at_us, units }) {
    if (this.#decoder.state === "closed") return;
    if (flags & DISCONTINUOUS) {
      // What was decoded before it is played; what the decoder has of it in mind must not colour what comes.
      this.#decoder.reset();
      this.#decoder.configure(this.#config);
    }
    const { frame_ticks, sample_rate } = this.#tuner.form;
    const unit_us = (frame_ticks * 1e6) / sample_rate;
    units.forEach((data, index) => {
      this.#decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: Math.round(at_us + index * unit_us), data }));
    });
  }

  #decoded(sound) {
    const channels = Array.from({ length: sound.numberOfChannels }, (_, planeIndex) => {
      const samples = new Float32Array(sound.numberOfFrames);
      sound.copyTo(samples, { planeIndex, format: "f32-planar" });
      return samples;
    });
    const buffers = channels.map(({ buffer }) => buffer);
    this.#node.port.postMessage({ at_us: sound.timestamp, channels }, buffers);
    sound.close();
  }

  #told({ playing, at_us, time_s, rate, level_s, target_s, ranOut }) {
    if (!this.#context || !this.#tuner?.form) return;
    Object.assign(this, { level_s, target_s, ranOut, rate });
    if (!playing) return this.#on.state(ranOut ? "stalled" : "loading");
    // What the worklet has given out is heard when it has gone through the device.
    const since_s = this.#context.currentTime - time_s - (this.#context.outputLatency || this.#context.baseLatency || 0);
    this.#on.place({ media_ms: at_us / 1_000 + since_s * 1_000 * rate, rate });
    this.#on.state("playing");
  }
}
