import { useEffect, useRef } from "preact/hooks";

import { html } from "../../html.js";
import { t } from "../../i18n.js";
import * as broadcast from "../../studio/broadcast.js";
import { FLOOR_DB, share } from "../../studio/decibels.js";

const SCALE = [-48, -36, -24, -18, -12, -6, -3, 0];
// What is read aloud must not be read all the time.
const SPOKEN_EVERY_MS = 1_000;

/** How loud it is, left and right, with the peak of the last moments. */
export function Meter() {
  const box = useRef(null);
  useEffect(() => {
    let frame = requestAnimationFrame(draw);
    let spoken = 0;
    function draw(now) {
      if (!box.current) return; // the screen was left in this very frame
      frame = requestAnimationFrame(draw);
      const speak = now - spoken > SPOKEN_EVERY_MS;
      if (speak) spoken = now;
      for (const [side, bar] of [...box.current.querySelectorAll(".meter-bar")].entries()) {
        const needle = broadcast.needles[side];
        const quiet = !broadcast.source.peek();
        bar.style.setProperty("--level", quiet ? 0 : share(needle.level).toFixed(4));
        bar.style.setProperty("--peak", quiet ? 0 : share(needle.peak).toFixed(4));
        if (speak) bar.setAttribute("aria-valuenow", Math.round(quiet ? FLOOR_DB : needle.level));
      }
    }
    return () => cancelAnimationFrame(frame);
  }, []);
  return html`<div class="meter" ref=${box}>
    ${["left", "right"].map((side) => html`<div class="meter-bar" role="meter" aria-label=${t(`studio.meter.${side}`)} aria-valuemin=${FLOOR_DB} aria-valuemax="0" aria-valuenow=${FLOOR_DB} aria-valuetext=""><i></i><b></b></div>`)}
    <div class="meter-scale" aria-hidden="true">${SCALE.map((db) => html`<span style=${{ left: `${share(db) * 100}%` }}>${db}</span>`)}</div>
    <p class="meter-word" role="status">${broadcast.clipped.value && html`<span class="chip bad">${t("studio.clipping")}</span>`}</p>
  </div>`;
}
