import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import words from "../../catalogue/en_host.js";
import people from "../../catalogue/en_people.js";
import { titleOf } from "../../chat/people.js";
import { html } from "../../html.js";
import { learnWords, t } from "../../i18n.js";
import { socket } from "../../line.js";
import { Dialog } from "../dialog.js";
import { Reviews } from "../reviews.js";
import { Audit } from "./audit.js";
import { Filters } from "./filters.js";
import { Invites } from "./invites.js";
import { Policy } from "./policy.js";

learnWords({ ...people, ...words });

/** What can be looked after, and the rights of which one is enough. */
const SECTIONS = {
  policy: { rights: ["policy", "slow"], Part: Policy },
  invites: { rights: ["invite"], Part: Invites },
  filters: { rights: ["filter"], Part: Filters },
  audit: { rights: ["audit"], Part: Audit },
};

/** All that one's role in a room allows, besides what concerns one person. */
export function Host({ room, onClose }) {
  const may = room.may.value;
  const shown = Object.keys(SECTIONS).filter((name) => SECTIONS[name].rights.some((right) => may.includes(right)));
  const told = useSignal(0);
  useEffect(() => socket.on("notice", ({ room: name, code }) => name === room.name && code === "review" && (told.value += 1)), []);
  useEffect(() => {
    if (!shown.length) onClose(); // the role was taken away
  }, [shown.length]);
  return html`<${Dialog} title=${t("host.title", { room: titleOf(room.name) })} onClose=${onClose} className="wide host">
    <${Reviews} room=${room} since=${told.value} />
    <div class="host-sections">${shown.map((name, index) => html`<${Section} key=${name} name=${name} room=${room} first=${index === 0} />`)}</div>
  <//>`;
}

/** One part, which is made when it is first opened, keeps what was typed while it is closed, and is read with each opening. */
function Section({ name, room, first }) {
  const [open, openings] = [useSignal(first), useSignal(first ? 1 : 0)];
  const { Part } = SECTIONS[name];
  const toggle = (event) => {
    open.value = event.currentTarget.open;
    if (open.peek()) openings.value += 1; // a browser tells once of closing and opening in a moment
  };
  const id = `host-${name}`;
  return html`<details open=${open.value} onToggle=${toggle}><summary><h3 id=${id}>${t(`host.section.${name}`)}</h3></summary>
    <section aria-labelledby=${id}>${openings.value > 0 && html`<${Part} room=${room} openings=${openings.value} />`}</section></details>`;
}
