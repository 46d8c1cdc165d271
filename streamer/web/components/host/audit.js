import { useEffect, useMemo, useRef } from "preact/hooks";

import words from "../../catalogue/en_host.js";
import { ask } from "../../chat/order.js";
import { fullTime } from "../../format.js";
import { html } from "../../html.js";
import { t } from "../../i18n.js";
import { Paged } from "../../paged.js";
import { Reading } from "./deed.js";

const PAGE = 30;

/** What was done in the room by who looks after it, newest first; read again whenever it is opened. */
export function Audit({ room, openings }) {
  const list = useMemo(() => new Paged((cursor) => ask(room, "GET", `/audit?${new URLSearchParams({ limit: PAGE, ...(cursor && { cursor }) })}`)), [room]);
  useEffect(() => void list.again(), [openings]);
  const log = useRef(null);
  const more = async () => {
    await list.more();
    if (list.complete.peek()) log.current?.focus(); // the button is gone
  };
  const { value: lines } = list.items;
  return html`${(!lines || list.error.value) && html`<${Reading} deed=${list} again=${() => list.more()} />`}
    ${lines?.length === 0 && html`<p class="quiet">${t("host.audit_none")}</p>`}
    ${lines?.length > 0 && html`<ol class="host-log" ref=${log} tabindex="-1" aria-label=${t("host.section.audit")}>${lines.map((line) => html`<li key=${line.id}><p dir="auto"><b>${line.by_name}</b> ${told(line)}</p>
      <p class="quiet"><time datetime=${new Date(line.at).toISOString()}>${fullTime(line.at)}</time>${line.detail && html` · <span dir="auto">${line.detail}</span>`}</p></li>`)}</ol>`}
    ${lines?.length > 0 && !list.complete.value && !list.error.value && html`<p><button type="button" class="button" onClick=${more}>${t("host.audit_more")}</button></p>`}`;
}

/** In words, or as the server calls it where it is newer than this page. */
const told = ({ act, subject }) => (Object.hasOwn(words, `host.act.${act}`) ? t(`host.act.${act}`, { subject }) : `${act} ${subject}`);
