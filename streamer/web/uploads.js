// Files on their way to the server, one after the other: the first is playable soonest, and the line is full anyway.
import { signal } from "@preact/signals";

import * as api from "./api.js";
import { line, socket } from "./line.js";
import { learn } from "./tracks.js";

const POLL_MS = 1500;
const RATE_WINDOW_MS = 4000;
const DONE = new Set(["done", "failed", "cancelled"]);

/**
 * Newest last: `{ref, file, state: waiting|sending|done|failed|cancelled, sent, left_s, trackId, error}`.
 */
export const uploads = signal([]);

let sending = null;

const find = (ref) => uploads.peek().find((upload) => upload.ref === ref);

function change(ref, fields) {
  uploads.value = uploads.peek().map((upload) => (upload.ref === ref ? { ...upload, ...fields } : upload));
}

/** Queue files. */
export function add(files) {
  const fresh = [...files].map((file) => ({
    ref: crypto.getRandomValues(new Uint32Array(3)).join("-"),
    file,
    state: "waiting",
    sent: 0,
    left_s: null,
    trackId: null,
    error: null,
  }));
  uploads.value = [...uploads.peek(), ...fresh];
  sendNext();
}

/** Stop one that waits or is being sent; the server forgets what has come of it. */
export function cancel(ref) {
  const state = find(ref).state;
  change(ref, { state: "cancelled" });
  if (state === "sending") sending?.cancel();
}

export function retry(ref) {
  change(ref, { state: "waiting", sent: 0, left_s: null, trackId: null, error: null });
  sendNext();
}

/** Take a finished one off the list. */
export function dismiss(ref) {
  uploads.value = uploads.peek().filter((upload) => upload.ref !== ref);
}

async function sendNext() {
  const next = !sending && uploads.peek().find((upload) => upload.state === "waiting");
  if (!next) return;
  const { ref, file } = next;
  const speed = speedometer();
  change(ref, { state: "sending" });
  sending = api.upload(file, ref, (sent) => change(ref, { sent, left_s: speed(sent, file.size) }));
  const stopLooking = lookFor(ref);
  try {
    const track = await sending.done;
    learn(track);
    change(ref, { state: "done", sent: file.size, left_s: 0, trackId: track.id });
  } catch (error) {
    if (find(ref)?.state !== "cancelled") change(ref, { state: "failed", error: error.message });
  } finally {
    stopLooking();
    sending = null;
    sendNext();
  }
}

/** The track has a life before the upload ends: it is pushed, or asked for while the socket is away. */
function lookFor(ref) {
  const found = (track) => {
    learn(track);
    if (find(ref)?.trackId !== track.id) change(ref, { trackId: track.id });
  };
  const unwatch = socket.watch(null);
  const unlisten = socket.on("track", ({ track }) => track.ref === ref && found(track));
  const poll = setInterval(async () => {
    if (line.peek().state === "online" && find(ref)?.trackId) return;
    const page = await api.listTracks({ ref, limit: 1 }).catch(() => ({ items: [] }));
    page.items.forEach(found);
  }, POLL_MS);
  return () => {
    clearInterval(poll);
    unlisten();
    unwatch();
  };
}

/** Seconds left, by the rate of the last few seconds; null until there is one. */
function speedometer() {
  const points = [];
  return (sent, size) => {
    const now = performance.now();
    points.push([now, sent]);
    while (points.length > 2 && points[0][0] < now - RATE_WINDOW_MS) points.shift();
    const [since, before] = points[0];
    const rate = (sent - before) / (now - since);
    return now - since > 500 && rate > 0 ? (size - sent) / rate / 1000 : null;
  };
}

addEventListener("beforeunload", (event) => {
  if (uploads.peek().some((upload) => !DONE.has(upload.state))) event.preventDefault();
});
