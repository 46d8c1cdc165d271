// Tracks in an order that a person asked for.
import { language } from "./i18n.js";
import { durationOf } from "./player.js";
import { trackSignal } from "./tracks.js";

const words = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
const MEASURES = {
  title: (track) => track.title,
  artist: (track) => track.artist,
  album: (track) => track.album,
  added: (track) => track.created_at,
  length: durationOf,
};

function compare(one, other) {
  return typeof one === "string" ? words.compare(one, other) : one - other;
}

/** Ids in order. Equal ones stay as they were; what has nothing to go by comes last, whichever way the list is turned. */
export function ordered(ids, { by, down }) {
  const entries = ids.map((id) => {
    const track = trackSignal(id).peek();
    return { id, value: (track && MEASURES[by](track)) || null };
  });
  const [told, silent] = [entries.filter(({ value }) => value !== null), entries.filter(({ value }) => value === null)];
  told.sort((one, other) => (down ? -1 : 1) * compare(one.value, other.value));
  return [...told, ...silent].map(({ id }) => id);
}
