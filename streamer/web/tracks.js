// What the page knows of tracks: one signal each, kept fresh by what the server pushes.
import { batch, computed, signal } from "@preact/signals";

import * as api from "./api.js";
import { socket } from "./line.js";

const known = new Map();
/** Ids of the home screen's list, newest first; null until the first page is there. */
const listed = signal(null);
const cursor = signal(null);
/** What answers have told of, or was there when it was asked for; what else is listed was pushed since. */
const told = new Set();
export const listError = signal(null);
export const more = computed(() => cursor.value !== null);
/** What can be listened to; who sent a file that failed is told so beside the upload. */
export const latest = computed(
  () => listed.value?.map((id) => known.get(id).value).filter((track) => track && track.state !== "failed") ?? null,
);

/** The track's signal; its value is undefined while unknown and null once deleted. */
export function trackSignal(id) {
  if (!known.has(id)) known.set(id, signal(undefined));
  return known.get(id);
}

/** Take in what the server says of a track. An older picture never replaces a newer one. */
export function learn(track) {
  const entry = trackSignal(track.id);
  const before = entry.peek();
  if (before === null || (before && progress(before) > progress(track))) return; // a deleted one does not come back
  entry.value = track;
}

const ORDER = { receiving: 0, packaging: 1, live: 1, ready: 2, failed: 2 };
const progress = (track) => ORDER[track.state] * 1e15 + track.packaged_ms;

export async function loadTrack(id) {
  try {
    learn(await api.getTrack(id));
  } catch (error) {
    if (error.status !== 404) throw error;
    trackSignal(id).value = null;
  }
}

/** Load the newest tracks, or the next page of older ones. */
export async function loadList({ older = false } = {}) {
  for (const id of listed.peek() ?? []) told.add(id);
  try {
    const page = await api.listTracks({ cursor: older ? cursor.peek() : undefined });
    batch(() => {
      page.items.forEach(learn);
      const ids = page.items.map((track) => track.id);
      // A reload keeps the older pages that are already there, and what came since it was asked for; the rest is gone.
      const before = listed.peek() ?? [];
      const end = page.next === null ? "" : ids.at(-1);
      const kept = before.filter((id) => older || !told.has(id) || id < end);
      for (const id of ids) told.add(id);
      listed.value = [...new Set([...ids, ...kept])].sort().reverse();
      if (older || !before.length) cursor.value = page.next;
      listError.value = null;
    });
  } catch (error) {
    listError.value = error.message;
  }
}

/** Change tags. They are shown at once; a refusal brings back what was there, and rejects with a Problem. */
export async function editTrack(id, changes) {
  const entry = trackSignal(id);
  const before = entry.peek();
  const { title, ...others } = changes;
  entry.value = { ...before, ...others, ...(title && { title }) }; // without a title it is the file's own again
  try {
    learn(await api.editTrack(id, changes));
  } catch (error) {
    const undone = Object.fromEntries(Object.keys(changes).map((name) => [name, before[name]]));
    entry.value = { ...entry.peek(), ...undone };
    throw error;
  }
}

export async function removeTrack(id) {
  await api.deleteTrack(id);
  gone(id);
}

/** The track is no more, as far as this page is concerned. */
export function gone(id) {
  batch(() => {
    trackSignal(id).value = null;
    if (listed.peek()) listed.value = listed.peek().filter((other) => other !== id);
  });
}

socket.on("track", ({ track }) => {
  if (known.get(track.id)?.peek() === null) return; // deleted here
  // A deleted track is pushed as a failed one a last time; the API tells which it is.
  if (track.state === "failed") loadTrack(track.id).then(() => trackSignal(track.id).peek() ?? gone(track.id), () => {});
  batch(() => {
    learn(track);
    const ids = listed.peek();
    if (track.playable && ids && !ids.includes(track.id)) listed.value = [track.id, ...ids].sort().reverse();
  });
});
