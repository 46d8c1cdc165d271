// Keys that work on every screen, unless one is writing.
import { instead } from "./on_air.js";
import * as player from "./player.js";
import { LEAP_S, STEP_S } from "./seeking.js";

const isWriting = (target) => target.closest?.("input, textarea, select, [contenteditable]");
const usesKey = (target, key) =>
  (key === " " && target.closest?.("button, a, summary")) || (key.startsWith("Arrow") && target.closest?.("[role=slider]"));

/** `onSearch` and `onHelp` are what `/` and `?` do. */
export function startKeyboard({ onSearch, onHelp }) {
  const actions = {
    " ": () => (instead.peek() ?? player).toggle(),
    ArrowLeft: (event) => instead.peek() || player.seekBy(event.shiftKey ? -LEAP_S : -STEP_S),
    ArrowRight: (event) => instead.peek() || player.seekBy(event.shiftKey ? LEAP_S : STEP_S),
    m: () => (player.muted.value = !player.muted.peek()),
    "/": onSearch,
    "?": onHelp,
  };
  addEventListener("keydown", (event) => {
    const action = actions[event.key];
    if (!action || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isWriting(event.target) || usesKey(event.target, event.key) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    action(event);
  });
}
