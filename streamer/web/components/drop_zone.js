import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { dropped } from "../folders.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { add, foresee } from "../sending.js";
import { Icon } from "./icon.js";

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
/** Nothing but pictures: they are meant for a cover, which sees to them itself. */
const isPicture = ({ dataTransfer: { items } }) => items.length > 0 && [...items].every(({ type }) => type.startsWith("image/"));

/** The whole page takes files; while one is held over it, it says so. */
export function DropZone() {
  const over = useSignal(false);
  useEffect(() => {
    let depth = 0;
    const on = {
      dragenter: () => {
        over.value = (depth += 1) > 0;
        foresee();
      },
      dragleave: () => (over.value = (depth -= 1) > 0),
      dragover: () => {},
      drop: (event, claimed) => {
        depth = 0;
        over.value = false;
        if (!claimed) dropped(event.dataTransfer).then(add);
      },
    };
    const listeners = Object.entries(on).map(([type, action]) => [
      type,
      (event) => {
        if (!hasFiles(event)) return;
        const claimed = event.defaultPrevented; // by what it was dropped on
        event.preventDefault(); // the browser would leave the page for the file
        if (!isPicture(event)) action(event, claimed);
      },
    ]);
    for (const [type, listener] of listeners) addEventListener(type, listener);
    return () => listeners.forEach(([type, listener]) => removeEventListener(type, listener));
  }, []);
  if (!over.value) return null;
  return html`<div class="drop-veil"><div><${Icon} name="upload" size="40" /><p>${t("upload.drop_now")}</p></div></div>`;
}
