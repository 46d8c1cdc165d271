// A list that the server gives page by page, as signals.
import { batch, signal } from "@preact/signals";

export class Paged {
  #fetchPage;
  #cursor = null;
  #busy = null;
  #generation = 0;

  /** What has come so far; null until the first page has. */
  items = signal(null);
  /** Why the last page did not come, in words. */
  error = signal(null);
  /** Whether the server has no more. */
  complete = signal(false);

  /** `fetchPage(cursor)` resolves to `{items, next}`; `cursor` is null for the first page. */
  constructor(fetchPage) {
    this.#fetchPage = fetchPage;
  }

  /** The next page, if there is one. Many may ask; one request is under way. */
  more() {
    if (this.complete.peek()) return Promise.resolve();
    this.#busy ??= this.#load(this.#generation).finally(() => (this.#busy = null));
    return this.#busy;
  }

  /** Every page, up to a number of items. */
  async all(limit) {
    this.error.value = null;
    while (!this.complete.peek() && !this.error.peek() && (this.items.peek()?.length ?? 0) < limit) await this.more();
  }

  /** From the beginning; what is shown stays until the answer is there. */
  async again() {
    this.#generation += 1;
    this.#cursor = null;
    this.#busy = null;
    this.complete.value = false;
    await this.more();
  }

  remove(gone) {
    if (this.items.peek()) this.items.value = this.items.peek().filter((item) => !gone(item));
  }

  async #load(generation) {
    const first = this.#cursor === null;
    try {
      const page = await this.#fetchPage(this.#cursor);
      if (generation !== this.#generation) return;
      batch(() => {
        this.#cursor = page.next;
        this.items.value = first ? page.items : [...this.items.peek(), ...page.items];
        this.complete.value = page.next === null;
        this.error.value = null;
      });
    } catch (error) {
      if (generation === this.#generation) this.error.value = error.message;
    }
  }
}
