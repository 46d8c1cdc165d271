// Short words about what was just done, or could not be.
import { signal } from "@preact/signals";

const SHOWN_MS = 5000;
const MAX_SHOWN = 3;

/** `{key, text, bad, link, about}`, newest last. */
export const notices = signal([]);
let count = 0;

export const dismiss = (key) => (notices.value = notices.peek().filter((notice) => notice.key !== key));

/**
 * Say it. A failure stays until it is closed, and what `stays`; `link` is `{href, text}`, and the next one
 * `about` the same takes its place.
 */
export function tell(text, { bad = false, stays = bad, link = null, about = null } = {}) {
  const key = (count += 1);
  const others = notices.peek().filter((notice) => !about || notice.about !== about);
  notices.value = [...others, { key, text, bad, link, about }].slice(-MAX_SHOWN);
  if (!stays) setTimeout(() => dismiss(key), SHOWN_MS);
}
