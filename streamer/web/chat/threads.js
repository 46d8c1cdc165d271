// A thread: a message and what answers it, beside the room that it is part of.
import { signal } from "@preact/signals";

import { socket } from "../line.js";
import { apply, asEntry } from "./log.js";
import { weave } from "./weave.js";

const PAGE = 50;
const AROUND = 25; // messages after one that is looked up

/** A thread as a room: what is written there answers its first message. `root` is the id of that. */
export function threadOf(room, root) {
  return Object.assign(Object.create(room), {
    root,
    entries: signal([]),
    answering: signal(null),
    editing: signal(null),
    next: signal(null), // `before` of what was said earlier
    known: signal(false),
    error: signal(null),
    typedAt: 0,
  });
}

/** Load what was said, and follow what is; returns what ends it. */
export function follow(thread) {
  let heard = [];
  const take = (entries, frame) => {
    if (frame.type !== "message") return apply(entries, frame);
    const here = frame.thread === thread.root && !entries.some(({ id }) => id === frame.id);
    return here ? apply(entries, frame) : entries;
  };
  const load = async () => {
    heard = [];
    thread.error.value = null;
    try {
      const page = await socket.ask("history", { room: thread.name, thread: thread.root, limit: PAGE });
      thread.entries.value = heard.reduce(take, page.messages.map(asEntry));
      thread.next.value = page.next ?? null;
      thread.known.value = true;
    } catch (reason) {
      if (reason.code !== "left") thread.error.value = reason.message;
    }
    heard = null;
  };
  const room = Object.getPrototypeOf(thread);
  room.follow = (frame) => (heard ? heard.push(frame) : (thread.entries.value = take(thread.entries.peek(), frame)));
  const rejoined = socket.on("joined", (frame) => frame.room === thread.name && load());
  load();
  return () => {
    rejoined();
    room.follow = null;
  };
}

/** What was said in a thread before what is shown. Rejects with Refused. */
export async function earlier(thread) {
  const page = await socket.ask("history", { room: thread.name, thread: thread.root, before: thread.next.peek(), limit: PAGE });
  thread.entries.value = [...page.messages.map(asEntry), ...thread.entries.peek()];
  thread.next.value = page.next ?? null;
}

/** Messages that have all words: `{messages, next}`, newest first. Rejects with Refused. */
export const look = (room, query, before) => socket.ask("search", { room: room.name, query, ...(before && { before }) });

/** Have a message among those that are shown, with what was said around it; returns its key, or null. */
export async function reach(room, { id, seq }) {
  const find = () => room.entries.peek().find((entry) => entry.id === id)?.key ?? null;
  if (find()) return find();
  const before = seq + AROUND;
  const page = await socket.ask("history", { room: room.name, before, limit: 2 * AROUND });
  const first = room.entries.peek().find((entry) => entry.seq)?.seq ?? Infinity;
  room.entries.value = weave(room.entries.peek(), page.messages, { before, more: Boolean(page.next) });
  if (seq < first) room.complete.value = !page.next;
  return find();
}
