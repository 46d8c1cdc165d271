import { h } from "preact";

import shapes from "lucide";

/** An icon beside words, or in a button that has its own label: never read aloud. */
export function Icon({ name, size = 20 }) {
  const children = shapes[name].map(([tag, attributes]) => h(tag, attributes));
  return h("svg", { class: `icon icon-${name}`, width: size, height: size, viewBox: "0 0 24 24", "aria-hidden": "true" }, children);
}
