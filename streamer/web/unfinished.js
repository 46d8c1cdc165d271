// Uploads that a reload, or the end of the browser, left behind: the page can't keep files, but it knows where they go on.
import { shared, tab } from "./store.js";

const KEY = "uploads";
/** Another tab that is sending says so more often than this. */
const SILENT_MS = 15_000;
const SAY_MS = 3000;
const here = tab.read("id", null) ?? crypto.getRandomValues(new Uint32Array(2)).join("-");
tab.write("id", here);

/** The same file, as far as a page can tell. */
export const sameFile = (one, other) =>
  one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;

const all = () => shared.read(KEY, []).filter((entry) => !(entry.expires < Date.now()));

/** `{ref, url, name, size, lastModified, sent}` of each that nobody sends. */
export const leftBehind = () => all().filter((entry) => entry.tab === here || entry.at < Date.now() - SILENT_MS);

/** Note where a file goes on, and how far it is. */
export function remember({ ref, url, file, sent, expires }) {
  const { name, size, lastModified } = file;
  const entry = { ref, url, name, size, lastModified, sent, expires, tab: here, at: Date.now() };
  shared.write(KEY, [...all().filter((other) => other.ref !== ref), entry]);
}

/** Note progress now and then. */
export function progress(ref, sent) {
  const entries = all();
  const entry = entries.find((each) => each.ref === ref);
  if (!entry || Date.now() - entry.at < SAY_MS) return;
  Object.assign(entry, { sent, at: Date.now() });
  shared.write(KEY, entries);
}

export const forget = (ref) => shared.write(KEY, all().filter((entry) => entry.ref !== ref));
