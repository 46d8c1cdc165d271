// One audio element with what feeds it. The player has two, like a DJ: one plays, the other is cued up.
const PREPARED_S = 8;
const PLAYING_S = 60;
const BEHIND_S = 120;
const NETWORK_RETRIES = 4;
const RETRY_MS = 1000;
// hls.js mends a media element that fails by attaching it anew, for ever: a browser without a sound device never plays.
const MAX_FAULTS = 5;
// hls.js reloads a growing playlist once a segment; a push of the server's gets there first when sound runs out.
const HUNGRY_S = 6;

let hlsModule = null;

/** Fetch hls.js, once. Worth doing before anybody presses play. */
export const loadHls = () =>
  (hlsModule ??= import("hls.js").catch((error) => {
    hlsModule = null;
    throw error;
  }));

export class Deck {
  #hls = null;
  #retries = 0;
  #recovered = false;
  #faults = 0;
  #load = 0;
  #reloaded = 0;
  #sought = null;
  #onError;

  /** `onError(deck, kind)`: `kind` is "network", "media" or "unsupported"; playing can't go on. */
  constructor(onError) {
    this.track = null;
    this.#onError = onError;
    this.audio = document.createElement("audio");
    this.audio.preload = "auto";
    this.audio.addEventListener("error", () => {
      this.#faults += 1;
      if (this.track && (!this.#hls || this.#faults > MAX_FAULTS)) this.#onError(this, "media");
    });
    this.audio.addEventListener("durationchange", () => this.#sought !== null && this.seek(this.#sought));
    document.body.append(this.audio);
  }

  /** Get a track ready at `at` seconds, without playing. */
  async cue(track, at = 0) {
    this.eject();
    this.#faults = 0;
    this.track = track;
    const load = (this.#load += 1);
    let Hls;
    try {
      Hls = (await loadHls()).default;
    } catch {
      if (load === this.#load) this.#onError(this, "network");
      return;
    }
    if (load !== this.#load) return;
    if (Hls.isSupported()) this.#attach(Hls, track, at);
    else if (this.audio.canPlayType("application/vnd.apple.mpegurl")) {
      this.audio.src = track.links.hls;
      if (at) this.audio.currentTime = at;
    } else this.#onError(this, "unsupported");
  }

  #attach(Hls, track, at) {
    const hls = new Hls({
      enableWorker: false, // fMP4 is passed on as it is, and the policy allows no blob: worker
      startPosition: at, // a growing playlist would otherwise start near its end
      lowLatencyMode: false,
      maxBufferLength: PREPARED_S,
      maxMaxBufferLength: BEHIND_S,
      backBufferLength: BEHIND_S,
    });
    this.#hls = hls;
    this.#retries = 0;
    this.#recovered = false;
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.#choose(hls));
    hls.on(Hls.Events.FRAG_BUFFERED, () => (this.#retries = 0));
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.fatal) this.#recover(hls, data.type === Hls.ErrorTypes.NETWORK_ERROR);
    });
    hls.loadSource(track.links.hls);
    hls.attachMedia(this.audio);
  }

  /** AAC adapts to the line. A browser would have to begin a new decoder for another codec, in mid-sound. */
  #choose(hls) {
    for (let i = hls.levels.length - 1; i >= 0; i -= 1) {
      if (hls.levels.length > 1 && !hls.levels[i].audioCodec?.startsWith("mp4a")) hls.removeLevel(i);
    }
    // While a track is made, its first rendition is ahead of the others.
    if (this.track.state !== "ready") hls.loadLevel = hls.firstLevel;
  }

  #recover(hls, isNetwork) {
    if (hls !== this.#hls) return;
    if (!isNetwork && !this.#recovered) {
      this.#recovered = true;
      hls.recoverMediaError();
    } else if (isNetwork && this.#retries < NETWORK_RETRIES) {
      this.#retries += 1;
      const loaded = hls.levels.length > 0;
      setTimeout(() => {
        if (hls !== this.#hls) return;
        if (loaded) hls.startLoad(-1, true);
        else hls.loadSource(this.track.links.hls);
      }, RETRY_MS * this.#retries);
    } else this.#onError(this, isNetwork ? "network" : "media");
  }

  /** Read further ahead now that it plays. */
  engage() {
    if (this.#hls) this.#hls.config.maxBufferLength = PLAYING_S;
  }

  /** The track has grown: look for the new segments if little is left to play. */
  grow(track) {
    this.track = track;
    if (this.#hls && track.state === "ready" && !this.#hls.autoLevelEnabled) this.#hls.loadLevel = -1;
    const ahead = this.bufferedEnd() - this.audio.currentTime;
    if (!this.#hls || (ahead > HUNGRY_S && this.#sought === null) || track.packaged_ms / 1000 <= this.bufferedEnd() + 0.1) return;
    this.#reload();
  }

  /** Go to a place; one that the playlist does not have yet is reached once it has been loaded again. */
  seek(seconds) {
    const beyond = this.#hls !== null && seconds > this.audio.duration;
    this.#sought = beyond ? seconds : null;
    if (beyond) this.#reload();
    else this.audio.currentTime = seconds;
  }

  /** The element is, or will soon be, somewhere else than `currentTime` says. */
  get isSeeking() {
    return this.#sought !== null || this.audio.seeking;
  }

  #reload() {
    const now = performance.now();
    if (now - this.#reloaded < RETRY_MS) return;
    this.#reloaded = now;
    this.#hls.startLoad(-1, true);
  }

  bufferedEnd() {
    const { buffered, currentTime } = this.audio;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= currentTime + 0.1 && buffered.end(i) >= currentTime) return buffered.end(i);
    }
    return currentTime;
  }

  eject() {
    this.#load += 1;
    this.#sought = null;
    this.#hls?.destroy();
    this.#hls = null;
    if (this.track) {
      this.track = null;
      this.audio.removeAttribute("src");
      this.audio.load();
    }
  }
}
