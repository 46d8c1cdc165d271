// Every track as loud as the others, whoever mastered it; but within an album as its makers wanted it.

/** EBU R128's measure; what streaming to phones and laptops aims at. */
const TARGET_LUFS = -16;

const amplitude = (decibels) => 10 ** (decibels / 20);

/**
 * Which loudness counts for a track: its album's if it plays beside another track of that album, else its own.
 *
 * A quiet song on a loud album is meant to be quiet, and a record that runs on from one track into the next must not
 * change its level there. Alone, among others, a track is measured by itself.
 *
 * @param neighbours the tracks before and after it in the queue, as far as they are known.
 */
export function loudnessOf(track, neighbours) {
  const album = track.links.album;
  const inAlbum = album && track.album_loudness && neighbours.some((other) => other?.links.album === album);
  return inAlbum ? track.album_loudness : track.loudness;
}

/**
 * What a track's samples are multiplied by. Never so much that a peak, between samples too, would clip:
 * a quiet recording with loud peaks stays below the target.
 */
export function evenGain(loudness) {
  if (typeof loudness?.integrated_lufs !== "number") return 1;
  const wanted = amplitude(TARGET_LUFS - loudness.integrated_lufs);
  return Math.min(wanted, amplitude(-(loudness.true_peak_dbtp ?? 0)));
}
