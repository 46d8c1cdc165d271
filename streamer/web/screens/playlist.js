import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

import * as api from "../api.js";
import { BulkBar } from "../components/bulk_bar.js";
import { Collection } from "../components/collection.js";
import { CopyButton } from "../components/copy_button.js";
import { Icon } from "../components/icon.js";
import { Ask, Rename } from "../components/parts.js";
import { amongRows, TrackGrid } from "../components/track_grid.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { socket, standing } from "../line.js";
import { tell } from "../notices.js";
import * as player from "../player.js";
import { artOf, loadPlaylist, moveRow, playlistSignal, removeRows, renamePlaylist } from "../playlists.js";
import { go } from "../router.js";
import { Selection } from "../selection.js";
import { trackSignal } from "../tracks.js";
import { Nothing } from "./missing.js";

/** Tracks in an order that somebody gave them, and may change: by a handle, or with the keyboard. */
export function Playlist({ name: id }) {
  const playlist = playlistSignal(id).value;
  const error = useSignal(null);
  useEffect(() => socket.watch(null), []);
  useEffect(() => {
    if (standing.value === "lost") return;
    error.value = null;
    loadPlaylist(id).catch((reason) => (error.value = reason.message));
  }, [id, standing.value]);
  useEffect(() => {
    document.title = playlist ? t("track.document", { title: playlist.title }) : "Veza";
  }, [playlist?.title]);
  if (playlist) return html`<${Shown} key=${id} playlist=${playlist} />`;
  if (playlist === null) return html`<${Nothing} title=${t("playlist.gone")} text=${t("playlist.gone_teach")} />`;
  if (error.value) return html`<${Nothing} title=${t("playlist.unreachable")} text=${error.value} />`;
  return html`<${Collection} />`;
}

function Shown({ playlist }) {
  const { id, title } = playlist;
  const selection = useMemo(() => new Selection(), []);
  const [renaming, asking] = [useSignal(false), useSignal(false)];
  // A deleted track leaves its playlists.
  const rows = playlist.rows.filter((row) => trackSignal(row.id).value);
  const tracks = rows.map((row) => trackSignal(row.id).value);
  const chosen = rows.filter(({ key }) => selection.has(key));
  const take = (keys) => {
    selection.clear();
    removeRows(id, keys);
  };
  const play = () => {
    const among = amongRows(chosen, 0);
    if (among.length) player.play(among[0], { among });
  };
  const move = (from, to) => moveRow(id, playlist.rows.indexOf(rows[from]), playlist.rows.indexOf(rows[to]));
  const remove = async () => {
    await api.deletePlaylist(id);
    playlistSignal(id).value = null;
    tell(t("playlist.deleted"));
    go("/library/playlists");
  };
  const duration = tracks.reduce((sum, track) => sum + player.durationOf(track) * 1000, 0);
  return html`<${Collection} of=${playlist} art=${artOf(playlist)} kind=${t("playlist.kind")} title=${title} by=${playlist.description} tracks=${tracks} duration_ms=${duration}
      tools=${html`<button type="button" class="button" onClick=${() => (renaming.value = true)}><${Icon} name="pencil" size="18" />${t("playlist.rename")}</button>
        <${CopyButton} icon="copy" label=${t("track.copy_page")} text=${() => new URL(playlist.links.page, location.href).href} />
        <button type="button" class="button danger" onClick=${() => (asking.value = true)}><${Icon} name="trash" size="18" />${t("track.delete")}</button>`}>
    ${rows.length
      ? html`<${TrackGrid} label=${t("playlist.tracks")} rows=${rows} columns=${["album"]} selection=${selection} onMove=${move} onDelete=${(key) => take(chosen.length ? chosen.map((row) => row.key) : [key])} />`
      : html`<div class="library-empty"><${Icon} name="list-music" size="48" /><h2>${t("playlist.empty")}</h2><p>${t("playlist.empty_teach")}</p><a class="button" href="/library">${t("library.all")}</a></div>`}
    <${BulkBar} count=${chosen.length} onPlay=${play} remove=${t("playlist.remove")} onDelete=${() => take(chosen.map(({ key }) => key))} onClear=${() => selection.clear()} />
    ${renaming.value && html`<${Rename} title=${title} onDone=${(wanted) => renamePlaylist(id, wanted)} onClose=${() => (renaming.value = false)} />`}
    ${asking.value && html`<${Ask} title=${t("playlist.delete_title")} text=${t("playlist.delete_ask", { title })} yes=${t("track.delete_yes")} no=${t("track.keep")} onYes=${remove} onClose=${() => (asking.value = false)} />`}
  <//>`;
}
