// Media keys, the lock screen and headphones.
import { effect } from "@preact/signals";

import { instead } from "./on_air.js";
import * as player from "./player.js";

const ACTIONS = {
  play: () => (instead.peek() ?? player).toggle(),
  pause: () => (instead.peek() ?? player).toggle(),
  nexttrack: () => player.step(1),
  previoustrack: () => player.step(-1),
  seekbackward: ({ seekOffset = 5 }) => player.seekBy(-seekOffset),
  seekforward: ({ seekOffset = 5 }) => player.seekBy(seekOffset),
  seekto: ({ seekTime }) => player.seek(seekTime),
};

export function startMediaSession() {
  const session = navigator.mediaSession;
  if (!session) return;
  for (const [action, run] of Object.entries(ACTIONS)) {
    try {
      session.setActionHandler(action, run);
    } catch {
      // This browser has no such key.
    }
  }
  effect(() => {
    const track = player.current.value;
    if (instead.value) return void (session.metadata = new MediaMetadata(instead.value.metadata()));
    session.metadata = track
      ? new MediaMetadata({
          title: track.title,
          artist: track.artist ?? "",
          album: track.album ?? "",
          artwork: track.links.cover ? [{ src: track.links.cover }] : [],
        })
      : null;
  });
  effect(() => {
    if (instead.value) return void (session.playbackState = instead.value.isPlaying.value ? "playing" : "paused");
    session.playbackState = player.playing.value ? "playing" : player.current.value ? "paused" : "none";
  });
  effect(() => {
    const [duration, position] = [player.duration.value, Math.floor(player.position.value)];
    if (instead.value) session.setPositionState();
    else if (duration > 0) session.setPositionState({ duration, position: Math.min(position, duration), playbackRate: 1 });
  });
}
