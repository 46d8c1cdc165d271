// People, wherever they are: those one talks with alone, and those one has blocked.
import { batch, signal } from "@preact/signals";

import { t } from "../i18n.js";
import { me, socket } from "../line.js";

/** `{room, other, seq, read, at}`, that where something was said last first; null until they are known. */
export const directs = signal(null);
/** `{id, name}` of those one has blocked. */
export const blocks = signal([]);

export const isDirect = (name) => name.startsWith("direct:");
export const isBlocked = (id) => blocks.value.some((person) => person.id === id);
export const addressOf = (name) => `/r/${encodeURIComponent(name)}`;
/** With whom one shares a direct room; null while that is not known. */
export const otherIn = (name) => directs.value?.find(({ room }) => room === name)?.other ?? null;
/** What a room is called: a direct one has no name but the other one's. */
export const titleOf = (name) => (isDirect(name) ? (otherIn(name)?.name ?? t("room.direct_unknown")) : `#${name}`);

/** Ask for both anew. Rejects with Refused. */
export async function learnPeople() {
  const [rooms, people] = await Promise.all([socket.ask("directs", {}), socket.ask("blocks", {})]);
  batch(() => {
    directs.value = rooms.directs;
    blocks.value = people.people;
  });
}

const touch = (name, changes) => {
  const known = directs.peek()?.map((each) => (each.room === name ? { ...each, ...changes } : each));
  if (known && isDirect(name)) directs.value = known.sort((one, other) => other.at - one.at);
};
socket.on("message", ({ room, seq, at, author }) => touch(room, { seq, at, ...(author.id === me.peek() && { read: seq }) }));
socket.on("read", ({ room, seq }) => touch(room, { read: seq }));

/** Whether others see us as away. `chosen`: we said so, and it ends when we do something. */
export const away = signal(false);
let chosen = false;
socket.on("standing", ({ state }) => {
  away.value = state === "away";
  chosen &&= away.value;
});
socket.on("welcome", () => (chosen = away.value = false));
// What a page asks for by itself would end it.
export const isResting = () => chosen;
export const goAway = () => ((chosen = true), socket.ask("away", {}, "standing"));
export const comeBack = () => socket.ask("back", {}, "standing").catch(() => {}); // a new line is here again
for (const type of ["pointerdown", "keydown"]) addEventListener(type, () => away.peek() && !chosen && comeBack());

const again = () => void (isResting() || learnPeople().catch(() => {})); // the next line, or whoever looks, asks again
for (const type of ["welcome", "invited", "blocked", "unblocked"]) socket.on(type, again);
again();

/** Have nothing to do with somebody, or have again. */
export const block = (id, on = true) => socket.ask(on ? "block" : "unblock", { id }, on ? "blocked" : "unblocked");

/** The room that one has with somebody alone. */
export async function direct(id) {
  const { room } = await socket.ask("direct", { to: id }, "joined");
  await learnPeople();
  return room;
}
