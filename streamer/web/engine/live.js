// A live show, whichever way it comes. docs/client.md says what it does.
import { HlsWay } from "./live_hls.js";
import { SocketWay, isSupported } from "./live_socket.js";

const DELAY_EVERY_MS = 500;

export class LiveSound extends EventTarget {
  #way = null;
  /** The one that shall take over as soon as it plays. */
  #next = null;
  #audio = null;
  #socket = null;
  #options = {};
  #volume = 1;
  #told_ms = 0;

  state = "idle";
  reason = null;
  room = null;
  delay_s = null;

  constructor() {
    super();
    globalThis.document?.addEventListener("visibilitychange", () => this.#seen());
  }

  get way() {
    return this.#way?.name ?? null;
  }

  get codec() {
    return this.#way?.codec ?? null;
  }

  /** What is known of the buffer: `{level_s, target_s, rate, ranOut}`; null over HLS. */
  get buffer() {
    if (!(this.#way instanceof SocketWay)) return null;
    const { level_s, target_s, rate, ranOut } = this.#way;
    return { level_s, target_s, rate, ranOut };
  }

  get volume() {
    return this.#volume;
  }

  set volume(volume) {
    this.#volume = volume;
    if (this.#way) this.#way.volume = volume;
  }

  /** Begin. In a click, and with the room joined on `socket`. */
  play(room, socket, options = {}) {
    this.stop();
    Object.assign(this, { room });
    this.#socket = socket;
    this.#options = { way: "auto", hls: null, rendition: null, ...options };
    this.#audio ??= new Audio();
    socket.measure();
    const fitting = this.#fitting();
    if (!fitting) return this.#become("failed", "unsupported");
    this.#way = this.#make(fitting);
    this.#become("loading");
    this.#way.start();
  }

  stop() {
    this.#next?.stop();
    this.#way?.stop();
    this.#way = this.#next = null;
    this.#socket?.media.stopped();
    this.#socket = this.room = this.delay_s = null;
    if (this.state !== "idle") this.#become("idle");
  }

  /** What media keys and the lock screen show. */
  describe({ title, artist = "", artwork = [] }) {
    const session = globalThis.navigator?.mediaSession;
    if (!session) return;
    session.metadata = new MediaMetadata({ title, artist, artwork });
    session.setActionHandler("stop", () => this.stop());
    session.setActionHandler("pause", () => this.stop());
  }

  #fitting() {
    const { way, hls } = this.#options;
    if (way !== "hls" && isSupported() && !(way === "auto" && hls && document.hidden)) return "websocket";
    return way !== "websocket" && hls ? "hls" : null;
  }

  #make(name, volume = this.#volume) {
    const on = {
      state: (state, reason) => this.#stateOf(way, state, reason),
      place: (place) => way === this.#way && this.#placed(place),
      codec: () => way === this.#way && this.#tell("codec"),
    };
    const { rendition, hls } = this.#options;
    const way =
      name === "hls"
        ? new HlsWay(hls, { audio: this.#audio, volume, on })
        : new SocketWay(this.#socket, this.room, { rendition, volume, on });
    return way;
  }

  /** Behind a locked screen Web Audio falls silent, and an audio element plays on. */
  #seen() {
    if (!this.#way || this.#options.way !== "auto" || !this.#options.hls) return;
    const fitting = this.#fitting();
    this.#next?.stop();
    this.#next = null;
    if (fitting === this.way) return;
    this.#next = this.#make(fitting, 0);
    this.#next.start();
  }

  #stateOf(way, state, reason = null) {
    if (way === this.#next) {
      if (state === "playing") this.#handOver();
      else if (state === "failed") this.#next = null;
      return;
    }
    if (way !== this.#way) return;
    if (state === "failed" && this.#fallBack(reason)) return;
    this.#become(state, reason);
  }

  #handOver() {
    const before = this.#way;
    [this.#way, this.#next] = [this.#next, null];
    this.#way.volume = this.#volume;
    before.stop();
    this.#become("playing");
    this.#tell("codec");
  }

  /** What can't be played from the WebSocket is played over HLS. */
  #fallBack(reason) {
    if (reason === "gesture" || this.way !== "websocket" || this.#options.way !== "auto" || !this.#options.hls) return false;
    this.#way.stop();
    this.#options.way = "hls";
    this.#way = this.#make("hls");
    this.#become("loading");
    this.#way.start();
    return true;
  }

  #placed({ media_ms, rate }) {
    this.#socket.media.playing(media_ms, { rate });
    const server = this.#socket.serverTime();
    this.delay_s = server && (server.now - media_ms) / 1_000;
    if (performance.now() - this.#told_ms < DELAY_EVERY_MS) return;
    this.#told_ms = performance.now();
    this.#tell("delay");
  }

  #become(state, reason = null) {
    if (state === this.state && reason === this.reason) return;
    if (state === "waiting" || state === "failed") this.#socket?.media.stopped();
    Object.assign(this, { state, reason });
    const session = globalThis.navigator?.mediaSession;
    if (session) session.playbackState = { playing: "playing", stalled: "playing", loading: "playing" }[state] ?? "none";
    this.#tell("state");
  }

  #tell(type) {
    this.dispatchEvent(new Event(type));
  }
}
