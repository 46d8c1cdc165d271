// A show over LL-HLS: through hls.js, or a browser's own player where that has no MediaSource.

const AGAIN_MS = 2_000;
const TELL_MS = 250;
const CONFIG = {
  lowLatencyMode: true,
  enableWorker: false, // its worker would come from a blob:, which the page's policy does not let run
  maxLiveSyncPlaybackRate: 1.03,
  // Each stall would keep the listener a second further behind, for good.
  liveSyncOnStallIncrease: 0.3,
  maxBufferLength: 12,
  backBufferLength: 30,
  liveDurationInfinity: true,
  // Titles come over the WebSocket; these would want tracks from data:, which the policy does not let load either.
  enableDateRangeMetadataCues: false,
  enableEmsgMetadataCues: false,
  enableID3MetadataCues: false,
};

export class HlsSound {
  #audio = document.createElement("audio");
  #hls = null;
  #Hls = null;
  #timer = null;
  #again = null;
  #url;
  #on;
  #faults = 0;
  #closed = false;

  /**
   * `url()` is asked for at each beginning: what leads into a closed room is good for some hours.
   * `on.place(media_ms, rate)`: what is heard now, a few times a second; `on.waiting(is)`; `on.ended()`; `on.blocked()`: the
   * browser wants a click first.
   */
  constructor(url, on) {
    this.#url = url;
    this.#on = on;
    const audio = this.#audio;
    audio.dataset.live = "";
    audio.addEventListener("waiting", () => on.waiting(true));
    audio.addEventListener("playing", () => on.waiting(false));
    audio.addEventListener("ended", () => on.ended());
    document.body.append(audio);
    this.#timer = setInterval(() => this.#tell(), TELL_MS);
    this.#open();
  }

  set volume(volume) {
    this.#audio.volume = volume;
  }

  set muted(muted) {
    this.#audio.muted = muted;
  }

  /** Go to where the show is now. */
  toEdge() {
    const edge = this.#hls?.liveSyncPosition ?? (this.#audio.seekable.length ? this.#audio.seekable.end(0) : null);
    if (edge !== null) this.#audio.currentTime = edge;
  }

  close() {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#again);
    this.#hls?.destroy();
    this.#hls = null;
    this.#audio.remove();
    this.#audio.removeAttribute("src");
    this.#audio.load();
  }

  async #open() {
    try {
      this.#Hls ??= (await import("hls.js")).default;
    } catch {
      return this.#later();
    }
    if (this.#closed) return;
    const Hls = this.#Hls;
    if (!Hls.isSupported()) {
      this.#audio.src = this.#url();
      return this.#play();
    }
    const hls = (this.#hls = new Hls(CONFIG));
    hls.on(Hls.Events.ERROR, (_, error) => error.fatal && this.#mend(error));
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.#play());
    hls.loadSource(this.#url());
    hls.attachMedia(this.#audio);
  }

  #play() {
    this.#audio.play().catch((error) => error.name === "NotAllowedError" && this.#on.blocked());
  }

  #mend({ type }) {
    this.#on.waiting(true);
    this.#faults += 1;
    if (type === this.#Hls.ErrorTypes.MEDIA_ERROR && this.#faults === 1) this.#hls.recoverMediaError();
    else this.#later();
  }

  /** Everything from the start: the show may go on under the same address. */
  #later() {
    this.#hls?.destroy();
    this.#hls = null;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#open(), AGAIN_MS);
  }

  #tell() {
    const audio = this.#audio;
    if (audio.paused || audio.readyState < 3) return;
    this.#faults = 0;
    const date = this.#hls ? this.#hls.playingDate?.getTime() : audio.getStartDate?.().getTime() + audio.currentTime * 1000;
    if (Number.isFinite(date)) this.#on.place(date, audio.playbackRate);
  }
}
