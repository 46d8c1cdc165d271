import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { call } from "../api.js";
import { fullTime } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { identity } from "../line.js";

/** What is listed, the right that it takes, and what can be done with each: the word for it and the method. */
const LISTS = {
  held: { right: "approve", deeds: { approve: "POST", reject: "DELETE" } },
  reports: { right: "approve", deeds: { settle: "DELETE" } },
  bans: { right: "ban", deeds: { lift: "DELETE" } },
};

/** For who looks after a room: what waits for them, and who is kept out or silent. Nothing where there is nothing. */
export function Reviews({ room, since }) {
  const lists = Object.keys(LISTS).filter((list) => room.may.value.includes(LISTS[list].right));
  return lists.map((list) => html`<${Review} key=${list} room=${room} list=${list} since=${since} />`);
}

function Review({ room, list, since }) {
  const [items, error] = [useSignal([]), useSignal(null)];
  const path = `/api/v1/rooms/${encodeURIComponent(room.name)}/${list}`;
  const asked = useRef(0);
  const load = async () => {
    const mine = (asked.current += 1);
    const [found, reason] = await call(path, { headers: identity() }).then((answer) => answer.json()).then(({ items }) => [items, null], (reason) => [items.peek(), reason.message]);
    if (mine !== asked.current) return; // who asked later knows more
    [items.value, error.value] = [found, reason];
  };
  const act = async (method, { id }) => {
    try {
      await call(`${path}/${encodeURIComponent(id)}`, { method, headers: identity() });
    } catch (reason) {
      error.value = reason.message;
      return;
    }
    await load();
  };
  useEffect(() => void load(), [since]);
  if (!items.value.length && !error.value) return null;
  const title = `reviews-${list}`;
  return html`<section class="blocks" aria-labelledby=${title}><h3 id=${title}>${t(`reviews.${list}`)}</h3>
    ${error.value && html`<p class="bad" role="alert">${error.value}</p>`}
    <ul class="reviews">${items.value.map((item) => html`<li key=${item.id}><p><b>${nameOf(item)}</b> ${tell(list, item)}</p>
      ${item.body && html`<blockquote>${item.body}</blockquote>`}
      <p class="pin-tools">${Object.entries(LISTS[list].deeds).map(([deed, method]) => html`<button type="button" class="link" aria-label=${t("reviews.of", { deed: t(`reviews.${deed}`), name: nameOf(item) })} onClick=${() => act(method, item)}>${t(`reviews.${deed}`)}</button>`)}</p></li>`)}</ul></section>`;
}

const nameOf = ({ name, author_name: author, network }) => name ?? author ?? network ?? "";

/** What there is to know of it, in a line. */
function tell(list, item) {
  const { measure, until, reason, by_name: by, at } = item;
  const what = list === "bans" ? [t(`reviews.measure.${measure}`), until ? t("reviews.until", { until: fullTime(until) }) : t("room.for.good")] : [fullTime(at)];
  return [...what, by && t("reviews.by", { name: by }), reason].filter(Boolean).join(" · ");
}
