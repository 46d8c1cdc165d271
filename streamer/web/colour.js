// A hue for everything that has none of its own: the same id always has the same one.

/** FNV-1a, 32 bit. */
export function hash(text) {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  // ids that differ only at the end need their bits mixed
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  return (value ^ (value >>> 13)) >>> 0;
}

export const hueOf = (text) => hash(text) % 360;

const hues = new Map();

/** The hue that a cover is mostly of, by its colourful pixels; `fallback` for a grey one. */
export function hueOfImage(image, fallback) {
  if (hues.has(image.src)) return hues.get(image.src);
  const side = 24;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  let x = 0;
  let y = 0;
  for (let i = 0; i < data.length; i += 4) {
    // Opponent axes of Oklab, near enough for a mean hue.
    const [r, g, b] = [data[i] / 255, data[i + 1] / 255, data[i + 2] / 255];
    const [a, c] = [r - g + 0.25 * (b - g), 0.5 * (r + g) - b];
    const weight = Math.hypot(a, c);
    x += a * weight;
    y += c * weight;
  }
  const hue = Math.hypot(x, y) < 2 ? fallback : Math.round((Math.atan2(y, x) * 180) / Math.PI + 360) % 360;
  hues.set(image.src, hue);
  return hue;
}
