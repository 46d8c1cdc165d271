// Signals that outlive a reload.
import { effect, signal } from "@preact/signals";

const PREFIX = "veza.";

function read(storage, key, fallback) {
  try {
    const text = storage.getItem(PREFIX + key);
    return text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback; // storage is off, or an older version wrote something else
  }
}

function write(storage, key, value) {
  try {
    storage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Storage is off or full: the page works, it only forgets.
  }
}

/** A signal kept in localStorage, shared by every visit. */
export function kept(key, fallback) {
  const value = signal(read(localStorage, key, fallback));
  effect(() => write(localStorage, key, value.value));
  return value;
}

/** A plain value that every tab reads and writes. */
export const shared = {
  read: (key, fallback) => read(localStorage, key, fallback),
  write: (key, value) => write(localStorage, key, value),
};

/** A plain value kept for this tab alone. */
export const tab = {
  read: (key, fallback) => read(sessionStorage, key, fallback),
  write: (key, value) => write(sessionStorage, key, value),
};
