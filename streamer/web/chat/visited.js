// Names of rooms visited, last first.
import { kept } from "../store.js";

const LIMIT = 8;

export const visited = kept("rooms", []);

export function remember(name) {
  visited.value = [name, ...visited.peek().filter((other) => other !== name)].slice(0, LIMIT);
}
