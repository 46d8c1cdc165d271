// Every track as loud as the others, whoever mastered it.

/** EBU R128's measure; what streaming to phones and laptops aims at. */
const TARGET_LUFS = -16;

const amplitude = (decibels) => 10 ** (decibels / 20);

/**
 * What a track's samples are multiplied by. Never so much that a peak, between samples too, would clip:
 * a quiet recording with loud peaks stays below the target.
 */
export function evenGain(loudness) {
  if (typeof loudness?.integrated_lufs !== "number") return 1;
  const wanted = amplitude(TARGET_LUFS - loudness.integrated_lufs);
  return Math.min(wanted, amplitude(-(loudness.true_peak_dbtp ?? 0)));
}
