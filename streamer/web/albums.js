// Albums, as signals, kept fresh while somebody looks at them.
import { batch, signal } from "@preact/signals";

import * as api from "./api.js";
import { socket } from "./line.js";
import { learn } from "./tracks.js";

const SETTLED_MS = 400;
const known = new Map();

/** An album with the ids of its tracks in `ids`; undefined while unknown, null when there is none. */
export function albumSignal(id) {
  if (!known.has(id)) known.set(id, signal(undefined));
  return known.get(id);
}

/** Where the album of a track has its page; null for a track without one. */
export const albumPage = (track) => (track.links.album ? `/a/${track.links.album.split("/").at(-1)}` : null);

/** Ask for an album and its tracks; they come in the order of the record. */
export async function loadAlbum(id) {
  try {
    const { tracks, ...album } = await api.getAlbum(id);
    batch(() => {
      tracks.forEach(learn);
      albumSignal(id).value = { ...album, ids: tracks.map((track) => track.id) };
    });
    return tracks;
  } catch (error) {
    if (error.status !== 404) throw error;
    albumSignal(id).value = null;
    return [];
  }
}

/** Follow an album as tracks come to it and leave it; returns what ends it. */
export function followAlbum(id) {
  let pause = null;
  const unwatch = socket.watch(null);
  const end = socket.on("track", ({ track }) => {
    const album = albumSignal(id).peek();
    if (!album?.ids.includes(track.id) && track.links.album !== album?.links.self) return;
    clearTimeout(pause); // a whole album may be edited at once
    pause = setTimeout(() => loadAlbum(id).catch(() => {}), SETTLED_MS);
  });
  return () => (clearTimeout(pause), end(), unwatch());
}
