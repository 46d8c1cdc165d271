// Which track is where on the clock of an element that plays one after the other. Pure.
import { entryAt } from "./plan.js";

const BEHIND_ENTRIES = 1;

/**
 * Entries in playing order; each has its `source` and the `start` of its track. The first starts at 0, every other one
 * at the moment at which the sound of the one before ends, so that there is not a sample between them.
 */
export class Timeline {
  #sourceOf;

  /** `sourceOf(track)` makes what an entry's `list` comes from. */
  constructor(track, sourceOf) {
    this.#sourceOf = sourceOf;
    this.entries = [this.#entry(track, 0)];
    this.current = this.entries[0];
    /** Tracks that wait to be placed. */
    this.waiting = [];
  }

  get last() {
    return this.entries.at(-1);
  }

  /** The entry behind the one that sounds. */
  get next() {
    return this.entries[this.entries.indexOf(this.current) + 1];
  }

  /** When all sound ends; Infinity while the last track's length is not known. */
  get end() {
    const { start, list } = this.last;
    return list?.complete ? start + list.duration : Infinity;
  }

  /** Put the next track behind the last entry, whose length is known. */
  place() {
    this.entries.push(this.#entry(this.waiting.shift(), this.end));
  }

  /** What comes after the track that sounds. Returns the entries that this takes away. */
  follow(tracks) {
    const next = this.entries.indexOf(this.current) + 1;
    const placed = this.entries.slice(next);
    let same = 0;
    for (; same < placed.length && placed[same].source.track.id === tracks[same]?.id; same += 1) placed[same].source.track = tracks[same];
    this.waiting = tracks.slice(same);
    return this.entries.splice(next + same);
  }

  /** A track has grown. */
  learn(track) {
    for (const { source } of this.entries) if (source.track.id === track.id) source.track = track;
    this.waiting = this.waiting.map((each) => (each.id === track.id ? track : each));
  }

  /** The sound is at `time`. Returns the track that it has passed into, or null. */
  pass(time) {
    const entry = entryAt(this.entries, time);
    if (entry === this.current) return null;
    this.current = entry;
    this.entries.splice(0, Math.max(0, this.entries.indexOf(entry) - BEHIND_ENTRIES));
    return entry.source.track;
  }

  /** Be at a track that stands here: ahead, if it stands there twice. Returns whether it does. */
  turn(id) {
    const here = this.entries.indexOf(this.current);
    const found = [...this.entries.slice(here), ...this.entries.slice(0, here)].find(({ source }) => source.track.id === id);
    if (found) this.current = found;
    return found !== undefined;
  }

  #entry(track, start) {
    const source = this.#sourceOf(track);
    return {
      source,
      start,
      get list() {
        return source.list;
      },
    };
  }
}
