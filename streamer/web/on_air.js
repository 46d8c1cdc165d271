// Whether this page broadcasts, for parts that are there before anybody does; `studio/broadcast.js` does it.
import { signal } from "@preact/signals";

/** The room one broadcasts to, or null. */
export const onAir = signal(null);
