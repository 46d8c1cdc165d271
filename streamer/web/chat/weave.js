// Where messages that were looked for belong among those that are shown. Pure, as log.js.
import { asEntry, asGap } from "./log.js";

/**
 * The entries with a page of messages, as they stand now, among them; what lies between is a gap.
 *
 * Args:
 *   page: the messages with the greatest seqs below `before`, oldest first, and nothing between them left out.
 *   more: there is something before them.
 *   before: not beyond what is shown last.
 */
export function weave(entries, page, { before, more }) {
  const start = page[0]?.seq ?? before;
  const shown = entries.findIndex(({ seq }) => seq !== undefined);
  const first = entries[shown]?.seq ?? Infinity;
  const index = entries.findIndex(({ kind, from, to }) => kind === "gap" && from < before && to >= start);
  const hole = index < 0 ? { from: start, to: first - 1 } : entries[index];
  const inside = page.filter(({ seq }) => seq >= hole.from && seq <= hole.to);
  if (!inside.length) return entries;
  const gaps = (from, to) => (from <= to ? [asGap(from, to)] : []);
  const ahead = index < 0 ? [] : more ? gaps(hole.from, start - 1) : [];
  const behind = hole.to === Infinity ? [] : gaps(before, hole.to);
  const at = index < 0 ? Math.max(shown, 0) : index;
  return entries.toSpliced(at, index < 0 ? 0 : 1, ...ahead, ...inside.map(asEntry), ...behind);
}
