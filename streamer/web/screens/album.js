import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { albumSignal, followAlbum, loadAlbum } from "../albums.js";
import { Collection } from "../components/collection.js";
import { CopyButton } from "../components/copy_button.js";
import { Icon } from "../components/icon.js";
import { EditTags } from "../components/parts.js";
import { TrackGrid } from "../components/track_grid.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { standing } from "../line.js";
import { trackSignal } from "../tracks.js";
import { Nothing } from "./missing.js";

/** A record: its tracks in order, to be played from the first to the last without a break. */
export function Album({ name: id }) {
  const album = albumSignal(id).value;
  const error = useSignal(null);
  const editing = useSignal(false);
  useEffect(() => followAlbum(id), [id]);
  useEffect(() => {
    if (standing.value === "lost") return;
    error.value = null;
    loadAlbum(id).catch((reason) => (error.value = reason.message));
  }, [id, standing.value]);
  useEffect(() => {
    document.title = album ? t("track.document", { title: album.title }) : "Veza";
  }, [album?.title]);
  if (album === null) return html`<${Nothing} title=${t("album.gone")} text=${t("album.gone_teach")} />`;
  if (!album && error.value) return html`<${Nothing} title=${t("album.unreachable")} text=${error.value} />`;
  if (!album) return html`<${Collection} />`;
  const tracks = album.ids.map((each) => trackSignal(each).value).filter(Boolean);
  const discs = new Set(tracks.map((track) => track.disc_number ?? 1)).size;
  const numbered = ({ disc_number: disc, track_number: number }) => (number && discs > 1 ? `${disc ?? 1}.${number}` : number);
  const rows = tracks.map((track) => ({ key: track.id, id: track.id, number: numbered(track) ?? undefined }));
  return html`<${Collection} key=${id} of=${album} kind=${t("album.kind")} title=${album.title} by=${album.artist ?? t("track.no_artist")} year=${album.year} tracks=${tracks} duration_ms=${album.duration_ms}
      tools=${html`<button type="button" class="button" onClick=${() => (editing.value = true)}><${Icon} name="pencil" size="18" />${t("album.edit")}</button>
        <${CopyButton} icon="copy" label=${t("track.copy_page")} text=${() => new URL(album.links.page, location.href).href} />`}>
    <${TrackGrid} label=${t("album.tracks")} rows=${rows} columns=${[]} lead="number" />
    ${editing.value && html`<${EditTags} tracks=${tracks} onClose=${() => (editing.value = false)} />`}
  <//>`;
}
