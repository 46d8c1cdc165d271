import { useEffect, useMemo } from "preact/hooks";

import * as api from "../api.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { Paged } from "../paged.js";
import { loadPlaylist } from "../playlists.js";
import { go } from "../router.js";
import { Tile, Tiles } from "./album_list.js";
import { Icon } from "./icon.js";
import { TitleForm } from "./playlist_dialogs.js";

const PAGE = 60;

/** Every playlist, and a way to begin one. */
export function PlaylistList() {
  const list = useMemo(() => new Paged((cursor) => api.listPlaylists({ cursor, limit: PAGE })), []);
  useEffect(() => {
    list.again();
  }, []);
  const draw = (playlist) => html`<${Tile} key=${playlist.id} of=${playlist} art=${{ id: playlist.id, links: {} }} line=${t("library.count", { count: playlist.track_count, number: playlist.track_count })} load=${() => loadPlaylist(playlist.id)} />`;
  return html`<div class="playlist-new"><${TitleForm} label=${t("playlist.new_name")} act=${t("playlist.create")} onDone=${async (title) => go((await api.createPlaylist(title)).links.page)} /></div>
    <${Tiles} list=${list} label=${t("library.playlists")} draw=${draw}
      empty=${html`<div class="library-empty"><${Icon} name="list-music" size="48" /><h2>${t("playlist.none")}</h2><p>${t("playlist.none_teach")}</p></div>`} />`;
}
