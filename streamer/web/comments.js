// Comments at moments of a track, as signals: those on disk, kept fresh by what the server pushes, and our own on their way.
import { batch, signal } from "@preact/signals";

import * as api from "./api.js";
import { identity, me, name, socket } from "./line.js";

const PAGE = 500;
/** A lane of faces says no more with more of them. */
export const MAX_SHOWN = 2000;

const margins = new Map();
let sent = 0;

/** Comments of one track, by moment: `items` is null until they are there, `error` why they are not. */
export function commentsOf(track) {
  if (!margins.has(track)) margins.set(track, { track, items: signal(null), error: signal(null), cut: signal(false) });
  return margins.get(track);
}

const byMoment = (one, other) => one.at_ms - other.at_ms || (one.id < other.id ? -1 : 1);

function put(margin, comment, instead = comment.id) {
  const others = (margin.items.peek() ?? []).filter(({ id }) => id !== comment.id && id !== instead);
  margin.items.value = [...others, comment].sort(byMoment);
}

function drop(margin, id) {
  if (margin.items.peek()) margin.items.value = margin.items.peek().filter((comment) => comment.id !== id);
}

/** Ask for all that there are; what was missed while the line was down comes this way too. */
export async function loadComments(track) {
  const margin = commentsOf(track);
  const before = new Set(margin.items.peek()?.map(({ id }) => id));
  try {
    const found = [];
    let cursor = null;
    do {
      const page = await api.listComments(track, { cursor, limit: PAGE });
      found.push(...page.items);
      cursor = page.next;
    } while (cursor && found.length < MAX_SHOWN);
    const known = new Set(found.map(({ id }) => id));
    // What was said since we asked may be younger than the answer.
    const younger = (margin.items.peek() ?? []).filter(({ id, pending }) => !known.has(id) && (pending || !before.has(id)));
    batch(() => {
      margin.items.value = [...found, ...younger].sort(byMoment);
      margin.cut.value = cursor !== null;
      margin.error.value = null;
    });
  } catch (error) {
    margin.error.value = error.message;
  }
}

/** Say something at a moment. It is shown at once; rejects with a Problem, and is gone again, when the server refuses. */
export async function comment(track, at_ms, body) {
  const margin = commentsOf(track);
  const own = { id: `~${(sent += 1)}`, track, at_ms, body, author: { id: me.peek(), name: name.peek() }, created_at: Date.now(), pending: true };
  put(margin, own);
  try {
    put(margin, await api.addComment(track, { at_ms, body, name: name.peek() }, identity()), own.id);
  } catch (error) {
    drop(margin, own.id);
    throw error;
  }
}

/** Take a comment away. It is back, and a Problem thrown, when the server refuses. */
export async function uncomment(gone) {
  const margin = commentsOf(gone.track);
  drop(margin, gone.id);
  try {
    await api.deleteComment(gone.track, gone.id, identity());
  } catch (error) {
    if (error.status === 404) return; // it went before
    put(margin, gone);
    throw error;
  }
}

socket.on("comment", ({ comment: fresh }) => {
  const margin = margins.get(fresh.track);
  if (!margin) return;
  // Our own may be pushed before its request is answered.
  const own = margin.items.peek()?.find(
    ({ pending, at_ms, body }) => pending && fresh.author.id === me.peek() && at_ms === fresh.at_ms && body === fresh.body,
  );
  put(margin, fresh, own?.id);
});
socket.on("uncomment", ({ track, id }) => margins.has(track) && drop(margins.get(track), id));

/** What was said last before a moment, and not long ago; undefined if nothing was. */
export function saidAt(items, at_ms, within_ms) {
  const said = items.findLast((each) => each.at_ms <= at_ms);
  return said && at_ms - said.at_ms < within_ms ? said : undefined;
}

/** Neighbours that would cover each other, `[{at_ms, comments}]`; `apart_ms` is how far two have to be from one another. */
export function clusters(items, apart_ms) {
  const found = [];
  for (const each of items) {
    const last = found.at(-1);
    if (last && each.at_ms - last.at_ms < apart_ms) last.comments.push(each);
    else found.push({ at_ms: each.at_ms, comments: [each] });
  }
  return found;
}
