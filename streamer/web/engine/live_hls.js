// A show over HLS: seconds later, and it goes on behind a locked screen.

const TELL_EVERY_MS = 250;
const LIVE = {
  lowLatencyMode: true,
  // Behind what shall be, it is caught up with; the server says in its playlists what shall be.
  maxLiveSyncPlaybackRate: 1.03,
  liveSyncOnStallIncrease: 0.3,
  backBufferLength: 30,
};

export class HlsWay {
  name = "hls";
  codec = null;
  #url;
  #audio;
  #hls = null;
  #on;
  #timer = null;
  #offs = [];
  #closed = false;

  /** `on` as of SocketWay. `audio` has been played in a click, where browsers want that. */
  constructor(url, { audio, volume = 1, on }) {
    this.#url = url;
    this.#audio = audio;
    this.#on = on;
    this.volume = volume;
  }

  async start() {
    const listen = (type, then) => {
      this.#audio.addEventListener(type, then);
      this.#offs.push(() => this.#audio.removeEventListener(type, then));
    };
    listen("playing", () => this.#on.state("playing"));
    listen("waiting", () => this.#on.state("stalled"));
    listen("error", () => !this.#hls && this.#on.state("failed", "network"));
    this.#timer = setInterval(() => this.#tell(), TELL_EVERY_MS);
    try {
      await this.#load();
      if (!this.#closed) await this.#audio.play();
    } catch (error) {
      if (!this.#closed) this.#on.state("failed", error.name === "NotAllowedError" ? "gesture" : "network");
    }
  }

  async #load() {
    const { default: Hls } = await import("hls.js");
    if (this.#closed) return;
    if (!Hls.isSupported()) {
      this.#audio.src = this.#url;
      return;
    }
    const hls = (this.#hls = new Hls(LIVE));
    hls.on(Hls.Events.MANIFEST_PARSED, (_, { levels }) => {
      this.codec = levels[0]?.audioCodec ?? null;
      this.#on.codec(this.codec);
    });
    hls.on(Hls.Events.ERROR, (_, { fatal, type }) => fatal && this.#mend(Hls, type));
    hls.loadSource(this.#url);
    hls.attachMedia(this.#audio);
  }

  #mend(Hls, type) {
    if (type === Hls.ErrorTypes.MEDIA_ERROR) this.#hls.recoverMediaError();
    else if (type === Hls.ErrorTypes.NETWORK_ERROR) {
      this.#on.state("stalled");
      setTimeout(() => !this.#closed && this.#hls.loadSource(this.#url), 2_000);
    } else this.#on.state("failed", "network");
  }

  set volume(volume) {
    this.#audio.volume = volume;
  }

  #tell() {
    if (this.#audio.paused || this.#audio.readyState < 3) return;
    const date = this.#hls ? this.#hls.playingDate?.getTime() : this.#nativeDate();
    if (Number.isFinite(date)) this.#on.place({ media_ms: date, rate: this.#audio.playbackRate });
  }

  #nativeDate() {
    const start = this.#audio.getStartDate?.()?.getTime();
    return start + this.#audio.currentTime * 1_000;
  }

  stop() {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const off of this.#offs.splice(0)) off();
    this.#hls?.destroy();
    this.#audio.pause();
    if (this.#audio.hasAttribute("src")) {
      this.#audio.removeAttribute("src");
      this.#audio.load();
    }
  }
}
