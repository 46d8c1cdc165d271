// The show one listens to, as signals. It goes on when the screen changes.
import { batch, effect, signal, untracked } from "@preact/signals";

import { enter } from "./chat/rooms.js";
import { LiveBar } from "./components/live/live_bar.js";
import { LiveSound } from "./engine/live.js";
import { name, socket } from "./line.js";
import { isOn, liveOf, look } from "./live.js";
import { instead } from "./on_air.js";
import * as player from "./player.js";
import { loadTrack, trackSignal } from "./tracks.js";

/** The room whose show is, or was, heard. */
export const tuned = signal(null);
export const playing = signal(false);
export const waiting = signal(false);
/** Seconds between what is heard and what is played; null while nobody knows. */
export const behind = signal(null);
/** Why it has failed, as `LiveSound` has it; null while it has not. */
export const failure = signal(null);
/** `{text, artist, title}` of what is heard, whatever the delay; null when nobody said. */
export const heard = signal(null);

let sound = null;
let unlook = () => {};
let leave = () => {};
let forget = () => {};

/** Hear a room's show, from where it is now. */
export function tuneIn(room) {
  if (player.playing.peek()) player.toggle();
  if (tuned.peek() !== room) {
    unlook();
    unlook = look(room);
  }
  stay(room);
  batch(() => {
    [tuned.value, playing.value, waiting.value, behind.value, failure.value] = [room, true, true, null, null];
    instead.value = { Bar: LiveBar, toggle, metadata, isPlaying: playing };
  });
  open();
}

/** Who is in the room hears it soonest, also from another screen; who has no name yet is in no room. */
function stay(room) {
  const left = leave;
  leave = room && name.peek() ? enter(room) : () => {};
  left();
}

function open() {
  close();
  const live = liveOf(tuned.peek());
  if (!isOn(live.peek())) return; // it is opened when there is something to hear
  const opened = (sound = new LiveSound());
  sound.addEventListener("state", () => opened === sound && follow());
  sound.addEventListener("delay", () => (behind.value = opened === sound ? Math.max(0, sound.delay_s) : null));
  level();
  sound.play(tuned.peek(), socket, { hls: () => live.peek().links.hls });
}

function follow() {
  if (sound.state === "failed") {
    failure.value = sound.reason;
    pause(); // the browser wants a click first, or can't play at all
  } else if (sound.state === "waiting") isOn(liveOf(tuned.peek()).peek()) ? (waiting.value = true) : over();
  else waiting.value = sound.state !== "playing";
}

function close() {
  const closed = sound;
  sound = null;
  closed?.stop();
}

/** Hear nothing. What is on goes on without us. */
export function pause() {
  close();
  stay(null);
  batch(() => {
    [playing.value, waiting.value, behind.value] = [false, false, null];
  });
}

function over() {
  pause();
  instead.value = null;
}

export const toggle = () => (playing.peek() ? pause() : tuneIn(tuned.peek()));
/** Go to where the show is now. */
export const toEdge = () => sound?.toEdge();

/** Hear the show from its beginning, while it runs: it is a track already. Rejects with a Problem. */
export async function fromBeginning(room) {
  const { show } = liveOf(room).peek();
  await loadTrack(show);
  const track = trackSignal(show).peek();
  if (track?.playable) player.play(track);
  return Boolean(track?.playable);
}

function level() {
  if (!sound) return;
  sound.volume = player.muted.peek() ? 0 : player.volume.peek() ** 2;
}

function metadata() {
  const [live, title] = [liveOf(tuned.value).value, heard.value];
  return { title: title?.title ?? title?.text ?? live?.name ?? tuned.value, artist: title?.artist ?? live?.host?.name ?? "", album: `#${tuned.value}` };
}

effect(() => {
  void [player.volume.value, player.muted.value];
  untracked(level);
});
// One thing sounds at a time: what was chosen last.
effect(() => {
  if (!player.playing.value) return;
  untracked(() => {
    if (playing.peek()) pause();
    instead.value = null;
  });
});
// A show that begins, or another one, is heard by who waits for it; what is over ends.
let show = null;
effect(() => {
  const live = tuned.value === null ? null : liveOf(tuned.value).value;
  const now = isOn(live) ? live.show : null;
  if (now === show) return;
  show = now;
  untracked(() => playing.peek() && (now ? open() : (sound && sound.state !== "waiting") || over())); // what is on its way is heard to its end
});
// A title is shown when it is heard.
effect(() => {
  const title = tuned.value === null ? null : (liveOf(tuned.value).value?.title ?? null);
  forget();
  forget = () => {};
  if (!title) return void (heard.value = null);
  untracked(() => (forget = socket.media.onMedia(title.media, () => (heard.value = title))));
});
