import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import * as api from "../api.js";
import { playTime } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { learn } from "../tracks.js";
import { Cover } from "./cover.js";
import { Icon } from "./icon.js";

const PAUSE_MS = 140;
const TRACKS = 7;
const OTHERS = 4;

/** What was found for the words in the field: tracks, albums, playlists. What was found before stays until the answer is there. */
export function SearchPanel({ words, active, onChosen }) {
  const found = useSignal(null);
  const error = useSignal(null);
  useEffect(() => {
    const ending = new AbortController();
    const look = async () => {
      try {
        const page = await api.search({ q: words, limit: TRACKS, signal: ending.signal });
        page.items.forEach(learn);
        found.value = { ...page, words };
        error.value = null;
      } catch (reason) {
        if (reason.name !== "AbortError") error.value = reason.message;
      }
    };
    const pause = setTimeout(look, found.peek() ? PAUSE_MS : 0);
    return () => (clearTimeout(pause), ending.abort());
  }, [words]);
  const groups = found.value ? groupsOf(found.value) : [];
  let index = -1;
  const option = (each) => {
    index += 1;
    return html`<${Option} key=${each.href} ...${each} id=${`found-${index}`} active=${index === active} onChosen=${onChosen} />`;
  };
  return html`<div class="found" onPointerDown=${(event) => event.preventDefault()}>
    <div id="found" role="listbox" aria-label=${t("search.found")}>${groups.map(({ name, items }) => html`<div key=${name} role="group" aria-label=${t(`search.${name}`)}>
      <p class="found-head" aria-hidden="true">${t(`search.${name}`)}</p>${items.map(option)}</div>`)}
      ${groups.length > 0 && option({ href: `/library?${new URLSearchParams({ q: words })}`, title: t("search.all", { words }), icon: "search" })}
    </div>
    ${error.value && html`<p class="found-note bad" role="alert">${t("search.failed", { reason: error.value })}</p>`}
    ${found.value && !groups.length && !error.value && html`<div class="found-note" role="status"><b>${t("search.nothing", { words: found.value.words })}</b><p>${t("search.teach")}</p></div>`}
    ${groups.length > 0 && html`<p class="sr" role="status">${t("search.count", { count: index })}</p>`}
  </div>`;
}

function groupsOf({ items, albums, playlists }) {
  const tracks = items.map((track) => ({
    href: track.links.page, title: track.title, by: track.artist ?? t("track.no_artist"), side: playTime(Math.max(track.packaged_ms, track.duration_ms ?? 0) / 1000), art: track,
  }));
  const records = albums.slice(0, OTHERS).map((album) => ({
    href: album.links.page, title: album.title, by: [album.artist ?? t("track.no_artist"), album.year].filter(Boolean).join(" · "), side: t("library.count", { count: album.track_count, number: album.track_count }), art: album,
  }));
  const lists = playlists.slice(0, OTHERS).map((playlist) => ({
    href: playlist.links.page, title: playlist.title, icon: "list-music", side: t("library.count", { count: playlist.track_count, number: playlist.track_count }),
  }));
  const groups = [{ name: "tracks", items: tracks }, { name: "albums", items: records }, { name: "playlists", items: lists }];
  return groups.filter(({ items }) => items.length > 0);
}

function Option({ id, href, title, by, side, art, icon, active, onChosen }) {
  return html`<a class=${`found-option ${active ? "is-active" : ""}`} role="option" id=${id} aria-selected=${active} tabindex="-1" href=${href} onClick=${onChosen}>
    ${art ? html`<${Cover} track=${art} px="40" />` : html`<span class="found-icon"><${Icon} name=${icon} /></span>`}
    <span class="found-words"><b dir="auto">${title}</b>${by && html`<span dir="auto">${by}</span>`}</span>${side && html`<span class="found-side">${side}</span>`}
  </a>`;
}
