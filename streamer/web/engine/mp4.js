// The one thing that a fragment is not passed on as it is for. Pure.

const HAS_DATA_OFFSET = 0x1;
const HAS_FIRST_FLAGS = 0x4;
const HAS_DURATIONS = 0x100;
const HAS_SIZES = 0x200;
const HAS_FLAGS = 0x400;
const HAS_TIMES = 0x800;
const HAS_BASE = 0x1;
const HAS_DESCRIPTION = 0x2;
const HAS_DEFAULT_DURATION = 0x8;
const count = (flags, ...bits) => bits.filter((bit) => flags & bit).length;

/** Where the payload of a box inside `[from, to)` begins and ends (ISO/IEC 14496-12, 4.2), or null. */
function find(view, kind, [from, to]) {
  for (let at = from; at + 8 <= to; ) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > to) return null;
    const name = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(at + i)));
    if (name === kind) return [at + 8, at + size];
    at += size;
  }
  return null;
}

/**
 * Give a last frame that is declared short its whole length, in place.
 *
 * A recording ends within an AAC frame, so the last frame's duration says how much of it is sound. Browsers decode
 * the whole frame and play all of it, padding included; but what lies behind an append window they cut off to the
 * sample, if the frame says that it reaches there.
 *
 * @returns {boolean} whether there was such a frame: its window has to end where the segment does.
 */
export function wholeLastFrame(buffer) {
  const view = new DataView(buffer);
  const track = ["moof", "traf"].reduce((inside, kind) => inside && find(view, kind, inside), [0, buffer.byteLength]);
  const header = track && find(view, "tfhd", track);
  const run = track && find(view, "trun", track);
  if (!header || !run) return false;
  const [given, flags] = [view.getUint32(header[0]), view.getUint32(run[0])];
  if (!(given & HAS_DEFAULT_DURATION) || !(flags & HAS_DURATIONS)) return false;
  // 8.8.7: behind the flags and the track's number.
  const usual = view.getUint32(header[0] + 8 + 8 * count(given, HAS_BASE) + 4 * count(given, HAS_DESCRIPTION));
  // 8.8.8: behind flags and count.
  const table = run[0] + 8 + 4 * count(flags, HAS_DATA_OFFSET, HAS_FIRST_FLAGS);
  const entry = 4 * count(flags, HAS_DURATIONS, HAS_SIZES, HAS_FLAGS, HAS_TIMES);
  const last = table + entry * (view.getUint32(run[0] + 4) - 1);
  if (last + entry > run[1] || view.getUint32(last) >= usual) return false;
  view.setUint32(last, usual);
  return true;
}
