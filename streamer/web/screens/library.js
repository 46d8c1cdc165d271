import { computed, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

import * as api from "../api.js";
import { BulkBar } from "../components/bulk_bar.js";
import { Icon } from "../components/icon.js";
import { AddToPlaylist, AlbumList, AskDelete, EditTags, PlaylistList } from "../components/parts.js";
import { ChooseFiles } from "../components/top_bar.js";
import { amongRows, TrackGrid } from "../components/track_grid.js";
import { eachOf } from "../each.js";
import { count } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { socket, standing } from "../line.js";
import { tell } from "../notices.js";
import { ordered } from "../ordering.js";
import { Paged } from "../paged.js";
import * as player from "../player.js";
import { amend } from "../router.js";
import { Selection } from "../selection.js";
import { tab } from "../store.js";
import { learn, removeTrack, trackSignal } from "../tracks.js";

const PAGE = 100;
const MAX_QUERY = 200;
const PAUSE_MS = 200;
const MAX_ROWS = 10_000;
const NEWEST_FIRST = { by: "added", down: true };
const COLUMNS = ["album", "added"];
const isServers = (sort, q) => sort === null || (!q && sort.by === NEWEST_FIRST.by && sort.down === NEWEST_FIRST.down);

/** All tracks, to be found, put in order, and changed many at a time. */
export function Library({ name, search }) {
  useEffect(() => {
    document.title = t("library.document");
  }, []);
  return html`<main id="main" class="library">
    <header class="section-head"><h1>${t("library.title")}</h1><${Tabs} shown=${name} /></header>
    ${name === "albums" ? html`<${AlbumList} />` : name === "playlists" ? html`<${PlaylistList} />` : html`<${All} search=${search} />`}
  </main>`;
}

function Tabs({ shown }) {
  const tabs = { "": "/library", albums: "/library/albums", playlists: "/library/playlists" };
  return html`<nav class="tabs" aria-label=${t("library.title")}>${Object.entries(tabs).map(
    ([name, path]) => html`<a key=${name} href=${path} aria-current=${name === shown ? "page" : undefined}>${t(`library.${name || "tracks"}`)}</a>`,
  )}</nav>`;
}

function All({ search }) {
  const q = (new URLSearchParams(search).get("q") ?? "").trim().slice(0, MAX_QUERY);
  const list = useMemo(() => new Paged(q ? (cursor) => findTracks(q, cursor) : fetchTracks), [q]);
  useEffect(() => {
    const end = socket.on("track", ({ track }) => taken(list, track, q));
    const unwatch = socket.watch(null);
    return () => (end(), unwatch());
  }, [list]);
  useEffect(() => {
    if (standing.value !== "lost") list.again();
  }, [list, standing.value]);
  return html`<${Find} q=${q} /><${Tracks} list=${list} q=${q} />`;
}

/** The words are part of the address, so that a reload, a bookmark and "back" find them again. */
function Find({ q }) {
  const words = useSignal(q);
  useEffect(() => {
    if (words.peek().trim() !== q) words.value = q;
  }, [q]);
  useEffect(() => {
    const wanted = words.value.trim();
    if (wanted === q) return undefined;
    const pause = setTimeout(() => amend(wanted ? `/library?${new URLSearchParams({ q: wanted })}` : "/library"), PAUSE_MS);
    return () => clearTimeout(pause);
  }, [words.value]);
  return html`<search class="find"><div class="search-field"><${Icon} name="search" size="18" />
    <input type="search" aria-label=${t("library.find")} placeholder=${t("library.find")} maxlength=${MAX_QUERY} value=${words.value} onInput=${(event) => (words.value = event.currentTarget.value)} /></div></search>`;
}

async function findTracks(q, cursor) {
  const page = await api.search({ q, cursor, limit: PAGE });
  page.items.forEach(learn);
  return { items: page.items.map(({ id }) => id), next: page.next };
}

async function fetchTracks(cursor) {
  const page = await api.listTracks({ cursor, limit: PAGE });
  page.items.forEach(learn);
  return { items: page.items.map(({ id }) => id), next: page.next };
}

/** A track that came, or went, while the list is open. */
function taken(list, track, q) {
  const ids = list.items.peek();
  if (!ids) return;
  if (track.state === "failed") list.remove((id) => id === track.id); // so is a deleted one announced
  else if (!q && track.playable && !ids.includes(track.id)) list.items.value = [track.id, ...ids].sort().reverse();
}

function Tracks({ list, q }) {
  const selection = useMemo(() => new Selection(), [list]);
  // What was found comes in the server's order, the best first, until another is asked for.
  const sort = useSignal(NEWEST_FIRST);
  useMemo(() => (sort.value = q ? null : tab.read("library.sort", NEWEST_FIRST)), [q !== ""]);
  const [doomed, edited, added] = [useSignal(null), useSignal(null), useSignal(null)];
  const shown = useMemo(() => computed(() => {
    const ids = list.items.value;
    return ids && !isServers(sort.value, q) ? ordered(ids, sort.value) : ids;
  }), [list]);
  const turn = (wanted) => {
    sort.value = wanted;
    if (!q) tab.write("library.sort", wanted);
  };
  useEffect(() => {
    // An order other than the server's needs all there is.
    if (list.items.value && !isServers(sort.value, q)) list.all(MAX_ROWS);
  }, [list, sort.value, list.items.value === null]);
  if (list.error.value && !shown.value) return html`<${Failed} list=${list} />`;
  if (!shown.value) return html`<${Shape} />`;
  if (!shown.value.length && list.complete.value) return q ? html`<${NotFound} q=${q} />` : html`<${Empty} />`;
  const rows = shown.value.map((id) => ({ key: id, id }));
  const chosen = shown.value.filter(selection.has);
  const known = (ids) => ids.map((id) => trackSignal(id).peek()).filter(Boolean);
  const play = () => {
    const among = amongRows(chosen.map((id) => ({ id })), 0);
    if (among.length) player.play(among[0], { among });
  };
  return html`
    <p class="quiet library-count" role="status">${t(list.complete.value ? "library.count" : "library.count_more", { count: rows.length, number: count(rows.length) })}</p>
    <${TrackGrid} label=${t("library.tracks")} rows=${rows} selection=${selection} columns=${COLUMNS} sort=${sort.value} onSort=${turn}
      complete=${list.complete.value} onNearEnd=${() => list.more()} onDelete=${(key) => (doomed.value = known(chosen.length ? chosen : [key]))} />
    ${list.error.value && html`<${Failed} list=${list} />`}
    <${BulkBar} count=${chosen.length} onPlay=${play} onDelete=${() => (doomed.value = known(chosen))} onClear=${() => selection.clear()}>
      <button type="button" class="button" onClick=${() => (edited.value = known(chosen))}><${Icon} name="pencil" size="16" /><span>${t("bulk.edit")}</span></button>
      <button type="button" class="button" onClick=${() => (added.value = known(chosen))}><${Icon} name="list-plus" size="16" /><span>${t("playlist.add")}</span></button>
    <//>
    ${added.value && html`<${AddToPlaylist} tracks=${added.value} onClose=${() => (added.value = null)} />`}
    ${edited.value && html`<${EditTags} tracks=${edited.value} onClose=${() => (edited.value = null)} />`}
    ${doomed.value && html`<${AskDelete} tracks=${doomed.value} remove=${(progress) => removeAll(list, doomed.value, progress)}
      onGone=${() => (selection.clear(), (doomed.value = null))} onClose=${() => (doomed.value = null)} />`}`;
}

async function removeAll(list, tracks, progress) {
  await eachOf(tracks, progress, async ({ id }) => {
    await removeTrack(id).catch((error) => {
      if (error.status !== 404) throw error; // somebody else was faster
    });
    player.forget(id);
    list.remove((other) => other === id);
  });
  tell(t("library.deleted", { count: tracks.length }));
}

function Failed({ list }) {
  return html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${t("home.list_failed", { reason: list.error.value })}</span>
    <button type="button" class="button" onClick=${() => list.more()}>${t("error.again")}</button></p>`;
}

function NotFound({ q }) {
  return html`<div class="library-empty" role="status"><${Icon} name="search" size="48" /><h2>${t("search.nothing", { words: q })}</h2><p>${t("search.teach")}</p>
    <a class="button" href="/library">${t("library.all")}</a></div>`;
}

function Empty() {
  return html`<div class="library-empty"><${Icon} name="library" size="48" /><h2>${t("library.empty")}</h2><p>${t("library.empty_teach")}</p>
    <${ChooseFiles} className="button primary large"><${Icon} name="upload" />${t("upload.choose")}<//></div>`;
}

function Shape() {
  return html`<div class="grid-shape is-shape" aria-busy="true"><span class="sr">${t("library.loading")}</span>${Array.from(
    { length: 10 }, () => html`<div aria-hidden="true"><i></i><i></i><i></i></div>`)}</div>`;
}
