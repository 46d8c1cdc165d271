// A show over HLS, as one way of `live.js`: seconds later, and it goes on behind a locked screen.
import { HlsSound } from "./show_hls.js";

export class HlsWay {
  name = "hls";
  codec = null;
  #url;
  #on;
  #sound = null;
  #volume;

  /** `url()` gives the playlist's address; `on` as of SocketWay. */
  constructor(url, { volume = 1, on }) {
    this.#url = url;
    this.#on = on;
    this.#volume = volume;
  }

  start() {
    this.#sound = new HlsSound(this.#url, {
      place: (media_ms, rate) => {
        this.#on.state("playing");
        this.#on.place({ media_ms, rate });
      },
      waiting: (is) => is && this.#on.state("stalled"),
      ended: () => this.#on.state("waiting"),
      blocked: () => this.#on.state("failed", "gesture"),
    });
    this.#sound.volume = this.#volume;
  }

  set volume(volume) {
    this.#volume = volume;
    if (this.#sound) this.#sound.volume = volume;
  }

  toEdge() {
    this.#sound.toEdge();
  }

  stop() {
    this.#sound?.close();
  }
}
