// The recordings in what was dropped or chosen, folders and the folders in them too.

// In a folder, what is meant to be heard; a file that is chosen itself is sent whatever it is called.
const ENDING = /\.(aac|aiff?|caf|flac|m4[ab]|mk[av]|mov|mp[234]|og[ag]|opus|wav|webm)$/i;
const byName = new Intl.Collator(undefined, { numeric: true });

const promised = (act) => new Promise(act);

async function filesIn(entry) {
  if (entry.isFile) return ENDING.test(entry.name) ? [await promised((...done) => entry.file(...done))] : [];
  const reader = entry.createReader();
  const entries = [];
  // A reader gives a part at a time, and nothing at the end.
  for (;;) {
    const some = await promised((...done) => reader.readEntries(...done));
    if (!some.length) break;
    entries.push(...some);
  }
  entries.sort((one, other) => byName.compare(one.name, other.name));
  return (await Promise.all(entries.map(filesIn))).flat();
}

/** What a drop brings. Its items can only be asked before the first await. */
export async function dropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const found = items.map((item) => {
    const entry = item.webkitGetAsEntry?.();
    return entry?.isDirectory ? filesIn(entry).catch(() => []) : [item.getAsFile()];
  });
  return (await Promise.all(found)).flat();
}

/** What the folder dialog brings, in the order of an album. */
export const chosen = (files) =>
  [...files]
    .filter((file) => ENDING.test(file.name))
    .sort((one, other) => byName.compare(one.webkitRelativePath, other.webkitRelativePath));
