// What is on, as signals: in each room that somebody looks at, and anywhere.
import { signal } from "@preact/signals";

import * as api from "./api.js";
import { identity, line, socket } from "./line.js";

const EVERY_MS = 15_000;
const LIST_EVERY_MS = 10_000;
const EVENTS = new Set(["went_live", "now_playing", "interrupted", "back", "ended"]);

const known = new Map();
/** Rooms that are live and open to all, those with most listeners first; null until that is known. */
export const liveRooms = signal(null);

/** A room's `{state, show, title, listeners, links, cockpit, ...}` as the API has it; null until it is known. */
export function liveOf(room) {
  if (!known.has(room)) known.set(room, signal(null));
  return known.get(room);
}

export const isOn = (live) => live?.state === "live" || live?.state === "interrupted";

/** Questions on their way, by room; and those that wait for them. */
const [loading, waiting] = [new Map(), new Map()];

function ask(room) {
  const asked = api.getLive(room, identity()).then(
    (live) => (liveOf(room).value = live),
    () => {},
  );
  loading.set(room, asked.finally(() => loading.delete(room)));
  return loading.get(room);
}

/**
 * Ask how a room is, once for all who want to know. What fails is asked again in its turn. `anew`: something has just
 * happened there, and an answer that is on its way may be older.
 */
function refresh(room, anew) {
  const now = loading.get(room);
  if (!now || !anew) return now ?? ask(room);
  if (!waiting.has(room)) waiting.set(room, now.then(() => (waiting.delete(room), ask(room))));
  return waiting.get(room);
}

/** Keep a room's signal up to date, asking every so many milliseconds; returns what ends it. */
export function look(room, { every_ms = EVERY_MS } = {}) {
  let timer = null;
  let over = false;
  const again = async (anew = false) => {
    clearTimeout(timer);
    if (line.peek().state !== "offline") await refresh(room, anew);
    clearTimeout(timer); // of whoever asked meanwhile
    if (!over) timer = setTimeout(again, every_ms);
  };
  const stops = [
    socket.on("system", (frame) => frame.room === room && EVENTS.has(frame.event) && again(true)),
    socket.on("joined", (frame) => frame.room === room && again(true)),
  ];
  again();
  return () => {
    over = true;
    clearTimeout(timer);
    stops.forEach((stop) => stop());
  };
}

/** Keep `liveRooms` up to date; returns what ends it. */
export function lookAround() {
  const ask = () => document.hidden || api.listLive().then((rooms) => (liveRooms.value = rooms), () => {});
  ask();
  const timer = setInterval(ask, LIST_EVERY_MS);
  return () => clearInterval(timer);
}
