// The HTTP API. Failures are `Problem`s: what happened, in words.
import { t } from "./i18n.js";

// Eight to each bar of a waveform that is 2,560 pixels wide.
const WAVEFORM_PIXELS = 4096;

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function problemOf(response) {
  try {
    const body = await response.json();
    return new Problem(response.status, body.detail || body.title);
  } catch {
    return new Problem(response.status, t("error.status", { status: response.status }));
  }
}

/** Ask the server; rejects with a Problem (status 0: the line broke). */
export async function call(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, t("error.unreachable"));
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

const asJson = (method, body, headers = {}) => ({
  method,
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify(body),
});
/** Newest first: `{items, next}`. */
export async function listTracks({ cursor, ref, limit = 24 } = {}) {
  const query = new URLSearchParams({ limit });
  if (cursor) query.set("cursor", cursor);
  if (ref) query.set("ref", ref);
  return (await call(`/api/v1/tracks?${query}`)).json();
}

/** What matches every word, the best first: `{items, next, albums, playlists}`. `q` has at most 200 characters. */
export async function search({ q, limit, cursor, signal }) {
  const query = new URLSearchParams({ q, limit, ...(cursor && { cursor }) });
  return (await call(`/api/v1/search?${query}`, { signal })).json();
}

export const getTrack = async (id) => (await call(`/api/v1/tracks/${encodeURIComponent(id)}`)).json();
/** Change the tags that `changes` names; null clears one. */
export const editTrack = async (id, changes) =>
  (await call(`/api/v1/tracks/${encodeURIComponent(id)}`, asJson("PATCH", changes))).json();
/** `picture` is a file. The track, with its new cover. */
export const putCover = async (id, picture) =>
  (await call(`/api/v1/tracks/${encodeURIComponent(id)}/cover`, { method: "PUT", headers: { "Content-Type": picture.type }, body: picture })).json();
/** Back to the picture that the recording itself carries. */
export const deleteCover = (id) => call(`/api/v1/tracks/${encodeURIComponent(id)}/cover`, { method: "DELETE" });
export const deleteTrack = (id) => call(`/api/v1/tracks/${encodeURIComponent(id)}`, { method: "DELETE" });
export const getWaveform = async (id) =>
  (await call(`/api/v1/tracks/${encodeURIComponent(id)}/waveform.dat?length=${WAVEFORM_PIXELS}`)).arrayBuffer();

/** By artist, year and title: `{items, next}`. */
export async function listAlbums({ cursor, limit }) {
  const query = new URLSearchParams({ limit, ...(cursor && { cursor }) });
  return (await call(`/api/v1/albums?${query}`)).json();
}
/** An album with its `tracks`, in order. */
export const getAlbum = async (id) => (await call(`/api/v1/albums/${encodeURIComponent(id)}`)).json();

const playlistPath = (id) => `/api/v1/playlists/${encodeURIComponent(id)}`;
const atRevision = (revision) => ({ "If-Match": `"${revision}"` });
const revisionOf = (response) => Number(response.headers.get("ETag")?.replaceAll('"', ""));

/** Newest first: `{items, next}`. */
export async function listPlaylists({ cursor, limit }) {
  const query = new URLSearchParams({ limit, ...(cursor && { cursor }) });
  return (await call(`/api/v1/playlists?${query}`)).json();
}
/** A playlist with its `items`, `{id, track}` in order. */
export const getPlaylist = async (id) => (await call(playlistPath(id))).json();
export const createPlaylist = async (title) => (await call("/api/v1/playlists", asJson("POST", { title }))).json();
export const editPlaylist = async (id, changes) => (await call(playlistPath(id), asJson("PATCH", changes))).json();
export const deletePlaylist = (id) => call(playlistPath(id), { method: "DELETE" });
export const addToPlaylist = (id, track) => call(`${playlistPath(id)}/items`, asJson("POST", { track }));
/** Refused with 412 when the playlist is not what it was at `revision`. */
export const orderPlaylist = async (id, entries, revision) =>
  (await call(`${playlistPath(id)}/items`, asJson("PUT", { items: entries }, atRevision(revision)))).json();
/** The revision after it. */
export const removeFromPlaylist = async (id, entry) =>
  revisionOf(await call(`${playlistPath(id)}/items/${encodeURIComponent(entry)}`, { method: "DELETE" }));

const commentsPath = (track) => `/api/v1/tracks/${encodeURIComponent(track)}/comments`;

/** In the order of the track: `{items, next}`. */
export async function listComments(track, { cursor, limit }) {
  const query = new URLSearchParams({ limit, ...(cursor && { cursor }) });
  return (await call(`${commentsPath(track)}?${query}`)).json();
}

/** `comment` is `{at_ms, body, name}`; `identity` a header that says who one is. */
export const addComment = async (track, comment, identity) =>
  (await call(commentsPath(track), asJson("POST", comment, identity))).json();
export const deleteComment = (track, id, identity) =>
  call(`${commentsPath(track)}/${encodeURIComponent(id)}`, { method: "DELETE", headers: identity });

const livePath = (room) => `/api/v1/rooms/${encodeURIComponent(room)}/live`;

/** What is on in a room, whoever asks: for its host with the `cockpit`. */
export const getLive = async (room, identity) => (await call(livePath(room), { headers: identity })).json();
/** What is on in open rooms. */
export const listLive = async () => (await (await call("/api/v1/live")).json()).items;
/** End a show at once, without waiting for its source to come back. */
export const endShow = (room, identity) => call(`${livePath(room)}/end`, { method: "POST", headers: identity });
