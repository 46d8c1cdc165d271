// Runs where the sound is: how loud it is, sample by sample, told thirty times a second.

const FULL = 0.9995;
// So many samples at full scale in a row are clipping; one or two are a loud moment.
const RUN = 3;

class Meter extends AudioWorkletProcessor {
  #peaks = [0, 0];
  #squares = [0, 0];
  #runs = [0, 0];
  #clipped = 0;
  #samples = 0;

  process([channels]) {
    const size = channels[0]?.length ?? 128;
    for (let side = 0; side < 2; side += 1) this.#look(channels[side] ?? channels[0], side);
    this.#samples += size;
    if (this.#samples * 30 >= sampleRate) this.#tell();
    return true;
  }

  #look(samples, side) {
    if (!samples) return;
    for (const sample of samples) {
      const level = Math.abs(sample);
      if (level > this.#peaks[side]) this.#peaks[side] = level;
      this.#squares[side] += sample * sample;
      this.#runs[side] = level >= FULL ? this.#runs[side] + 1 : 0;
      if (this.#runs[side] === RUN) this.#clipped += 1;
    }
  }

  #tell() {
    const rms = this.#squares.map((sum) => Math.sqrt(sum / this.#samples));
    this.port.postMessage({ peaks: this.#peaks, rms, clipped: this.#clipped });
    this.#peaks = [0, 0];
    this.#squares = [0, 0];
    this.#clipped = this.#samples = 0;
  }
}

registerProcessor("meter", Meter);
