// How fast to play so that as much is kept in hand as shall be, no more and no less. Pure: levels and times in, a rate out.

/** Seconds that shall be in hand when least is: just before more comes. */
export const TARGET_S = 0.12;
const MAX_TARGET_S = 1.5;
/** After the sound has run out, this much more is kept in hand; and after quiet minutes so much less again. */
const STEP_UP_S = 0.06;
const STEP_DOWN_S = 0.03;
const QUIET_S = 60;
/** Off by more, the pace changes, until it is off by less than the other: so it does not change all the time. */
const OFF_S = 0.06;
const NEAR_S = 0.015;
/** Nobody hears that music is 3 % faster or slower for a while. */
const MAX_OFF_PACE = 0.03;
const PACE_PER_S = 0.15;
/** So far beyond what shall be in hand, catching up would take long: what is too much is left out. */
const BEYOND_S = 0.6;
/** So soon after a silence leaving something out disturbs less than being late. */
const FRESH_S = 3;
const BEYOND_FRESH_S = 0.15;
const WINDOW_S = 0.5;

export class Pace {
  #lows = [Infinity, Infinity];
  #since_s = null;
  #quiet_s = 0;
  #began_s = -Infinity;
  #correcting = false;

  #least_s;

  rate = 1;

  /** `target_s`: what shall be in hand on a steady line. */
  constructor(target_s = TARGET_S) {
    this.#least_s = this.target_s = target_s;
  }

  /** So much is in hand now. Returns how many seconds are to be left out, most often 0. */
  see(level_s, now_s) {
    this.#since_s ??= this.#quiet_s = now_s;
    this.#lows[0] = Math.min(this.#lows[0], level_s);
    if (now_s - this.#since_s < WINDOW_S) return 0;
    this.#since_s = now_s;
    const low_s = Math.min(...this.#lows);
    this.#lows = [Infinity, this.#lows[0]];
    if (now_s - this.#quiet_s >= QUIET_S) {
      this.#quiet_s = now_s;
      this.target_s = Math.max(this.#least_s, this.target_s - STEP_DOWN_S);
    }
    return this.#judge(low_s - this.target_s, now_s - this.#began_s < FRESH_S ? BEYOND_FRESH_S : BEYOND_S);
  }

  /** The sound ran out: the line is less steady than was thought. */
  ranOut(now_s) {
    this.target_s = Math.min(MAX_TARGET_S, this.target_s + STEP_UP_S);
    this.#quiet_s = now_s;
    this.began(now_s);
  }

  /** Playing begins, with `target_s` in hand. */
  began(now_s) {
    this.#lows = [Infinity, Infinity];
    this.#since_s = this.#began_s = now_s;
    this.#correcting = false;
    this.rate = 1;
  }

  #judge(off_s, beyond_s) {
    if (off_s > beyond_s) {
      this.#lows = [Infinity, Infinity];
      this.#correcting = false;
      this.rate = 1;
      return off_s;
    }
    if (Math.abs(off_s) > OFF_S) this.#correcting = true;
    else if (Math.abs(off_s) < NEAR_S) this.#correcting = false;
    const change = Math.max(-MAX_OFF_PACE, Math.min(MAX_OFF_PACE, off_s * PACE_PER_S));
    this.rate = this.#correcting ? 1 + change : 1;
    return 0;
  }
}
