// The rooms one is in, as signals: what has been said, who is there, what is still on its way.
import { signal } from "@preact/signals";

import { me, socket } from "./line.js";
import { kept } from "./store.js";

const SHOWN_LIMIT = 1000;
const VISITED_LIMIT = 8;

/** Names of rooms visited, last first. */
export const visited = kept("rooms", []);

const rooms = new Map();
let changes = 0;

/**
 * A room: `entries` are `{kind: "message" | "gap" | "presence", key, ...}` in order, `pending` our own messages without
 * an acknowledgement, `count` the people here, `error` what went wrong, `from` the first seq that is shown.
 */
export function roomOf(name) {
  if (!rooms.has(name)) {
    rooms.set(name, {
      name,
      entries: signal([]),
      pending: signal(socket.pending(name)),
      failed: signal([]),
      count: signal(null),
      joined: signal(false),
      gap: null,
    });
  }
  return rooms.get(name);
}

/** Go in; returns what ends it. */
export function enter(name) {
  visited.value = [name, ...visited.peek().filter((other) => other !== name)].slice(0, VISITED_LIMIT);
  socket.join(name);
  return () => {
    socket.leave(name);
    rooms.delete(name);
  };
}

export function say(name, body) {
  socket.send(name, body);
  refresh(name);
}

function refresh(name) {
  const room = rooms.get(name);
  if (room) room.pending.value = socket.pending(name);
}

function append(room, ...entries) {
  room.entries.value = [...room.entries.peek(), ...entries].slice(-SHOWN_LIMIT);
}

const asEntry = (frame) => ({ ...frame, kind: "message", key: `m${frame.seq}` });

socket.on("gap", (frame) => {
  const room = rooms.get(frame.room);
  if (room) room.gap = { kind: "gap", key: `g${frame.from_seq}`, count: frame.to_seq - frame.from_seq + 1 };
});

socket.on("joined", (frame) => {
  const room = rooms.get(frame.room);
  if (!room) return;
  const fresh = frame.messages.map(asEntry);
  const kept = room.entries.peek();
  const newest = kept.findLast((entry) => entry.kind === "message")?.seq ?? 0;
  if (frame.recovered) append(room, ...fresh);
  else if (room.gap && kept.length) append(room, room.gap, ...fresh.filter((entry) => entry.seq > newest));
  else room.entries.value = fresh;
  room.gap = null;
  room.count.value = frame.members;
  room.joined.value = true;
});

socket.on("message", (frame) => {
  const room = rooms.get(frame.room);
  if (room) append(room, asEntry(frame));
});

socket.on("presence", (frame) => {
  const room = rooms.get(frame.room);
  if (!room) return;
  room.count.value = frame.count;
  const others = (people) => people.filter((person) => person.id !== me.peek());
  for (const [came, people] of [[true, others(frame.joined)], [false, others(frame.left)]]) {
    if (people.length) append(room, { kind: "presence", key: `p${(changes += 1)}`, came, people });
  }
});

socket.on("acked", (entry) => refresh(entry.room));
socket.on("failed", (entry) => {
  const room = rooms.get(entry.room);
  if (room) room.failed.value = [...room.failed.peek(), { ...entry, reason: entry.frame.message }];
  refresh(entry.room);
});

/** Take a refused message off the list. */
export function drop(name, nonce) {
  const room = roomOf(name);
  room.failed.value = room.failed.peek().filter((entry) => entry.nonce !== nonce);
}
