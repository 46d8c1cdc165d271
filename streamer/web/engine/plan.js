// What to do next so that the sound goes on: a verdict, and no doing. Pure. Times are seconds on the element's
// clock, which runs through all tracks of a run; a track's own times are behind the `start` of its entry.

// Browsers round the ends of what they hold to microseconds.
const ROUNDING_S = 0.002;
const TOUCHING_S = 0.1;

/** Where the sound that holds `time` ends; `time` itself if there is none. */
export function soundUntil(ranges, time) {
  let until = time;
  for (const [from, to] of ranges) {
    if (to > until && from <= until + (until === time ? TOUCHING_S : ROUNDING_S)) until = to;
  }
  return until;
}

/** The entry whose sound is at `time`: the last that has begun. */
export function entryAt(entries, time) {
  return entries.findLast((entry) => entry.start <= time + ROUNDING_S) ?? entries[0];
}

/** When a cursor's segment begins; the end of the track for one behind its last. */
export function timeOf({ entry, index }) {
  const segments = entry.list.segments;
  return entry.start + (segments[index]?.at ?? entry.list.duration);
}

/** The segment that has what sounds at `time`: `{entry, index}`; index may be one behind the last. */
export function locate(entries, time) {
  const entry = entryAt(entries, time);
  if (!entry.list) return { entry, index: 0 };
  const within = time - entry.start;
  const index = entry.list.segments.findIndex((segment) => segment.end > within + ROUNDING_S);
  return { entry, index: index < 0 ? entry.list.segments.length : index };
}

/**
 * Decide.
 *
 * @param entries `[{start, list}]` in playing order; `list` is a media playlist, or null before it was loaded.
 * @param time where the sound is, or is about to go on.
 * @param ranges `[[from, to]]` that the browser holds.
 * @param cursor the segment behind the one that was appended last, or null. It is believed as long as the sound in
 *     hand ends where it begins; after a jump, or when the browser dropped something, the place is found anew.
 * @param most `{seconds, bytes}` to have ahead; `bytesAhead` is what there is.
 * @param hasMore whether a track waits to be put behind the last entry.
 *
 * @returns `{act}` with `entry` and `index` where they mean something:
 *     "rest" enough is ahead; "load" the entry's playlist is missing; "append" a segment; "reload" the playlist, it
 *     has grown or will; "place" the next track; "end" all sound is there.
 */
export function plan({ entries, time, ranges, cursor, most, bytesAhead, hasMore }) {
  const reached = soundUntil(ranges, time);
  const known = cursor?.entry.list && entries.includes(cursor.entry) && Math.abs(timeOf(cursor) - reached) < TOUCHING_S;
  let { entry, index } = known ? cursor : locate(entries, reached);
  for (;;) {
    if (entry.list && index < entry.list.segments.length) break;
    const next = entries[entries.indexOf(entry) + 1];
    if (!entry.list?.complete || !next) break;
    [entry, index] = [next, 0];
  }
  if (entry.list?.complete && index >= entry.list.segments.length && !hasMore) return { act: "end", entry };
  if (reached - time >= most.seconds || (bytesAhead >= most.bytes && reached > time)) return { act: "rest" };
  if (!entry.list) return { act: "load", entry, index: 0 };
  if (index < entry.list.segments.length) return { act: "append", entry, index };
  return { act: entry.list.complete ? "place" : "reload", entry, index };
}
