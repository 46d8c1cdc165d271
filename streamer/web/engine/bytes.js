// Fetching, with failures that say what to do: try again (LineBroke), or not (Gone).

/** The server can't be reached, or has trouble; it may pass. */
export class LineBroke extends Error {}
/** The server says that there is no such thing. */
export class Gone extends Error {}

const FOR_GOOD = new Set([401, 403, 404, 410]);
// A line that says nothing for so long is broken, though nobody has said so.
const SILENCE_MS = 10_000;

/** Do something that ends with `signal`, or when `alive` was not called for too long. */
async function watched(signal, work) {
  const controller = new AbortController();
  const giveUp = () => controller.abort();
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp);
  let timer = setTimeout(giveUp, SILENCE_MS);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, SILENCE_MS);
  };
  try {
    return await work(controller.signal, alive);
  } catch (error) {
    if (signal.aborted || error instanceof Gone) throw error;
    throw new LineBroke(error.message);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}

async function ask(url, options) {
  const response = await fetch(url, options);
  if (FOR_GOOD.has(response.status)) throw new Gone(`${url}: ${response.status}`);
  if (!response.ok) throw new LineBroke(`${url}: ${response.status}`);
  return response;
}

/** A playlist. One that grows must come from the server, however young the copy in a cache is. */
export const fetchText = (url, { signal, fresh = false }) =>
  watched(signal, async (signal) => (await ask(url, { signal, cache: fresh ? "no-store" : "default" })).text());

/**
 * Exactly `size` bytes from `from` on.
 *
 * @param onProgress is told how many have come; the caller may give up by its signal.
 */
export const fetchBytes = ({ url, from, size }, { signal, onProgress }) =>
  watched(signal, async (signal, alive) => {
    const response = await ask(url, { signal, headers: { Range: `bytes=${from}-${from + size - 1}` } });
    if (response.status !== 206) throw new LineBroke(`${url}: ${response.status} in answer to a range`);
    const bytes = new Uint8Array(size);
    let received = 0;
    const reader = response.body.getReader();
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      if (received + chunk.value.length > size) throw new LineBroke(`${url}: more than ${size} bytes`);
      bytes.set(chunk.value, received);
      received += chunk.value.length;
      alive();
      onProgress?.(received);
    }
    if (received < size) throw new LineBroke(`${url}: ${received} of ${size} bytes`);
    return bytes.buffer;
  });
