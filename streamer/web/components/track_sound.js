import { playTime } from "../format.js";
import { html } from "../html.js";
import * as player from "../player.js";
import { CommentLane } from "./comment_lane.js";
import { PlayButton } from "./play_button.js";
import { SeekWave, seekIn } from "./waveform.js";

/** A track's sound to the eye: play, the waveform that is the seek bar, and who said what where. */
export function TrackSound({ track, items }) {
  return html`<div class="track-wave">
    <${PlayButton} track=${track} className="large" size="30" />
    <div class="track-sound">
      <${SeekWave} track=${track} />
      <${CommentLane} track=${track} items=${items} onSeek=${(to) => seekIn(track, to)} />
      <${Times} track=${track} />
    </div>
  </div>`;
}

function Times({ track }) {
  const here = player.currentId.value === track.id;
  const second = here ? Math.floor(player.position.value) : 0;
  return html`<p class="track-times" aria-hidden="true"><span>${playTime(second)}</span><span>${playTime(player.durationOf(track))}</span></p>`;
}
