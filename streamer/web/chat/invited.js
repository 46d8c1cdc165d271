// Somebody talks with us alone: told on every screen.
import { effect } from "@preact/signals";

import { t } from "../i18n.js";
import { name as ours, socket } from "../line.js";
import { tell } from "../notices.js";
import { route } from "../router.js";

export function startInvitations() {
  socket.on("invited", ({ room, by }) => {
    const { screen, name } = route.peek();
    if (screen === "room" && name === room) return;
    tell(t("room.invited", { name: by.name }), { stays: true, about: room, link: { href: `/r/${encodeURIComponent(room)}`, text: t("room.invited_go") } });
  });
  // Once there is somebody to talk with, and nothing else to do.
  const keep = () => import("./keeping.js").catch(() => {});
  effect(() => void (ours.value && (globalThis.requestIdleCallback ?? setTimeout)(keep)));
}
