import { useEffect } from "preact/hooks";

import { Icon } from "../components/icon.js";
import { later } from "../components/later.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { Nothing } from "./missing.js";

// It comes while the rest is drawn: it is more than a first screen may be made of.
const loading = import("../components/studio/desk.js");
loading.catch(() => {}); // who shows it says so
const Desk = later(async () => (await loading).Desk);
const VALID = /^[a-z0-9_:.-]{1,64}$/;

/** Go live from the browser. */
export function Studio({ name: room }) {
  useEffect(() => {
    document.title = t("studio.document", { room });
  }, [room]);
  if (!VALID.test(room)) return html`<${Nothing} title=${t("room.invalid")} text=${t("room.invalid_teach")} />`;
  return html`<main id="main" class="studio">
    <header class="studio-head"><h1><${Icon} name="mic" size="26" />${t("studio.title")}</h1>
      <a class="button" href=${`/r/${room}`}><${Icon} name="hash" size="18" />${room}</a></header>
    <${Desk} key=${room} room=${room} />
  </main>`;
}
