// The words of what is live, which come with it; see en.js.
export default {
  "live.away": "The broadcaster’s line dropped. Back in a moment.",
  "live.beginning": "From the beginning",
  "live.beginning_soon": "The recording of this show can’t be played yet. Try again in a moment.",
  "live.behind": "{seconds} s behind",
  "live.by": "{name} is live",
  "live.edge": "Go to where the show is now",
  "live.ended": "The show has ended",
  "live.mark": "Live",
  "live.now": "Live now",
  "live.play": "Listen to the show in #{room}",
  "live.recording": "Listen to the recording",
  "live.stage": "The show",
  "live.stop": "Stop listening to the show in #{room}",
};
