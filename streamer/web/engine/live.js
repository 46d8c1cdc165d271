// A live show, whichever way it comes. docs/client.md says what it does.
import { HlsWay } from "./live_hls.js";
import { MediaWay, isSupported as hasMedia } from "./live_media.js";
import { SocketWay, isSupported as hasWebCodecs } from "./live_socket.js";

const DELAY_EVERY_MS = 500;
/** A silence longer than this is worth another way. */
const PATIENCE_MS = 3_000;

/** What plays the WebSocket's sound here; null where nothing can. */
const socketWay = () => (hasWebCodecs() ? SocketWay : hasMedia() ? MediaWay : null);

export class LiveSound extends EventTarget {
  #way = null;
  /** The one that shall take over as soon as it plays. */
  #next = null;
  #socket = null;
  #options = {};
  #volume = 1;
  #told_ms = 0;
  #impatient = null;
  #offs = [];

  state = "idle";
  reason = null;
  room = null;
  delay_s = null;

  get way() {
    return this.#way?.name ?? null;
  }

  get codec() {
    return this.#way?.codec ?? null;
  }

  /** What is known of the buffer: `{level_s, target_s, rate, ranOut}`; null over HLS. */
  get buffer() {
    if (this.way !== "websocket") return null;
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
    socket.measure();
    socket.media.room = room;
    // Sound comes on the socket only while the room is joined there.
    for (const type of ["joined", "left"]) {
      this.#offs.push(socket.on(type, (frame) => frame.room === room && this.#reconsider()));
    }
    const seen = () => this.#reconsider();
    document.addEventListener("visibilitychange", seen);
    this.#offs.push(() => document.removeEventListener("visibilitychange", seen));
    const fitting = this.#fitting();
    if (!fitting) return this.#become("failed", "unsupported");
    this.#way = this.#make(fitting);
    this.#become("loading");
    this.#way.start();
  }

  stop() {
    for (const off of this.#offs.splice(0)) off();
    clearTimeout(this.#impatient);
    this.#next?.stop();
    this.#way?.stop();
    this.#way = this.#next = null;
    if (this.#socket) this.#socket.media.room = null;
    this.#socket?.media.stopped();
    this.#socket = this.room = this.delay_s = null;
    if (this.state !== "idle") this.#become("idle");
  }

  #fitting() {
    const { way, hls } = this.#options;
    const can = socketWay() !== null;
    const better = can && this.#socket.isIn(this.room) && !document.hidden;
    if (way === "websocket" || (way === "auto" && (better || !hls))) return can ? "websocket" : null;
    return hls ? "hls" : null;
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
        ? new HlsWay(typeof hls === "string" ? () => hls : hls, { volume, on })
        : new (socketWay())(this.#socket, this.room, { rendition, volume, on });
    return way;
  }

  /** Behind a locked screen Web Audio falls silent, and an audio element plays on. */
  #reconsider(fitting = this.#fitting()) {
    if (!this.#way || this.#options.way !== "auto" || !this.#options.hls) return;
    if (this.#next?.name === fitting) return;
    this.#next?.stop();
    this.#next = null;
    if (fitting === this.way) return;
    this.#next = this.#make(fitting, 0);
    this.#next.start();
  }

  /** To where the show is now. */
  toEdge() {
    this.#way?.toEdge?.();
  }

  #stateOf(way, state, reason = null) {
    if (way === this.#next) {
      if (state === "playing") this.#handOver();
      else if (state === "failed") {
        way.stop();
        this.#next = null;
      }
      return;
    }
    if (way !== this.#way) return;
    if (state === "playing") clearTimeout(this.#impatient);
    else if (state === "stalled" && this.state !== "stalled" && way.name === "websocket") {
      this.#impatient = setTimeout(() => this.#reconsider("hls"), PATIENCE_MS);
    }
    if (state === "failed" && this.#fallBack(reason)) return;
    this.#become(state, reason);
  }

  #handOver() {
    const before = this.#way;
    [this.#way, this.#next] = [this.#next, null];
    this.#way.volume = this.#volume;
    clearTimeout(this.#impatient);
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
    this.#tell("state");
  }

  #tell(type) {
    this.dispatchEvent(new Event(type));
  }
}
