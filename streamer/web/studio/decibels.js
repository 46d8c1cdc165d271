// Levels as meters show them. Pure.

export const FLOOR_DB = -60;
// What a meter keeps in sight, and how it lets go of it.
const HOLD_MS = 1_500;
const FALL_DB_PER_S = 24;

export const asDb = (level) => (level > 0 ? Math.max(FLOOR_DB, 20 * Math.log10(level)) : FLOOR_DB);
/** Where a level stands on a meter, 0 to 1: the loud half of the scale has most of it. */
export const share = (db) => Math.max(0, Math.min(1, (db - FLOOR_DB) / -FLOOR_DB)) ** 1.6;

/** What one channel of a meter shows: it rises at once, and falls slowly; its peak stays for a moment. */
export class Needle {
  level = FLOOR_DB;
  peak = FLOOR_DB;
  #at = null;
  #peakAt = 0;

  /** `db` at time `now`, milliseconds. */
  move(db, now) {
    const fall = this.#at === null ? 0 : ((now - this.#at) / 1000) * FALL_DB_PER_S;
    this.#at = now;
    this.level = Math.max(db, this.level - fall, FLOOR_DB);
    if (db >= this.peak) [this.peak, this.#peakAt] = [db, now];
    else if (now - this.#peakAt > HOLD_MS) this.peak = Math.max(this.level, this.peak - fall);
  }
}
