// Somebody wants to talk with us alone: told on every screen.
import { t } from "../i18n.js";
import { socket } from "../line.js";
import { tell } from "../notices.js";
import { route } from "../router.js";

export function startInvitations() {
  socket.on("invited", ({ room, by }) => {
    const { screen, name } = route.peek();
    if (screen === "room" && name === room) return;
    tell(t("room.invited", { name: by.name }), { stays: true, link: { href: `/r/${encodeURIComponent(room)}`, text: t("room.invited_go") } });
  });
}
