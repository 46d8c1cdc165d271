// What is said while a show is heard is about a moment of it, and is shown to others when they hear that.
import { me, socket } from "../line.js";

/** Frames that wait behind one whose moment is to come, by room. */
const held = new Map();

/** What is heard in a room now, as a field of what is said there. */
export function momentIn(room) {
  const { media } = socket.media;
  return socket.media.room === room && media !== null ? { media: Math.round(media) } : {};
}

/** Call `show` when the moment that a frame is about is heard; what comes behind it waits with it, what is our own does not. */
export function whenHeard(frame, show) {
  const { room, media, author } = frame;
  if (author?.id === me.peek()) show();
  else if (held.has(room)) held.get(room).push([frame, show]);
  else if (!media || socket.media.room !== room) show();
  else {
    const behind = [];
    held.set(room, behind);
    socket.media.onMedia(media, () => {
      held.delete(room);
      show();
      for (const each of behind) whenHeard(...each);
    });
  }
}
