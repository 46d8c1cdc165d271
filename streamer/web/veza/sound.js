// Binary frames: docs/protocol.md, Sound.

const SOUND = 1;
const SOUND_HEAD_BYTES = 13;
/** Flags: the first unit does not continue the frame before; silence in place of a source that is away. */
export const DISCONTINUOUS = 1;
export const CONCEALED = 2;

/** `{stream, flags, at_us, units}`; null for a frame of another kind, or one that is cut. */
export function readSound(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < SOUND_HEAD_BYTES || view.getUint8(0) !== SOUND) return null;
  const count = view.getUint8(12);
  let position = SOUND_HEAD_BYTES + 2 * count;
  if (buffer.byteLength < position) return null;
  const units = Array.from({ length: count }, (_, index) => {
    const size = view.getUint16(SOUND_HEAD_BYTES + 2 * index);
    position += size;
    return position <= buffer.byteLength ? new Uint8Array(buffer, position - size, size) : null;
  });
  if (!count || position !== buffer.byteLength) return null;
  // Microseconds since 1970 stay below 2^53 until the year 2255.
  const at_us = view.getUint32(4) * 2 ** 32 + view.getUint32(8);
  return { stream: view.getUint16(2), flags: view.getUint8(1), at_us, units };
}
