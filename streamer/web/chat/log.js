// What a room shows, made of what its log says. Pure: entries in, entries out; nothing is changed in place.
//
// An entry is `{kind, key, ...}` of kind "message", "system", "presence", "notice", "unread" or "gap". Messages carry what became
// of them: `edited_at`, `deleted_at`, `reactions` (`{emoji, count, people}`), `pinned`.

// Beyond it the oldest go; who scrolls back gets them again.
export const SHOWN_LIMIT = 3000;

const CHANGES = {
  edited: (message, { body, at, mentions, track }) => ({ ...message, body, edited_at: at, mentions, track }),
  deleted: ({ pinned: _, ...message }, { at }) => ({ ...message, body: "", deleted_at: at, reactions: [] }),
  reacted: (message, { emoji, author }) => ({ ...message, reactions: added(message.reactions ?? [], emoji, author) }),
  unreacted: (message, { emoji, author }) => ({ ...message, reactions: removed(message.reactions ?? [], emoji, author) }),
  pinned: (message) => ({ ...message, pinned: true }),
  unpinned: ({ pinned: _, ...message }) => message,
};
/** Types of frames that are entries of the log. */
export const LOGGED = ["message", "system", ...Object.keys(CHANGES)];

function added(reactions, emoji, author) {
  const mine = reactions.find((each) => each.emoji === emoji);
  if (!mine) return [...reactions, { emoji, count: 1, people: [author] }];
  if (mine.people.some(({ id }) => id === author.id)) return reactions;
  return reactions.map((each) => (each === mine ? { emoji, count: each.count + 1, people: [...each.people, author] } : each));
}

function removed(reactions, emoji, author) {
  const others = (people) => people.filter(({ id }) => id !== author.id);
  return reactions
    .map((each) => (each.emoji === emoji ? { ...each, count: each.count - 1, people: others(each.people) } : each))
    .filter(({ count }) => count > 0);
}

/** A frame of the log as it is shown, or null when it only changes another. */
export function asEntry(frame) {
  const kind = frame.type ?? "message";
  return kind === "message" || kind === "system" ? { ...frame, kind, key: `m${frame.seq}` } : null;
}

/** The entries after one more frame of the log. */
export function apply(entries, frame) {
  const entry = asEntry(frame);
  if (entry) {
    const last = entries.findLast(({ seq }) => seq !== undefined);
    if (last?.seq >= entry.seq) entry.key = `m${frame.id}`; // it has no number of its own
    return [...counted(entries, entry.thread, 1), entry].slice(-SHOWN_LIMIT);
  }
  const index = entries.findLastIndex((each) => each.kind === "message" && each.id === frame.id);
  if (index < 0 || !CHANGES[frame.type] || (entries[index].deleted_at && frame.type !== "deleted")) return entries;
  const { thread, deleted_at: gone } = entries[index];
  const changed = entries.with(index, CHANGES[frame.type](entries[index], frame));
  return frame.type === "deleted" && !gone ? counted(changed, thread, -1) : changed;
}

/** The entries after a thread has become longer or shorter. */
function counted(entries, thread, by) {
  const index = thread ? entries.findLastIndex(({ id }) => id === thread) : -1;
  return index < 0 ? entries : entries.with(index, { ...entries[index], replies: Math.max(0, (entries[index].replies ?? 0) + by) });
}

export const applyAll = (entries, frames) => frames.reduce(apply, entries);

/** What is pinned after one more frame; a pin of what is not shown is known by its id alone. */
export function applyToPins(pins, entries, frame) {
  const others = pins.filter(({ id }) => id !== frame.id);
  if (frame.type === "pinned") return [...others, entries.find(({ id }) => id === frame.id) ?? { id: frame.id, seq: frame.of }];
  if (frame.type === "unpinned" || frame.type === "deleted") return others;
  if (frame.type === "edited") return pins.map((pin) => (pin.id === frame.id && pin.author ? CHANGES.edited(pin, frame) : pin));
  return pins;
}

/** Older messages, as they stand now, before those that are shown. */
export function prepend(entries, older) {
  const first = entries.find(({ seq }) => seq !== undefined)?.seq ?? Infinity;
  return [...older.filter(({ seq }) => seq < first).map(asEntry), ...entries];
}

/** Messages where a gap was; what still lies before them stays a gap. `more`: there is something before them. */
export function fill(entries, gap, messages, more) {
  const index = entries.indexOf(gap);
  if (index < 0) return entries;
  const inside = messages.filter(({ seq }) => seq >= gap.from && seq <= gap.to);
  const first = inside[0]?.seq ?? gap.from;
  const rest = more && first > gap.from ? [asGap(gap.from, first - 1)] : [];
  return [...entries.slice(0, index), ...rest, ...inside.map(asEntry), ...entries.slice(index + 1)];
}

/** With a mark before the first message of others that was not read; none where nothing was read yet. */
export function marked(entries, read, me) {
  const index = entries.findIndex((entry) => entry.kind === "message" && entry.seq > read && entry.author.id !== me);
  return read && index > 0 ? entries.toSpliced(index, 0, { kind: "unread", key: "unread" }) : entries;
}

/** Messages `from` to `to` that could not be replayed; from 0 on when the log began anew. */
export const asGap = (from, to) => ({ kind: "gap", key: `g${from}-${to}`, from, to });
