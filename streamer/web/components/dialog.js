import { useEffect, useRef } from "preact/hooks";

import { html } from "../html.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

/** A modal dialog: Escape and a click beside it close it, focus goes back to where it was. */
export function Dialog({ title, onClose, className = "", children }) {
  const dialog = useRef(null);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  const beside = (event) => event.target === dialog.current && dialog.current.close();
  return html`<dialog ref=${dialog} class=${className} onClose=${onClose} onClick=${beside} aria-labelledby="dialog-title">
    <div class="dialog-box">
      <header><h2 id="dialog-title">${title}</h2>
        <button type="button" class="ghost" aria-label=${t("dialog.close")} onClick=${() => dialog.current.close()}><${Icon} name="x" /></button></header>
      ${children}
    </div>
  </dialog>`;
}
