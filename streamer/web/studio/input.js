// What one broadcasts: a microphone, a tab, a file; mixed, measured, and recorded as one stream that never changes its form.

const RATE = 48_000;
const CHUNK_MS = 100;
const BITRATE = 192_000;
// A browser's voice processing takes music apart: it gates, levels, and makes everything mono.
const UNTOUCHED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const TYPES = ["audio/webm;codecs=opus", "audio/mp4;codecs=opus", "audio/mp4;codecs=mp4a.40.2", "audio/mp4", "audio/ogg;codecs=opus"];

export const canRecord = () => Boolean(globalThis.MediaRecorder && TYPES.some((type) => MediaRecorder.isTypeSupported(type)));
/** Browsers give no microphone to a page that came over plain HTTP from another machine. */
export const isSecure = () => isSecureContext && Boolean(navigator.mediaDevices);
export const canShare = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

/** `[{id, name}]`; names come once a microphone was allowed. */
export async function listDevices() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === "audioinput").map(({ deviceId, label }) => ({ id: deviceId, name: label }));
}

/** Of a track: names of what the browser does to its sound. */
export function touched(track) {
  const settings = track.getSettings?.() ?? {};
  return Object.keys(UNTOUCHED).filter((name) => settings[name]);
}

export class Input {
  #context;
  #mix;
  #out;
  #source = null;
  #close = () => {};
  #changes = 0;
  #on;

  /** `on.levels({peaks, rms, clipped})` some 30 times a second; `on.ended()`: the source is gone by itself. */
  static async open(on) {
    const context = new AudioContext({ sampleRate: RATE, latencyHint: "balanced" });
    await context.audioWorklet.addModule(new URL("./meter_worklet.js", import.meta.url));
    return new Input(context, on);
  }

  constructor(context, on) {
    this.#context = context;
    this.#on = on;
    this.#mix = new GainNode(context, { channelCount: 2, channelCountMode: "explicit" });
    this.#out = new MediaStreamAudioDestinationNode(context, { channelCount: 2 });
    const meter = new AudioWorkletNode(context, "meter", { numberOfOutputs: 0 });
    meter.port.onmessage = ({ data }) => on.levels(data);
    this.#mix.connect(this.#out);
    this.#mix.connect(meter);
  }

  /** One channel for both ears, or two. */
  set mono(mono) {
    this.#mix.channelCount = mono ? 1 : 2;
  }

  /** A factor, 0 or more. */
  set gain(gain) {
    this.#mix.gain.setTargetAtTime(gain, this.#context.currentTime, 0.01);
  }

  /** Listen to a microphone or a line; "" for the browser's choice. The names of what the browser does to its sound. */
  async microphone(id) {
    const audio = { ...UNTOUCHED, channelCount: { ideal: 2 }, sampleRate: { ideal: RATE }, ...(id && { deviceId: { exact: id } }) };
    return this.#listen(await this.#latest(navigator.mediaDevices.getUserMedia({ audio })));
  }

  /** Listen to a tab or a screen that a person chooses. Throws `NoSound` when what they chose has none. */
  async share() {
    const audio = { ...UNTOUCHED, suppressLocalAudioPlayback: false };
    const stream = await this.#latest(navigator.mediaDevices.getDisplayMedia({ audio, video: true }));
    if (stream && !stream.getAudioTracks().length) {
      stream.getTracks().forEach((track) => track.stop());
      throw new NoSound();
    }
    return this.#listen(stream);
  }

  /** Play a file, again and again. */
  async file(file) {
    const audio = new Audio(URL.createObjectURL(file));
    audio.loop = true;
    const node = new MediaElementAudioSourceNode(this.#context, { mediaElement: audio });
    this.#use(node, () => {
      audio.pause();
      URL.revokeObjectURL(audio.src);
    });
    await this.#context.resume();
    await audio.play();
    return [];
  }

  /** Record from now on; `give` gets Uint8Arrays. The last is given before the promise of `stop` is kept. */
  record(give) {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const recorder = new MediaRecorder(this.#out.stream, { mimeType, audioBitsPerSecond: BITRATE });
    let given = Promise.resolve();
    recorder.ondataavailable = ({ data }) => {
      given = given.then(async () => give(new Uint8Array(await data.arrayBuffer())));
    };
    const stopped = new Promise((resolve) => (recorder.onstop = () => resolve(given)));
    recorder.start(CHUNK_MS);
    const stop = () => {
      if (recorder.state !== "inactive") recorder.stop();
      return stopped;
    };
    return { mediaType: recorder.mimeType || mimeType, stop };
  }

  async close() {
    this.#changes += 1;
    this.#close();
    await this.#context.close();
  }

  /** The stream, or null when something else was chosen while it was asked for. */
  async #latest(asked) {
    const change = (this.#changes += 1);
    const stream = await asked;
    await this.#context.resume();
    if (change === this.#changes) return stream;
    stream.getTracks().forEach((track) => track.stop());
    return null;
  }

  #listen(stream) {
    if (!stream) return [];
    const [track] = stream.getAudioTracks();
    stream.getVideoTracks().forEach((video) => video.stop());
    track.contentHint = "music";
    track.addEventListener("ended", () => this.#source?.mediaStream === stream && this.#on.ended());
    this.#use(new MediaStreamAudioSourceNode(this.#context, { mediaStream: stream }), () => stream.getTracks().forEach((each) => each.stop()));
    return touched(track);
  }

  #use(node, close) {
    this.#source?.disconnect();
    this.#close();
    this.#source = node;
    this.#close = close;
    node.connect(this.#mix);
  }
}

/** A tab was shared without its sound. */
export class NoSound extends Error {}
