// The rooms that one shares with one other stay joined behind every screen: what is said there is told at once.
import { effect, untracked } from "@preact/signals";

import { t } from "../i18n.js";
import { me, socket } from "../line.js";
import { tell } from "../notices.js";
import { route } from "../router.js";
import { plain } from "./markdown.js";
import { addressOf, directs, isBlocked, isDirect } from "./people.js";
import { enter } from "./rooms.js";

// Those where something was said last; who is in as many rooms as a connection may be could join no other.
const KEPT = 10;
const TOLD_CHARS = 120;
/** What ends it, by room. */
const kept = new Map();

effect(() => {
  const wanted = new Set(directs.value?.slice(0, KEPT).map(({ room }) => room));
  untracked(() => {
    for (const [room, end] of kept) if (!wanted.has(room)) kept.delete(room) && end();
    for (const room of wanted) if (!kept.has(room)) kept.set(room, enter(room));
  });
});

function whisper({ room, author, body }) {
  const { screen, name } = route.peek();
  if (author.id === me.peek() || isBlocked(author.id) || (screen === "room" && name === room)) return;
  const text = plain(body, location.origin).slice(0, TOLD_CHARS);
  tell(t("room.whispered", { name: author.name, text }), { stays: true, about: room, link: { href: addressOf(room), text: t("room.invited_go") } });
}

socket.on("message", (message) => isDirect(message.room) && whisper(message));
// What was said while there was no line is told of too: the last of it that was not read anywhere.
socket.on("joined", ({ room, messages, read = 0 }) => {
  const isNew = ({ type, seq, author, body }) => type === "message" && body && seq > read && author.id !== me.peek();
  const missed = isDirect(room) && messages.findLast(isNew);
  if (missed) whisper(missed);
});
