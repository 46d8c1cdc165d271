// How fast the line is, and which rendition suits it. Pure: the clock is an argument.

const HALF_LIVES_S = [2, 8];
const TRUSTED_BYTES = 64_000;
// A rendition may take this much of what the line gives; to climb, the line has to give more than to stay.
const SHARE_TO_STAY = 0.9;
const SHARE_TO_CLIMB = 0.6;
// With so much in hand there is time to try a richer one; with less, to be careful.
const COMFORT_S = 8;
const MIN_SAMPLE_S = 0.001;

/** What the line gives, from what it gave: two running means, and the more careful of them. */
export class Meter {
  #means = HALF_LIVES_S.map((halfLife) => ({ halfLife, sum: 0, weight: 0 }));
  #bytes = 0;

  add(bytes, seconds) {
    const took = Math.max(seconds, MIN_SAMPLE_S);
    this.#bytes += bytes;
    for (const mean of this.#means) {
      const keep = 0.5 ** (took / mean.halfLife);
      mean.sum = mean.sum * keep + ((bytes * 8) / took) * (1 - keep);
      mean.weight = mean.weight * keep + (1 - keep);
    }
  }

  /** Bits per second, or null where nothing is known. */
  get rate() {
    if (this.#bytes < TRUSTED_BYTES) return null;
    return Math.min(...this.#means.map(({ sum, weight }) => sum / weight));
  }
}

const isAac = ({ codecs }) => codecs.startsWith("mp4a");
/** FLAC: its last frame is as short as it says, where that of any other codec has padding in it. */
export const isExact = ({ codecs }) => codecs === "fLaC";

/**
 * The rendition to take the next segment from.
 *
 * AAC adapts to the line, from one segment to the next. FLAC is taken when it is wanted and the line has room for
 * it; a change of codec in mid-track costs the first frame behind it, so it is left only for want of a line.
 *
 * @param renditions as the multivariant playlist has them: the first is the one to begin with.
 * @param rate bits per second the line gives, or null.
 * @param current the rendition in use, or null.
 * @param ahead seconds of sound in hand.
 */
export function choose(renditions, { rate, current = null, ahead = 0, lossless = false }) {
  const flac = lossless ? renditions.find(isExact) : undefined;
  if (flac && (rate === null || fits(flac, { rate, current, ahead }))) return flac;
  const aac = renditions.filter(isAac);
  const usable = aac.length ? aac : renditions;
  if (rate === null) return usable.includes(current) ? current : usable[0];
  const rising = [...usable].sort((one, other) => one.bandwidth - other.bandwidth);
  return rising.findLast((each) => fits(each, { rate, current, ahead })) ?? rising[0];
}

function fits({ bandwidth }, { rate, current, ahead }) {
  const climbs = !current || bandwidth > current.bandwidth;
  return bandwidth <= rate * (climbs || ahead < COMFORT_S ? SHARE_TO_CLIMB : SHARE_TO_STAY);
}

/** Whether a download will end after the sound in hand has, so that a poorer rendition had better be fetched. */
export function isHopeless({ received, size, seconds, ahead }) {
  if (seconds < 1) return false;
  const left = received ? ((size - received) / received) * seconds : Infinity;
  return left > Math.max(ahead, 1);
}
