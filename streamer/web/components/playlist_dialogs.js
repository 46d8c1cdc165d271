import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

import * as api from "../api.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { tell } from "../notices.js";
import { Paged } from "../paged.js";
import { addTracks } from "../playlists.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";

const PAGE = 100;
const MAX_CHARS = 500;

/** A title, and a button that does something with it. `onDone(title)` may reject with a Problem, which is told. */
export function TitleForm({ title = "", label, act, onDone }) {
  const text = useSignal(title);
  const error = useSignal(null);
  const submit = async (event) => {
    event.preventDefault();
    const wanted = text.value.trim();
    if (!wanted) return;
    error.value = null;
    try {
      await onDone(wanted);
    } catch (reason) {
      error.value = reason.message;
    }
  };
  return html`<form class="title-form" onSubmit=${submit}><input class="field" aria-label=${label} placeholder=${label} required maxlength=${MAX_CHARS} dir="auto" autocomplete="off" value=${text.value}
      onInput=${(event) => (text.value = event.currentTarget.value)} /><button type="submit" class="button primary">${act}</button>
    ${error.value && html`<p class="bad" role="alert">${error.value}</p>`}</form>`;
}

/** Where tracks may go: a playlist that is there, or a new one. */
export function AddToPlaylist({ tracks, onClose }) {
  const list = useMemo(() => new Paged((cursor) => api.listPlaylists({ cursor, limit: PAGE })), []);
  const share = useSignal(null);
  const error = useSignal(null);
  useEffect(() => {
    list.again();
  }, []);
  const add = async (playlist) => {
    share.value = 0;
    error.value = null;
    try {
      await addTracks(playlist, tracks, (now) => (share.value = now));
      tell(t("playlist.added", { count: tracks.length }), { link: { href: playlist.links.page, text: playlist.title } });
      onClose();
    } catch (reason) {
      share.value = null;
      error.value = reason.message;
    }
  };
  const why = error.value ?? list.error.value;
  return html`<${Dialog} title=${t("playlist.add_title", { count: tracks.length })} onClose=${onClose}>
    <${TitleForm} label=${t("playlist.new_name")} act=${t("playlist.create")} onDone=${async (title) => add(await api.createPlaylist(title))} />
    ${why && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${why}</span></p>`}
    ${share.value > 0 && tracks.length > 1 && html`<progress max="1" value=${share.value} aria-label=${t("playlist.add")}></progress>`}
    <ul class="choices">${list.items.value?.map((playlist) => html`<li key=${playlist.id}><button type="button" disabled=${share.value !== null} onClick=${() => add(playlist)}>
      <${Icon} name="list-music" /><b dir="auto">${playlist.title}</b><span>${t("library.count", { count: playlist.track_count, number: playlist.track_count })}</span></button></li>`)}</ul>
    ${list.items.value && !list.complete.value && html`<button type="button" class="button" onClick=${() => list.more()}>${t("playlist.more")}</button>`}
  <//>`;
}

/** Another title for a playlist. */
export function Rename({ title, onDone, onClose }) {
  const done = async (wanted) => {
    await onDone(wanted);
    onClose();
  };
  return html`<${Dialog} title=${t("playlist.rename")} onClose=${onClose}><${TitleForm} title=${title} label=${t("playlist.new_name")} act=${t("edit.save")} onDone=${done} /><//>`;
}
