// In the audio thread: takes decoded sound, plays it, keeps the delay steady, and tells where it is.
import { Pace } from "./live_pace.js";
import { Tape } from "./live_tape.js";

const HELD_S = 6;
const TELL_EVERY_S = 0.1;

class LivePlayer extends AudioWorkletProcessor {
  #tape = new Tape(sampleRate, HELD_S);
  #pace = new Pace();
  #playing = false;
  #told_s = 0;
  #ranOut = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data.clear) [this.#tape, this.#playing] = [new Tape(sampleRate, HELD_S), false];
      else this.#tape.write(data.at_us, data.channels);
    };
  }

  process(_, [out]) {
    if (!this.#playing && this.#tape.level_s >= this.#pace.target_s) {
      this.#playing = true;
      this.#pace.began(currentTime);
    }
    if (this.#playing) this.#play(out);
    if (currentTime - this.#told_s >= TELL_EVERY_S) this.#tell();
    return true;
  }

  #play(out) {
    const beyond_s = this.#pace.see(this.#tape.level_s, currentTime);
    if (beyond_s) this.#tape.skip(beyond_s);
    if (this.#tape.read(out, this.#pace.rate)) return;
    this.#playing = false;
    this.#ranOut += 1;
    this.#pace.ranOut(currentTime);
    this.#tell();
  }

  #tell() {
    this.#told_s = currentTime;
    this.port.postMessage({
      playing: this.#playing,
      at_us: this.#tape.at_us,
      time_s: currentTime,
      level_s: this.#tape.level_s,
      target_s: this.#pace.target_s,
      rate: this.#pace.rate,
      ranOut: this.#ranOut,
    });
  }
}

registerProcessor("veza-live", LivePlayer);
