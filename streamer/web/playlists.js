// Playlists, as signals. Changes are shown at once; one that is refused brings back what the server has, with words.
import { batch, signal } from "@preact/signals";

import * as api from "./api.js";
import { t } from "./i18n.js";
import { tell } from "./notices.js";
import { learn, trackSignal } from "./tracks.js";

const known = new Map();
/** Playlists whose order is being saved: true once it has changed again meanwhile. */
const saving = new Map();
/** How often each playlist was changed here. */
const changes = new Map();

/** A playlist with its rows in `rows`, `{key, id}`: entry and track; undefined while unknown, null when it is gone. */
export function playlistSignal(id) {
  if (!known.has(id)) known.set(id, signal(undefined));
  return known.get(id);
}

/** Ask for a playlist; resolves to its tracks, in order. */
export async function loadPlaylist(id) {
  const before = changes.get(id);
  try {
    const { items, ...playlist } = await api.getPlaylist(id);
    batch(() => {
      items.forEach(({ track }) => learn(track));
      if (changes.get(id) !== before) return; // it was changed here since: the answer may be older
      playlistSignal(id).value = { ...playlist, rows: items.map((entry) => ({ key: entry.id, id: entry.track.id })) };
    });
    return items.map(({ track }) => track);
  } catch (error) {
    if (error.status !== 404) throw error;
    playlistSignal(id).value = null;
    return [];
  }
}

function change(id, fields) {
  changes.set(id, (changes.get(id) ?? 0) + 1);
  playlistSignal(id).value = { ...playlistSignal(id).peek(), ...fields };
}

async function refused(id, error, before) {
  tell(t("playlist.refused", { reason: error.message }), { bad: true });
  await loadPlaylist(id).catch(() => change(id, before));
}

/** Put row `from` where row `to` is. */
export async function moveRow(id, from, to) {
  const before = playlistSignal(id).peek();
  const rows = [...before.rows];
  rows.splice(to, 0, ...rows.splice(from, 1));
  change(id, { rows });
  if (saving.has(id)) return void saving.set(id, true);
  try {
    do {
      saving.set(id, false);
      const now = playlistSignal(id).peek();
      const { revision } = await api.orderPlaylist(id, now.rows.map(({ key }) => key), now.revision);
      change(id, { revision });
    } while (saving.get(id));
  } catch (error) {
    await refused(id, error, before);
  } finally {
    saving.delete(id);
  }
}

/** Take entries out; their tracks stay. */
export async function removeRows(id, keys) {
  const before = playlistSignal(id).peek();
  change(id, { rows: before.rows.filter(({ key }) => !keys.includes(key)) });
  try {
    for (const key of keys) change(id, { revision: await api.removeFromPlaylist(id, key) });
  } catch (error) {
    await refused(id, error, before);
  }
}

/** Rejects with a Problem. */
export async function renamePlaylist(id, title) {
  const { revision } = await api.editPlaylist(id, { title });
  change(id, { title, revision });
}

/** Put tracks at the end, in their order. Rejects with a Problem. */
export async function addTracks(playlist, tracks, progress) {
  for (const [index, track] of tracks.entries()) {
    await api.addToPlaylist(playlist.id, track.id);
    progress((index + 1) / tracks.length);
  }
  if (playlistSignal(playlist.id).peek()) loadPlaylist(playlist.id).catch(() => {});
}

/** The first cover there is in it, to stand for all. */
export const artOf = (playlist) => playlist.rows?.map(({ id }) => trackSignal(id).value).find((track) => track?.links.cover) ?? { id: playlist.id, links: {} };
