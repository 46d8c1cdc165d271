// Which rows of a list are chosen.
import { signal } from "@preact/signals";

export class Selection {
  /** Keys of the chosen rows. */
  chosen = signal(new Set());
  #anchor = null;

  has = (key) => this.chosen.value.has(key);

  clear() {
    this.#anchor = null;
    if (this.chosen.peek().size) this.chosen.value = new Set();
  }

  toggle(key) {
    const chosen = new Set(this.chosen.peek());
    if (!chosen.delete(key)) chosen.add(key);
    this.#anchor = key;
    this.chosen.value = chosen;
  }

  set(keys) {
    this.chosen.value = new Set(keys);
  }

  /** All between the row that was touched last and this one. */
  extend(keys, key, from = key) {
    this.#anchor ??= from;
    const [one, other] = [keys.indexOf(this.#anchor), keys.indexOf(key)];
    if (one < 0 || other < 0) return this.toggle(key);
    this.chosen.value = new Set([...this.chosen.peek(), ...keys.slice(Math.min(one, other), Math.max(one, other) + 1)]);
  }
}
