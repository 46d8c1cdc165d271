// The page's one WebSocket, as signals.
import { computed, signal } from "@preact/signals";

import { kept, tab } from "./store.js";
import { Veza } from "./veza/client.js";

/** The name chosen for chat, "" until then. */
export const name = kept("name", "");
const token = kept("token", null);

/** `{state: "connecting" | "online" | "offline" | "refused", since}`; `since` is when it was last online. */
export const line = signal({ state: "connecting", since: null });
/**
 * What is known is asked for whenever this changes, unless it is "lost". What changes is pushed from "online" on: what changed
 * between an answer and the line's coming up was told nobody.
 */
export const standing = computed(() => (line.value.since !== null ? "lost" : line.value.state === "online" ? "online" : "first"));
/** What the server last refused, in its words; null once all is well. */
export const complaint = signal(null);
/** Our id, once welcomed. */
export const me = signal(null);

export const socket = new Veza({
  url: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`,
  name: name.peek() || "guest",
  token: token.peek(),
  outbox: tab.read("outbox", []),
});

socket.on("outbox", (entries) => tab.write("outbox", entries));
socket.on("welcome", (frame) => {
  me.value = frame.id;
  complaint.value = null;
  if (frame.token) token.value = frame.token;
});
socket.on("error", ({ message, room }) => {
  if (!room) complaint.value = message; // a room's are told where the room is
});
socket.on("status", ({ state, at }) => {
  const before = line.peek();
  if (state === "online") line.value = { state, since: null };
  else if (state !== "connecting") line.value = { state, since: before.since ?? at };
});

/** The header that signs a request as the one who is here. */
export const identity = () => (token.peek() ? { Authorization: `Bearer ${token.peek()}` } : {});

/** Take a name and say hello with it. */
export function introduce(chosen) {
  if (chosen === name.peek()) return;
  name.value = chosen;
  socket.renew({ name: chosen });
}
