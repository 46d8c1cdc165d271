// A list that the server gives page by page, as signals.
import { batch, signal } from "@preact/signals";

export class Paged {
  #fetchPage;
  #cursor = null;
  #busy = null;
  #generation = 0;
  /** What answers have told, since the list was last asked for from its beginning; what else there is was pushed. */
  #told = new Set();

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
    return (this.#busy ??= this.#alone(this.#load(this.#generation)));
  }

  /** Every page, up to a number of items. */
  async all(limit) {
    this.error.value = null;
    while (!this.complete.peek() && !this.error.peek() && (this.items.peek()?.length ?? 0) < limit) await this.more();
  }

  /** As much as there is already, from the beginning; what is shown stays until the answer is there. */
  again() {
    this.#generation += 1;
    return (this.#busy = this.#alone(this.#renew(this.#generation)));
  }

  remove(gone) {
    if (this.items.peek()) this.items.value = this.items.peek().filter((item) => !gone(item));
  }

  #alone(request) {
    const ended = request.finally(() => this.#busy === ended && (this.#busy = null));
    return ended;
  }

  async #load(generation) {
    try {
      const page = await this.#fetchPage(this.#cursor);
      if (generation === this.#generation) this.#show([...(this.items.peek() ?? []), ...page.items], page);
    } catch (error) {
      if (generation === this.#generation) this.error.value = error.message;
    }
  }

  async #renew(generation) {
    const wanted = this.items.peek()?.length ?? 0;
    this.#told = new Set(this.items.peek());
    const found = { items: [], next: null };
    try {
      do {
        const page = await this.#fetchPage(found.next);
        if (generation !== this.#generation && this.items.peek()) return; // anything is better than nothing
        found.items.push(...page.items);
        found.next = page.next;
      } while (found.next !== null && found.items.length < wanted);
    } catch (error) {
      if (generation !== this.#generation) return;
      batch(() => {
        this.error.value = error.message;
        this.complete.value = false;
      });
      return;
    }
    // What came or went since we asked may be younger than the answer.
    const now = new Set(this.items.peek());
    const known = new Set(found.items);
    const came = [...now].filter((item) => !this.#told.has(item) && !known.has(item));
    this.#show([...came, ...found.items.filter((item) => now.has(item) || !this.#told.has(item))], found);
  }

  /** Show `items`, now that an answer has told of some of them. */
  #show(items, answer) {
    for (const item of answer.items) this.#told.add(item);
    batch(() => {
      this.#cursor = answer.next;
      this.items.value = items;
      this.complete.value = answer.next === null;
      this.error.value = null;
    });
  }
}
