// A recording on its way to the server, without a socket and without a recorder: what must be kept, because nobody has
// said that it came, and what may be sent now. docs/protocol.md, Broadcasting.

const KIND = 2;
const HEAD_BYTES = 12;
const PIECE_BYTES = 32_768;

/** A binary frame with a piece of a recording. `at`: which byte of it comes first. */
export function asFrame(stream, at, data) {
  const frame = new Uint8Array(HEAD_BYTES + data.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, KIND);
  view.setUint16(2, stream);
  view.setUint32(4, Math.floor(at / 2 ** 32));
  view.setUint32(8, at % 2 ** 32);
  frame.set(data, HEAD_BYTES);
  return frame;
}

/** The bytes of one recorder. `broken` says that some are lost that the server has not, so that another must begin. */
export class Recording {
  #chunks = []; // `[at, bytes, time]`, one behind the other from `keptFrom` on
  #keep;
  #stream = null;
  #sent = 0;
  #window = 0;

  /** So many bytes of it exist, lost ones too. */
  length = 0;
  /** So many of them have come. */
  taken = 0;
  broken = false;

  /** What the server has not acknowledged is kept up to `maxBytes`, and for `maxMs`. */
  constructor({ maxBytes, maxMs }) {
    this.#keep = { maxBytes, maxMs };
  }

  /** The first byte that can still be sent. */
  get keptFrom() {
    return this.#chunks[0]?.[0] ?? this.length;
  }

  get waitingBytes() {
    return this.length - this.taken;
  }

  /** More was recorded, at time `now`. */
  add(data, now) {
    if (this.broken || !data.length) return;
    this.#chunks.push([this.length, data, now]);
    this.length += data.length;
    const oldest = this.#chunks[0];
    // Without its beginning the rest is worth nothing: no player would find its way into it.
    if (this.length - oldest[0] > this.#keep.maxBytes || now - oldest[2] > this.#keep.maxMs) this.#break();
  }

  /** The server wants it from `upto` on. */
  wanted({ stream, upto, window_bytes }) {
    if (upto < this.keptFrom || upto > this.length) return this.#break();
    this.#stream = stream;
    this.#window = window_bytes;
    this.#sent = upto;
    this.#drop(upto);
  }

  /** The server has it up to there. */
  took({ stream, upto }) {
    if (stream === this.#stream && upto <= this.length) this.#drop(upto);
  }

  /** The line is gone, with what was on its way. */
  lost() {
    this.#stream = null;
  }

  /** What may be sent now, as frames. */
  frames() {
    const frames = [];
    if (this.#stream === null || this.broken) return frames;
    const end = Math.min(this.length, this.taken + this.#window);
    while (this.#sent < end) {
      const data = this.#read(this.#sent, Math.min(PIECE_BYTES, end - this.#sent));
      frames.push(asFrame(this.#stream, this.#sent, data));
      this.#sent += data.length;
    }
    return frames;
  }

  #read(at, size) {
    const parts = [];
    for (const [from, bytes] of this.#chunks) {
      if (from + bytes.length <= at || from >= at + size) continue;
      parts.push(bytes.subarray(Math.max(0, at - from), Math.min(bytes.length, at + size - from)));
    }
    if (parts.length === 1) return parts[0];
    const data = new Uint8Array(size);
    let place = 0;
    for (const part of parts) {
      data.set(part, place);
      place += part.length;
    }
    return data;
  }

  #drop(upto) {
    this.taken = Math.max(this.taken, upto);
    while (this.#chunks.length && this.#chunks[0][0] + this.#chunks[0][1].length <= this.taken) this.#chunks.shift();
  }

  #break() {
    this.broken = true;
    this.#chunks = [];
    this.#stream = null;
  }
}
