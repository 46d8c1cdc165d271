import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import { eachOf } from "../each.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { tell } from "../notices.js";
import { editTrack } from "../tracks.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";

const MAX_CHARS = 500;
const MAX_NUMBER = 9999;
const FIELDS = [
  { name: "title", wide: true, alone: true },
  { name: "artist", wide: true },
  { name: "album", wide: true },
  { name: "album_artist", wide: true },
  { name: "track_number", number: true, alone: true },
  { name: "disc_number", number: true },
  { name: "year", number: true },
  { name: "genre" },
];
const text = (value) => (value === null || value === undefined ? "" : String(value));

/** The value that all tracks have; undefined if they differ. */
function common(tracks, name) {
  const [first, ...others] = tracks.map((track) => text(track[name]));
  return others.every((value) => value === first) ? first : undefined;
}

/** Tags of one track, or of many: only what is changed here is changed there. */
export function EditTags({ tracks, onClose }) {
  const one = tracks.length === 1;
  const fields = FIELDS.filter(({ alone }) => one || !alone);
  const before = useMemo(() => Object.fromEntries(fields.map(({ name }) => [name, common(tracks, name)])), []);
  const changed = useSignal({});
  const error = useSignal(null);
  const share = useSignal(null);
  const type = (name, value) => {
    const { [name]: _, ...others } = changed.peek();
    changed.value = value === before[name] ? others : { ...others, [name]: value };
  };
  const save = async (event) => {
    event.preventDefault();
    const changes = Object.fromEntries(fields.filter(({ name }) => name in changed.peek()).map(({ name, number }) => [name, parsed(changed.peek()[name], number)]));
    if (!Object.keys(changes).length) return onClose();
    error.value = null;
    share.value = 0;
    try {
      await eachOf(tracks, (now) => (share.value = now), ({ id }) => editTrack(id, changes));
      tell(t("edit.saved", { count: tracks.length }));
      onClose();
    } catch (reason) {
      error.value = reason.message;
      share.value = null;
    }
  };
  return html`<${Dialog} title=${one ? t("edit.heading") : t("edit.heading_many", { count: tracks.length })} onClose=${onClose} className="wide">
    <form class="edit-form" onSubmit=${save}>
      ${fields.map((field) => html`<${Field} key=${field.name} ...${field} value=${changed.value[field.name] ?? before[field.name]} changed=${field.name in changed.value} onType=${type} />`)}
      ${!one && html`<p class="quiet edit-teach">${t("edit.teach_many")}</p>`}
      ${error.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${t("edit.refused", { reason: error.value })}</span></p>`}
      ${!one && share.value > 0 && html`<progress max="1" value=${share.value} aria-label=${t("edit.saving")}></progress>`}
      <div class="dialog-tools">
        <button type="button" class="button" onClick=${(event) => event.currentTarget.closest("dialog").close()}>${t("edit.cancel")}</button>
        <button type="submit" class="button primary" disabled=${share.value !== null}>${t("edit.save")}</button>
      </div>
    </form>
  <//>`;
}

const parsed = (value, number) => (value.trim() === "" ? null : number ? Number(value) : value.trim());

function Field({ name, wide, number, value, changed, onType }) {
  const limits = number ? { type: "number", min: 1, max: MAX_NUMBER, step: 1, inputmode: "numeric" } : { type: "text", maxlength: MAX_CHARS };
  return html`<label class=${`edit-field ${wide ? "is-wide" : ""} ${changed ? "is-changed" : ""}`}><span>${t(`edit.${name}`)}</span>
    <input class="field" ...${limits} dir="auto" autocomplete="off" value=${value ?? ""} placeholder=${value === undefined ? t("edit.different") : undefined}
      onInput=${(event) => onType(name, event.currentTarget.value)} /></label>`;
}
