// Names of rooms visited, last first.
import { kept } from "../store.js";

const LIMIT = 8;

const isDirect = (name) => name.startsWith("direct:");

export const visited = kept("rooms", []);
visited.value = visited.peek().filter((name) => !isDirect(name)); // an older page kept them

export function remember(name) {
  if (isDirect(name)) return;
  visited.value = [name, ...visited.peek().filter((other) => other !== name)].slice(0, LIMIT);
}
