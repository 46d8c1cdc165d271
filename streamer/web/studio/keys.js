// The stream key that this browser has for each room: made when it is first needed, shown once by the server, kept here.
import { signal } from "@preact/signals";

import { call } from "../api.js";
import { identity } from "../line.js";
import { shared } from "../store.js";

const LABEL = "Studio";
const path = (room) => `/api/v1/rooms/${encodeURIComponent(room)}/keys`;
const post = async (address, body) => {
  const headers = { "Content-Type": "application/json", ...identity() };
  return (await call(address, { method: "POST", headers, ...(body && { body: JSON.stringify(body) }) })).json();
};

const name = (room) => `studio.key.${room}`;
const known = new Map();

/** `{id, key}`, or null while there is none here. */
export function keyOf(room) {
  if (!known.has(room)) known.set(room, signal(shared.read(name(room), null)));
  return known.get(room);
}

function keep(room, made) {
  const entry = made && { id: made.id, key: made.key };
  shared.write(name(room), entry);
  keyOf(room).value = entry;
  return entry;
}

/** The key's secret; rejects with a Problem where one may not have one. */
export async function streamKey(room) {
  return (keyOf(room).peek() ?? keep(room, await post(path(room), { label: LABEL }))).key;
}

/** Another secret for it: who has the old one is off air at once. */
export async function renewKey(room) {
  const old = keyOf(room).peek();
  return keep(room, old ? await post(`${path(room)}/${encodeURIComponent(old.id)}/rotate`) : await post(path(room), { label: LABEL }));
}

/** It is not good any more. */
export const forgetKey = (room) => keep(room, null);
