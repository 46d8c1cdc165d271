// What is live on this page, for parts that are there before anything is.
import { signal } from "@preact/signals";

/** The room one broadcasts to, or null; `studio/broadcast.js` sees to it. */
export const onAir = signal(null);
/**
 * What is heard instead of the queue, or null: `Bar`, the player bar for it, `toggle()`, `metadata()` for the lock
 * screen, and `isPlaying`, a signal. `listening.js` sees to it.
 */
export const instead = signal(null);
