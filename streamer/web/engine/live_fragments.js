// Sound of the WebSocket as CMAF, for browsers that decode nothing but what a MediaSource is given. Pure.
// Numbers in the comments are sections of ISO/IEC 14496-12 unless they name another standard; hls/fmp4.py writes the same.

const MATRIX = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000]; // 8.2.2: the identity
const UNDETERMINED = 0x55c4; // 8.4.2: "und" as three 5-bit letters
const SYNC_SAMPLE = 0x02000000; // 8.8.3.1
const DEFAULT_BASE_IS_MOOF = 0x020000; // 8.8.7.1
const HAS_DEFAULT_DURATION = 0x8; // 8.8.7.1
const HAS_DATA_OFFSET = 0x1; // 8.8.8.1
const HAS_SIZES = 0x200; // 8.8.8.1
const OPUS_HEAD_BYTES = 19; // RFC 7845, 5.1, of channel mapping family 0
const MARKS = 64;

const ascii = (text) => Array.from(text, (letter) => letter.charCodeAt(0));
const u16 = (...numbers) => numbers.flatMap((number) => [(number >>> 8) & 255, number & 255]);
const u32 = (...numbers) => numbers.flatMap((number) => u16(number >>> 16, number & 0xffff));
const zeros = (count) => Array.from({ length: count }, () => 0);
/** 4.2: size, four letters, payload. */
const box = (kind, ...payload) => {
  const body = payload.flat();
  return [...u32(8 + body.length), ...ascii(kind), ...body];
};
const fullBox = (kind, version, flags, ...payload) => box(kind, u32((version << 24) | flags), ...payload);
/** ISO/IEC 14496-1, 8.3.3: tag, size in 7-bit groups, of which one is enough here. */
const descriptor = (tag, ...payload) => {
  const body = payload.flat();
  return [tag, body.length, ...body];
};

function esds(config) {
  // ISO/IEC 14496-1, tables 5 and 6: MPEG-4 audio, an audio stream.
  const decoder = descriptor(4, [0x40, 0x15, 0, 0x06, 0x00], u32(0, 0), descriptor(5, config));
  return fullBox("esds", 0, 0, descriptor(3, u16(0), 0, decoder, descriptor(6, 2)));
}

/** OpusHead is little-endian, `dOps` is not. What is skipped at the beginning of a stream is none of one that is joined in its middle. */
function dOps(head) {
  if (head.length < OPUS_HEAD_BYTES) throw new RangeError(`an OpusHead has ${OPUS_HEAD_BYTES} bytes, this has ${head.length}`);
  return box("dOps", 0, head[9], u16(0), [head[15], head[14], head[13], head[12]], [head[17], head[16]], 0);
}

const ENTRIES = {
  mp4a: ["mp4a", esds],
  Opus: ["Opus", dOps],
  fLaC: ["fLaC", (description) => fullBox("dfLa", 0, 0, [...description.subarray(4)])],
};

/** 12.2.3: AudioSampleEntry. Throws RangeError for a codec that is none of ours. */
function sampleEntry({ codec, sample_rate, channels, description }) {
  const [kind, config] = ENTRIES[codec.split(".")[0]] ?? [];
  if (!kind) throw new RangeError(`${codec} is none of ${Object.keys(ENTRIES)}`);
  const bytes = kind === "mp4a" ? [...description] : description;
  return box(kind, zeros(6), u16(1), zeros(8), u16(channels, 16, 0, 0), u32(sample_rate * 0x10000), config(bytes));
}

/** `ftyp` and `moov` of one audio track whose timescale is its sample rate. */
export function initSegment(form) {
  const rate = form.sample_rate;
  const samples = box(
    "stbl",
    fullBox("stsd", 0, 0, u32(1), sampleEntry(form)),
    fullBox("stts", 0, 0, u32(0)),
    fullBox("stsc", 0, 0, u32(0)),
    fullBox("stsz", 0, 0, u32(0, 0)),
    fullBox("stco", 0, 0, u32(0)),
  );
  const information = box("minf", fullBox("smhd", 0, 0, u32(0)), box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1))), samples);
  const media = box(
    "mdia",
    fullBox("mdhd", 0, 0, u32(0, 0, rate, 0), u16(UNDETERMINED, 0)),
    fullBox("hdlr", 0, 0, u32(0), ascii("soun"), zeros(12), ascii("Veza\0")),
    information,
  );
  const header = fullBox("tkhd", 0, 7, u32(0, 0, 1, 0, 0), zeros(8), u16(0, 0, 0x0100, 0), u32(...MATRIX, 0, 0)); // 8.3.2
  const movie = fullBox("mvhd", 0, 0, u32(0, 0, rate, 0, 0x10000), u16(0x0100), zeros(10), u32(...MATRIX), zeros(24), u32(2));
  return new Uint8Array([
    ...box("ftyp", ascii("cmfc"), u32(0), ascii("iso6cmfc")),
    ...box("moov", movie, box("trak", header, media), box("mvex", fullBox("trex", 0, 0, u32(1, 1, 0, 0, SYNC_SAMPLE)))),
  ]);
}

function movieFragment({ sequence, decode_ticks, frame_ticks, sizes }, offset) {
  const high = Math.floor(decode_ticks / 2 ** 32);
  return box(
    "moof",
    fullBox("mfhd", 0, 0, u32(sequence)),
    box(
      "traf",
      fullBox("tfhd", 0, DEFAULT_BASE_IS_MOOF | HAS_DEFAULT_DURATION, u32(1, frame_ticks)),
      fullBox("tfdt", 1, 0, u32(high, decode_ticks)),
      fullBox("trun", 0, HAS_DATA_OFFSET | HAS_SIZES, u32(sizes.length, offset, ...sizes)),
    ),
  );
}

/** One `moof` and its `mdat`. Every unit lasts `frame_ticks`. */
export function fragment({ sequence, decode_ticks, frame_ticks, units }) {
  const sizes = units.map((unit) => unit.length);
  const numbers = { sequence, decode_ticks, frame_ticks, sizes };
  const total = sizes.reduce((sum, size) => sum + size, 8);
  // 8.8.8: the offset counts from the first byte of the `moof`, whose size does not depend on its value.
  const moof = movieFragment(numbers, movieFragment(numbers, 0).length + 8);
  const bytes = new Uint8Array(moof.length + total);
  bytes.set(moof);
  bytes.set([...u32(total), ...ascii("mdat")], moof.length);
  let at = moof.length + 8;
  for (const unit of units) {
    bytes.set(unit, at);
    at += unit.length;
  }
  return bytes;
}

/**
 * What a `listening` event announces, as fragments of one track without gaps: a gap in it would stop the element for
 * good. Where sound was lost, media time jumps instead, and `at_us` knows where.
 */
export class Fragments {
  #form;
  #sequence = 0;
  #ticks = 0;
  #marks = [];

  /** `form`: `{codec, sample_rate, channels, frame_ticks, description}`, the last as bytes. Throws RangeError. */
  constructor(form) {
    this.#form = form;
    this.init = initSegment(form);
  }

  /** Seconds of the track so far. */
  get end_s() {
    return this.#ticks / this.#form.sample_rate;
  }

  /** The next fragment, of `[{at_us, units}]`: frames of sound, the oldest first. */
  add(frames) {
    const { frame_ticks } = this.#form;
    const decode_ticks = this.#ticks;
    for (const { at_us, units } of frames) {
      const expected_us = this.at_us(this.end_s);
      if (expected_us === null || Math.abs(expected_us - at_us) > 1_000) this.#marks.push({ ticks: this.#ticks, at_us });
      if (this.#marks.length > MARKS) this.#marks.shift();
      this.#ticks += units.length * frame_ticks;
    }
    this.#sequence += 1;
    const units = frames.flatMap((frame) => frame.units);
    return fragment({ sequence: this.#sequence, decode_ticks, frame_ticks, units });
  }

  /** Media time in microseconds of what is `seconds` into the track; null before anything is known. */
  at_us(seconds) {
    const ticks = seconds * this.#form.sample_rate;
    let mark = this.#marks[0] ?? null;
    for (const each of this.#marks) if (each.ticks <= ticks) mark = each;
    return mark && mark.at_us + ((ticks - mark.ticks) * 1e6) / this.#form.sample_rate;
  }
}
