// The rooms one is in, as signals: what has been said, who is there, what is still on its way.
import { batch, signal } from "@preact/signals";

import { t } from "../i18n.js";
import { me, socket } from "../line.js";
import { tell } from "../notices.js";
import { apply, applyAll, applyToPins, asGap, fill, LOGGED, marked, prepend } from "./log.js";
import { momentIn, whenHeard } from "./moments.js";
import { isBlocked, isDirect, isResting } from "./people.js";
import { remember } from "./visited.js";

const PAGE = 50;
const TYPING_EVERY_MS = 3_000;
const TYPING_LASTS_MS = 6_000;
const READ_AFTER_MS = 1_000;
const EXPELLED = new Set(["kicked", "banned", "direct_refused"]);

const rooms = new Map();
/** What waits for the answer to a line that the server is to carry out, by nonce. */
const orders = new Map();
let notes = 0;

/** Whether the server can reach its log: without it nothing can be said or joined. */
export const linkUp = signal(true);

/** A room: see the comments beside each signal. */
export function roomOf(name) {
  if (!rooms.has(name)) {
    rooms.set(name, {
      name,
      entries: signal([]), // of chat/log.js, in order
      pins: signal([]), // messages, those that are not shown by `{id, seq}` alone
      pending: signal(waiting(name)), // our own words without an acknowledgement
      failed: signal([]), // and those that will not be sent, with `reason`
      count: signal(null), // the people here
      typing: signal([]), // names of those who write
      joined: signal(false),
      role: signal(""), // our own
      may: signal([]), // what one may do besides talking
      stirred: signal(0), // grows when somebody comes, goes, is away or has another role
      shut: signal(null), // the error that keeps us out
      complete: signal(false), // there is nothing before what is shown
      answering: signal(null), // the message that the next words answer
      editing: signal(null), // our message that the next words replace
      panel: signal(null), // what stands beside: `{root}` of a thread, or `{}` for the search
      gap: null,
      visits: 0,
      typists: new Map(),
      typedAt: 0,
      read: 0,
    });
  }
  return rooms.get(name);
}

/** Go in, with what the door asks for; returns what ends it. */
export function enter(name, key = {}) {
  remember(name);
  const room = roomOf(name);
  room.visits += 1;
  if (!room.joined.peek() || Object.keys(key).length) knock(room, key);
  return () => {
    room.visits -= 1;
    if (room.visits) return; // another screen, or what one broadcasts, is still here
    socket.leave(name);
    for (const [, timer] of room.typists.values()) clearTimeout(timer);
    clearTimeout(room.reading);
    rooms.delete(name);
  };
}

/** Ask to be let in, again perhaps: `key` is a `password` or an `invite`. */
export function knock(room, key) {
  room.shut.value = null;
  socket.join(room.name, key);
}

const waiting = (name) => socket.pending(name).filter(({ command, nonce }) => command.type === "send" && !orders.has(nonce));

function refresh(name) {
  const room = rooms.get(name);
  if (room) room.pending.value = waiting(name);
}

// What one does.

export function say(room, body) {
  const editing = room.editing.peek();
  const answering = room.answering.peek();
  if (editing) {
    if (body !== editing.body) socket.submit("edit", room.name, { id: editing.id, body });
  } else {
    const to = answering?.id ?? room.root; // where a thread is open, all is said in it
    socket.send(room.name, body, { ...(to && { reply_to: to }), ...momentIn(room.name) });
  }
  room.typedAt = 0;
  settle(room);
  refresh(room.name);
}

/** What is written next answers a message ("reply"), or replaces our own ("edit"). */
export function answer(room, message, what) {
  batch(() => {
    room.answering.value = what === "reply" ? message : null;
    room.editing.value = what === "edit" ? message : null;
  });
}

/** Neither answer nor edit any more. */
export function settle(room) {
  batch(() => (room.answering.value = room.editing.value = null));
}

export const erase = (room, message) => socket.submit("delete", room.name, { id: message.id });
export const pin = (room, message) => socket.submit(message.pinned ? "unpin" : "pin", room.name, { id: message.id });

export const isMine = ({ people }) => people.some(({ id }) => id === me.value);
/** Put an emoji to a message, or take it back. */
export function react(room, message, emoji) {
  const there = message.reactions?.find((each) => each.emoji === emoji);
  socket.submit(there && isMine(there) ? "unreact" : "react", room.name, { id: message.id, emoji, ...momentIn(room.name) });
}

/** Somebody types here; said now and then. */
export function typed(room) {
  const now = Date.now();
  if (now - room.typedAt < TYPING_EVERY_MS) return;
  room.typedAt = now;
  socket.hint("typing", room.name);
}

/** All that is shown has been seen. */
export function seen(room) {
  const seq = room.entries.peek().findLast((entry) => entry.seq)?.seq ?? 0;
  if (seq <= room.read || document.hidden || isResting()) return;
  room.read = seq;
  room.reading ??= setTimeout(() => {
    room.reading = undefined;
    if (isResting()) return;
    socket.hint("read", room.name, { seq: room.read });
  }, READ_AFTER_MS);
}

/** Take a refused message off the list; `again` says it once more. */
export function drop(room, entry, { again = false } = {}) {
  room.failed.value = room.failed.peek().filter(({ nonce }) => nonce !== entry.nonce);
  if (!again) return;
  const { type, room: name, nonce: _, ...fields } = entry.command;
  socket.submit(type, name, fields);
  refresh(name);
}

// What is asked for.

/** Load what was said before. Resolves when it is there; what goes wrong is the caller's. */
export async function older(room) {
  const first = room.entries.peek().find((entry) => entry.seq)?.seq;
  if (!first || room.complete.peek()) return;
  const page = await socket.ask("history", { room: room.name, before: first, limit: PAGE });
  batch(() => {
    room.entries.value = prepend(room.entries.peek(), page.messages);
    room.complete.value = !page.next;
  });
}

/** Load the end of a gap, as far as one page goes. */
export async function bridge(room, gap) {
  const page = await socket.ask("history", { room: room.name, before: gap.to + 1, limit: PAGE });
  room.entries.value = fill(room.entries.peek(), gap, page.messages, Boolean(page.next));
}

/** The message of a pin or a reply that is not shown. */
export async function fetchMessage(room, { id, seq }) {
  const page = await socket.ask("history", { room: room.name, after: seq - 1, limit: 1 });
  return page.messages.find((message) => message.id === id) ?? null;
}

export const members = (room) => socket.ask("members", { room: room.name });
/** Have the server carry out a line of the chat, such as `/kick ID`. Resolves with what it answers. */
export const order = (room, line) =>
  new Promise((resolve, reject) => orders.set(socket.send(room.name, line), { resolve, reject }));

// What comes.

const on = (type, listener) =>
  socket.on(type, (frame) => {
    const room = rooms.get(frame.room);
    if (room) batch(() => listener(room, frame));
  });

function note(room, entry) {
  room.entries.value = [...room.entries.peek(), { ...entry, key: `n${(notes += 1)}` }];
}

on("gap", (room, { from_seq: from, to_seq: to }) => {
  room.gap = from ? asGap(from, to) : null;
});

on("joined", (room, frame) => {
  const kept = room.entries.peek();
  const newest = kept.findLast((entry) => entry.seq)?.seq ?? 0;
  const anew = !frame.recovered && !(room.gap && kept.length);
  const before = anew ? [] : room.gap ? [...kept, room.gap] : kept;
  if (anew) room.complete.value = !(frame.messages[0]?.seq > 1);
  room.read = Math.max(room.read, frame.read ?? 0);
  const entries = applyAll(before, frame.messages.filter(({ seq }) => anew || seq > newest));
  room.entries.value = anew ? marked(entries, room.read, me.peek()) : entries;
  const pins = frame.pins ?? room.pins.peek();
  room.pins.value = frame.messages.reduce((all, each) => applyToPins(all, room.entries.peek(), each), pins);
  room.gap = null;
  room.count.value = frame.members;
  standing(room, frame);
  room.joined.value = true;
  room.shut.value = null;
});

for (const type of LOGGED) {
  socket.on(type, (frame) => whenHeard(frame, () => {
    const room = rooms.get(frame.room);
    if (room) batch(() => logged(room, frame));
  }));
}

function logged(room, frame) {
  room.entries.value = apply(room.entries.peek(), frame);
  room.pins.value = applyToPins(room.pins.peek(), room.entries.peek(), frame);
  room.follow?.(frame);
  if (frame.author) stopTyping(room, frame.author.id);
}

on("presence", (room, frame) => {
  room.count.value = frame.count;
  room.stirred.value += 1;
  const others = (people) => people.filter((person) => person.id !== me.peek());
  for (const [came, people] of [[true, others(frame.joined)], [false, others(frame.left)]]) {
    if (people.length && !isDirect(room.name)) note(room, { kind: "presence", came, people });
    for (const { id } of came ? [] : people) stopTyping(room, id);
  }
});

on("role", (room) => (room.stirred.value += 1));
on("rights", standing);

/** What one is in a room, and may do there. */
function standing(room, { role, may }) {
  room.role.value = role ?? "";
  room.may.value = may ?? [];
}

on("typing", (room, { author, ttl_ms: lasts }) => {
  if (author.id === me.peek() || isBlocked(author.id)) return;
  clearTimeout(room.typists.get(author.id)?.[1]);
  room.typists.set(author.id, [author.name, setTimeout(() => stopTyping(room, author.id), lasts ?? TYPING_LASTS_MS)]);
  showTyping(room);
});

function stopTyping(room, id) {
  if (!room.typists.has(id)) return;
  clearTimeout(room.typists.get(id)[1]);
  room.typists.delete(id);
  showTyping(room);
}

function showTyping(room) {
  room.typing.value = [...room.typists.values()].map(([name]) => name);
}

on("notice", (room, { text }) => note(room, { kind: "notice", text }));
on("left", (room) => (room.joined.value = false));
on("error", (room, error) => {
  if (room.joined.peek() && !EXPELLED.has(error.code)) return;
  room.joined.value = false;
  room.shut.value = error;
});
on("acked", (room, { nonce, frame }) => {
  orders.get(nonce)?.resolve(frame.text ?? "");
  orders.delete(nonce);
  refresh(room.name);
});
on("failed", (room, entry) => {
  const reason = entry.frame.message;
  const asked = orders.get(entry.nonce);
  orders.delete(entry.nonce);
  if (asked) asked.reject(new Error(reason));
  else if (entry.command.type === "send") room.failed.value = [...room.failed.peek(), { ...entry, reason }];
  else tell(t("room.not_done", { reason }), { bad: true });
  refresh(room.name);
});

socket.on("link", ({ up }) => (linkUp.value = up));
socket.on("status", ({ state }) => {
  if (state === "connecting") linkUp.value = true; // whoever answers says so if it is not
});
