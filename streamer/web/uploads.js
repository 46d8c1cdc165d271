// Files on their way to the server, one after the other: the first is playable soonest, and the line is full anyway.
import { computed, signal } from "@preact/signals";

import { line, socket } from "./line.js";
import { gone, loadTrack, trackSignal } from "./tracks.js";
import { terminate, Transfer } from "./tus.js";
import { forget, leftBehind, progress, remember, sameFile } from "./unfinished.js";

const POLL_MS = 1500;
const RATE_WINDOW_MS = 4000;
const ON_THE_WAY = new Set(["waiting", "sending", "paused"]);

const row = (known) => ({ url: null, state: "waiting", sent: 0, left_s: null, broken: false, trackId: null, error: null, ...known });
const idOf = (url) => url.split("/").at(-1);

/**
 * Newest last: `{ref, file, url, state, sent, left_s, broken, trackId, error}`; the states: waiting, sending, paused,
 * left (by a reload: `file` is only its name and size, until it is chosen again), done, failed, cancelled.
 */
export const uploads = signal(
  leftBehind().map(({ ref, url, sent, ...file }) => row({ ref, url, sent, file, state: "left", trackId: idOf(url) })),
);

let sending = null;

const find = (ref) => uploads.peek().find((upload) => upload.ref === ref);

function change(ref, fields) {
  uploads.value = uploads.peek().map((upload) => (upload.ref === ref ? { ...upload, ...fields } : upload));
}

/** Queue files. One that was left behind goes on where it was. */
export function add(files) {
  for (const file of files) {
    const left = uploads.peek().find((upload) => upload.state === "left" && sameFile(upload.file, file));
    if (left) change(left.ref, { file, state: "waiting" });
    else uploads.value = [...uploads.peek(), row({ ref: crypto.getRandomValues(new Uint32Array(3)).join("-"), file })];
  }
  sendNext();
}

/** Send nothing more of one for now. */
export function pause(ref) {
  change(ref, { state: "paused", left_s: null, broken: false });
  if (sending?.ref === ref) sending.transfer.stop();
}

export function resume(ref) {
  change(ref, { state: "waiting" });
  sendNext();
}

/** Give one up; the server forgets what has come of it. */
export async function cancel(ref) {
  change(ref, { state: "cancelled" });
  forget(ref);
  if (sending?.ref === ref) {
    sending.transfer.stop();
    await sending.ended;
  }
  const { url, trackId } = find(ref) ?? {};
  if (!url) return;
  gone(trackId);
  await terminate(url);
}

export function retry(ref) {
  change(ref, row({ ref, file: find(ref).file }));
  sendNext();
}

/** Take a finished one off the list. */
export function dismiss(ref) {
  uploads.value = uploads.peek().filter((upload) => upload.ref !== ref);
}

/** Of those that wait, this one is next. */
export function sendFirst(ref) {
  const one = find(ref);
  const others = uploads.peek().filter((upload) => upload !== one);
  const at = others.findIndex((upload) => upload.state === "waiting");
  uploads.value = at < 0 ? [...others, one] : others.toSpliced(at, 0, one);
}

const each = (states, act) => uploads.peek().filter(({ state }) => states.has(state)).forEach(({ ref }) => act(ref));

/** Those that wait first, so that none of them begins when the one on its way stops. */
export function pauseAll() {
  each(new Set(["waiting"]), pause);
  each(new Set(["sending"]), pause);
}

export const resumeAll = () => each(new Set(["paused"]), resume);

/** Take all that have ended off the list. */
export function dismissFinished() {
  uploads.value = uploads.peek().filter(({ state }) => ON_THE_WAY.has(state) || state === "left");
}

/** All of them together, but for what was given up or refused: `{sent, bytes, done, count, left_s}`. */
export const overall = computed(() => {
  const counted = uploads.value.filter(({ state }) => state !== "cancelled" && state !== "failed");
  const sum = (measure) => counted.reduce((total, upload) => total + measure(upload), 0);
  const bytes = sum(({ file }) => file.size);
  const sent = sum((upload) => (upload.state === "done" ? upload.file.size : upload.sent));
  const now = counted.find(({ left_s: left }) => left > 0);
  const rate = now && (now.file.size - now.sent) / now.left_s;
  const waiting = sum(({ state, file, sent: there }) => (state === "waiting" || state === "sending" ? file.size - there : 0));
  const done = counted.filter(({ state }) => state === "done").length;
  return { sent, bytes, done, count: counted.length, left_s: rate ? waiting / rate : null };
});

/** What was left behind is shown as the server has it, and not at all once it has ended. */
for (const { ref, trackId } of uploads.peek()) {
  const show = () => {
    const track = trackSignal(trackId).peek();
    if (track?.state === "receiving") return change(ref, { sent: track.received_bytes });
    forget(ref);
    dismiss(ref);
  };
  loadTrack(trackId).then(show, () => {});
}

function sendNext() {
  const next = !sending && uploads.peek().find((upload) => upload.state === "waiting");
  if (!next) return;
  const { ref, file, url } = next;
  const speed = speedometer();
  const transfer = new Transfer(file, { filename: file.name, filetype: file.type, ref }, url, {
    url(now, expires) {
      change(ref, { url: now, trackId: idOf(now) });
      const { state, sent } = find(ref);
      if (state !== "cancelled") remember({ ref, url: now, file, sent, expires });
    },
    sent(bytes) {
      change(ref, { sent: bytes, left_s: speed(bytes, file.size) });
      progress(ref, bytes);
    },
    line: (up) => change(ref, { broken: !up, ...(up ? {} : { left_s: null }) }),
  });
  sending = { ref, transfer, ended: follow(ref, file, transfer) };
}

async function follow(ref, file, transfer) {
  change(ref, { state: "sending" });
  const stopLooking = lookFor(ref);
  try {
    if (await transfer.run()) {
      forget(ref);
      change(ref, { state: "done", sent: file.size, left_s: 0, broken: false });
      await loadTrack(find(ref).trackId).catch(() => {});
    }
  } catch (error) {
    forget(ref);
    if (find(ref)?.state === "sending") change(ref, { state: "failed", broken: false, error: error.message });
  } finally {
    stopLooking();
    sending = null;
    sendNext();
  }
}

/** The track has a life before the upload ends: it is pushed, or asked for while the socket is away. */
function lookFor(ref) {
  const unwatch = socket.watch(null);
  const poll = setInterval(() => {
    const { trackId, broken } = find(ref) ?? {};
    if (!trackId || broken || (line.peek().state === "online" && trackSignal(trackId).peek())) return;
    loadTrack(trackId).catch(() => {});
  }, POLL_MS);
  return () => {
    clearInterval(poll);
    unwatch();
  };
}

/** Seconds left, by the rate of the last few seconds; null until there is one. */
function speedometer() {
  const points = [];
  return (sent, size) => {
    const now = performance.now();
    if (points.length && sent < points.at(-1)[1]) points.length = 0; // the line broke on the way
    points.push([now, sent]);
    while (points.length > 2 && points[0][0] < now - RATE_WINDOW_MS) points.shift();
    const [since, before] = points[0];
    const rate = (sent - before) / (now - since);
    return now - since > 500 && rate > 0 ? (size - sent) / rate / 1000 : null;
  };
}

addEventListener("beforeunload", (event) => {
  if (uploads.peek().some((upload) => ON_THE_WAY.has(upload.state))) event.preventDefault();
});
