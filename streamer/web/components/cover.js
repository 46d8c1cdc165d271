import { hash, hueOf, hueOfImage } from "../colour.js";
import { html } from "../html.js";

const BARS = 9;
const WAVES = 6;

/** Digits 0..15 that belong to an id. */
function digits(id, count) {
  return Array.from({ length: count }, (_, i) => hash(`${id}/${i}`) & 15);
}

const MOTIFS = [
  function rings(id) {
    const [x, y] = digits(id, 2);
    const radii = [10, 22, 34, 46, 58, 70, 82];
    return radii.map((r) => html`<circle cx=${15 + x * 4.5} cy=${15 + y * 4.5} r=${r} fill="none" stroke-width="4" />`);
  },
  function bars(id) {
    return digits(id, BARS).map((digit, i) => {
      const height = 12 + digit * 3.6;
      return html`<path d=${`M${14 + i * 9} ${50 - height / 2}v${height}`} stroke-width="5" stroke-linecap="round" />`;
    });
  },
  function waves(id) {
    const [swing, shift] = digits(id, 2);
    const rise = 5 + swing;
    return Array.from({ length: WAVES }, (_, i) => {
      const y = 12 + i * 15;
      const x = -60 + shift * 3 + i * 4;
      return html`<path d=${`M${x} ${y}q20 ${-rise} 40 0t40 0t40 0t40 0t40 0`} fill="none" stroke-width="3.500" />`;
    });
  },
];

const SIZES = [64, 256, 512, 1024];

/** Where a cover is that is sharp when shown `px` CSS pixels wide. */
export function coverAt(link, px) {
  const wanted = px * devicePixelRatio;
  const size = SIZES.find((each) => each >= wanted) ?? SIZES.at(-1);
  return `${link}${link.includes("?") ? "&" : "?"}size=${size}`;
}

/**
 * The cover of a track, or a picture that is always the same for it. `px` is about how wide it is shown; `preview`
 * is an address to show instead; `onHue` hears which colour it is.
 */
export function Cover({ track, px = 220, preview, onHue }) {
  const own = hueOf(track.id);
  if (preview || track.links.cover) {
    const loaded = onHue && ((event) => onHue(hueOfImage(event.currentTarget, own)));
    return html`<img class="cover" src=${preview ?? coverAt(track.links.cover, px)} alt="" width="400" height="400" loading="lazy" onLoad=${loaded} />`;
  }
  const draw = MOTIFS[hash(track.id) % MOTIFS.length];
  return html`<svg class="cover cover-drawn" viewBox="0 0 100 100" style=${{ "--hue": own }} aria-hidden="true">${draw(track.id)}</svg>`;
}
