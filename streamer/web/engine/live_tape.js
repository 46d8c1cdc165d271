// Decoded sound on its way out: written as it comes, read at any pace. Pure; it lives in the audio thread.

const TAPS = 16;
const PHASES = 128;
const FADE_SAMPLES = 240;
/** With less than this in hand the sound is faded out, so that its end is no click. */
const LAST_SAMPLES = 288;

/** Windowed sinc between two samples: a row of taps for each phase. */
const SINC = Array.from({ length: PHASES + 1 }, (_, phase) => {
  const row = Float32Array.from({ length: TAPS }, (_, tap) => {
    const x = tap - (TAPS / 2 - 1) - phase / PHASES;
    const window = 0.42 + 0.5 * Math.cos((2 * Math.PI * x) / TAPS) + 0.08 * Math.cos((4 * Math.PI * x) / TAPS);
    return (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)) * window;
  });
  const sum = row.reduce((total, each) => total + each, 0);
  return row.map((each) => each / sum);
});

export class Tape {
  #rate;
  #size;
  #channels;
  #written = TAPS;
  #read = TAPS;
  #gain = 0;
  /** Where media time is not that of the sample before: `{index, at_us}`, the oldest first. */
  #marks = [];

  /** A ring of `seconds` at `rate` Hz, stereo. What comes when it is full pushes out the oldest. */
  constructor(rate, seconds) {
    this.#rate = rate;
    this.#size = rate * seconds;
    this.#channels = [new Float32Array(this.#size), new Float32Array(this.#size)];
  }

  /** Seconds in hand. */
  get level_s() {
    return Math.max(0, this.#written - this.#read) / this.#rate;
  }

  /** Media time of the next sample that is read, in microseconds; null before the first. */
  get at_us() {
    let mark = null;
    for (const each of this.#marks) if (!mark || each.index <= this.#read) mark = each;
    return mark && mark.at_us + ((this.#read - mark.index) * 1e6) / this.#rate;
  }

  /** Two arrays of one length, the first sample being of `at_us`. */
  write(at_us, channels) {
    const last = this.#marks.at(-1);
    const expected_us = last && last.at_us + ((this.#written - last.index) * 1e6) / this.#rate;
    // Decoders round to microseconds.
    if (!last || Math.abs(expected_us - at_us) > 1_000) this.#marks.push({ index: this.#written, at_us });
    const count = channels[0].length;
    for (let c = 0; c < 2; c += 1) {
      const [from, to] = [channels[c] ?? channels[0], this.#channels[c]];
      for (let i = 0; i < count; i += 1) to[(this.#written + i) % this.#size] = from[i];
    }
    this.#written += count;
    const oldest = this.#written - this.#size + 2 * TAPS;
    if (this.#read < oldest) this.#jump(oldest);
  }

  /** Leave so much out. */
  skip(seconds) {
    this.#jump(Math.min(this.#written, Math.round(this.#read + seconds * this.#rate)));
  }

  /** Fill two arrays at `pace` samples in for each one out. Returns false when it has run out: the rest is silence. */
  read(out, pace) {
    // Back at the pace of the source, samples go through as they are.
    if (pace === 1) this.#read = Math.round(this.#read);
    for (let i = 0; i < out[0].length; i += 1) {
      const left = this.#written - this.#read;
      if (left < TAPS) {
        for (const channel of out) channel.fill(0, i);
        this.#gain = 0;
        return false;
      }
      const step = 1 / FADE_SAMPLES;
      this.#gain = left < LAST_SAMPLES ? Math.max(0, this.#gain - step) : Math.min(1, this.#gain + step);
      for (let c = 0; c < out.length; c += 1) out[c][i] = this.#gain * this.#sample(this.#channels[c]);
      this.#read += pace;
    }
    while (this.#marks.length > 1 && this.#marks[1].index <= this.#read) this.#marks.shift();
    return true;
  }

  #sample(channel) {
    const index = Math.floor(this.#read);
    const phase = (this.#read - index) * PHASES;
    if (phase === 0) return channel[index % this.#size];
    const row = Math.floor(phase);
    const share = phase - row;
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap += 1) {
      const weight = SINC[row][tap] * (1 - share) + SINC[row + 1][tap] * share;
      sum += weight * channel[(index - (TAPS / 2 - 1) + tap + this.#size) % this.#size];
    }
    return sum;
  }

  #jump(index) {
    this.#read = index;
    this.#gain = 0;
    while (this.#marks.length > 1 && this.#marks[1].index <= this.#read) this.#marks.shift();
  }
}
