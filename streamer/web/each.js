// The same request for many, a few at a time.

const AT_ONCE = 4;

/**
 * Do `act` with each item. All are tried; `progress(share)` follows.
 *
 * Throws: the first failure, once all have been tried.
 */
export async function eachOf(items, progress, act) {
  const waiting = [...items];
  const failures = [];
  let done = 0;
  const work = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await act(item);
      } catch (error) {
        failures.push(error);
      }
      progress((done += 1) / items.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (failures.length) throw failures[0];
}
