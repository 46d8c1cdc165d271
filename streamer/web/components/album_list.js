import { useEffect, useMemo, useRef } from "preact/hooks";

import { loadAlbum } from "../albums.js";
import * as api from "../api.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { tell } from "../notices.js";
import { Paged } from "../paged.js";
import * as player from "../player.js";
import { CardShape } from "./card.js";
import { Cover } from "./cover.js";
import { Icon } from "./icon.js";

const PAGE = 60;

/** Every album as a cover; more come as one scrolls. */
export function AlbumList() {
  const list = useMemo(() => new Paged((cursor) => api.listAlbums({ cursor, limit: PAGE })), []);
  useEffect(() => {
    list.again();
  }, []);
  return html`<${Tiles} list=${list} label=${t("library.albums")} draw=${(album) => html`<${Tile} key=${album.id} of=${album} line=${[album.artist ?? t("track.no_artist"), album.year].filter(Boolean).join(" · ")} load=${() => loadAlbum(album.id)} />`}
    empty=${html`<div class="library-empty"><${Icon} name="disc-3" size="48" /><h2>${t("album.none")}</h2><p>${t("album.none_teach")}</p></div>`} />`;
}

/** Tiles of a list that comes page by page. */
export function Tiles({ list, label, draw, empty }) {
  const end = useRef(null);
  const items = list.items.value;
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && items && list.more(), { rootMargin: "800px" });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [items]);
  return html`${list.error.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${t("home.list_failed", { reason: list.error.value })}</span>
      <button type="button" class="button" onClick=${() => list.more()}>${t("error.again")}</button></p>`}
    ${items?.length === 0 && empty}
    <div class="cards tiles" role="list" aria-label=${label}>${items?.map(draw) ?? Array.from({ length: 6 }, () => html`<${CardShape} />`)}</div><div ref=${end}></div>`;
}

/** One album or playlist: its cover plays it. */
export function Tile({ of, line, load, art }) {
  const play = async () => {
    try {
      const among = (await load()).filter((track) => track.playable);
      if (among.length) player.play(among[0], { among });
    } catch (error) {
      tell(error.message, { bad: true });
    }
  };
  return html`<div class="card" role="listitem">
    <div class="card-art"><a href=${of.links.page} tabindex="-1" aria-hidden="true"><${Cover} track=${art ?? of} /></a>
      <button type="button" class="play-button" aria-label=${t("player.play_track", { title: of.title })} onClick=${play}><${Icon} name="play" size="22" /></button></div>
    <div class="card-words"><h2><a href=${of.links.page} title=${of.title} dir="auto">${of.title}</a></h2><p dir="auto">${line}</p></div>
  </div>`;
}
