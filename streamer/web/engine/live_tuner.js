// What of the WebSocket is one room's sound: asked for, and told apart from everything else.

export const bytesOf = (base64) => Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));

export class Tuner {
  #socket;
  #room;
  #offs = [];

  /** What is heard: a `listening` event with its description as bytes; null while nothing is. */
  form = null;

  /** `on`: `tuned(form)`, `offAir()`, `sound({flags, at_us, units})`. */
  constructor(socket, room, rendition, on) {
    this.#socket = socket;
    this.#room = room;
    const mine = (then) => (frame) => frame.room === room && then(frame);
    const hear = (type, then) => this.#offs.push(socket.on(type, then));
    hear("listening", mine((frame) => on.tuned((this.form = { ...frame, description: bytesOf(frame.description) }))));
    hear("offair", mine(() => on.offAir((this.form = null))));
    hear("sound", (frame) => frame.stream === this.form?.stream && on.sound(frame));
    socket.listen(room, rendition);
  }

  close() {
    for (const off of this.#offs.splice(0)) off();
    this.#socket.unlisten(this.#room);
    this.form = null;
  }
}
