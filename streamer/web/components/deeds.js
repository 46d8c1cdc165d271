import { useSignal } from "@preact/signals";

import { block, isBlocked, isDirect } from "../chat/people.js";
import { order } from "../chat/rooms.js";
import { html } from "../html.js";
import { t } from "../i18n.js";

const REASON_LIMIT = 200;
const RANKS = { owner: 4, moderator: 3, speaker: 2, listener: 1 };
const OPERATOR = 5;
/** What is done, and the right that it takes; null for what everybody may do. */
const MEASURES = { report: null, mute: "mute", unmute: "mute", shadow: "mute", kick: "kick", ban: "ban" };
const LASTING = new Set(["mute", "shadow", "ban"]);
const SPANS = ["10m", "1h", "1d", "1w", ""];
const ROLES = ["none", "listener", "speaker", "moderator", "owner"];
const FOR_GUESTS = new Set(["none", "listener", "speaker"]);

/** Who rules in a room without a role that says so runs the server. */
const rankOf = ({ may, role }) => (may.value.includes("roles") && role.value !== "owner" ? OPERATOR : (RANKS[role.value] ?? 0));

/** What one may do about somebody: block them, report them, and what one's role in the room allows. */
export function Deeds({ room, person, onDone }) {
  const [error, busy] = [useSignal(null), useSignal(false)];
  const above = rankOf(room) > (RANKS[person.role] ?? 0);
  const alone = isDirect(room.name); // nobody rules there
  const may = (right) => !alone && (right === null || (above && room.may.value.includes(right)));
  const act = async (deed) => {
    if (busy.peek()) return;
    error.value = null;
    busy.value = true;
    try {
      onDone((await deed()) ?? "");
    } catch (reason) {
      error.value = reason.message;
    }
    busy.value = false;
  };
  const blocked = isBlocked(person.id);
  const turn = () => act(async () => (await block(person.id, !blocked), t(blocked ? "room.unblocked_now" : "room.blocked_now", { name: person.name })));
  return html`<div class="deeds" role="group" aria-label=${t("room.about", { name: person.name })} aria-busy=${busy.value}>
    ${!alone && html`<${Measure} measures=${Object.keys(MEASURES).filter((each) => may(MEASURES[each]))} person=${person} onOrder=${(line) => act(() => order(room, line))} />`}
    ${may("roles") && html`<${Appoint} person=${person} hands=${room.role.value === "owner" || rankOf(room) === OPERATOR} onOrder=${(line) => act(() => order(room, line))} />`}
    <p><button type="button" class="link" onClick=${turn}>${t(blocked ? "room.unblock" : "room.block", { name: person.name })}</button></p>
    ${error.value && html`<p class="bad" role="alert">${error.value}</p>`}
  </div>`;
}

const choice = (label, name, options, more = {}) => html`<select class="field" name=${name} aria-label=${label} ...${more}>${options.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select>`;

function Measure({ measures, person, onOrder }) {
  const chosen = useSignal(measures[0]);
  const submit = (event) => {
    event.preventDefault();
    const { span, reason } = event.currentTarget.elements;
    const words = [`/${chosen.peek()}`, person.id, span?.value, reason?.value.trim().replace(/\s+/g, " ")];
    onOrder(words.filter(Boolean).join(" "));
  };
  return html`<form onSubmit=${submit}>
    ${choice(t("room.deed", { name: person.name }), "measure", measures.map((each) => [each, t(`room.measure.${each}`)]), { value: chosen.value, onChange: (event) => (chosen.value = event.currentTarget.value) })}
    ${LASTING.has(chosen.value) && choice(t("room.span"), "span", SPANS.map((span) => [span, t(`room.for.${span || "good"}`)]))}
    ${chosen.value !== "unmute" && html`<input class="field" name="reason" maxlength=${REASON_LIMIT} autocomplete="off" aria-label=${t("room.reason")} placeholder=${t("room.reason")} />`}
    <button type="submit" class="button">${t("room.deed_do")}</button></form>`;
}

function Appoint({ person, hands, onOrder }) {
  const guest = person.id.startsWith("guest-");
  const roles = ROLES.filter((role) => (guest ? FOR_GUESTS.has(role) : role !== "owner" || hands));
  const submit = (event) => {
    event.preventDefault();
    onOrder(`/role ${person.id} ${event.currentTarget.elements.role.value}`);
  };
  return html`<form onSubmit=${submit}>
    ${choice(t("room.role_of", { name: person.name }), "role", roles.map((role) => [role, t(`room.role.${role}`)]), { defaultValue: person.role || "none" })}
    <button type="submit" class="button">${t("room.role_give")}</button></form>`;
}
