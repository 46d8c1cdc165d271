// The door to uploads. What is behind it is loaded once somebody has a file, or has left one behind.
import { effect, signal } from "@preact/signals";

import { t } from "./i18n.js";
import { tell } from "./notices.js";
import { shared } from "./store.js";

/** The list of uploads as a component; null while there is none. */
export const UploadList = signal(null);

let loading = null;

/** Have it ready: somebody holds a file over the page, or points at the button. */
export function foresee() {
  loading ??= Promise.all([import("./uploads.js"), import("./components/upload_list.js")]);
  loading.catch(() => (loading = null)); // the line is down; the next try may succeed
  return loading;
}

let opened = false;

async function open() {
  const [{ add, uploads }, list] = await foresee();
  if (!opened) effect(() => (UploadList.value = uploads.value.length ? list.UploadList : null));
  opened = true;
  return add;
}

/** Queue files. */
export async function add(files) {
  if (!files.length) return;
  try {
    (await open())(files);
  } catch {
    tell(t("error.unreachable"), { bad: true });
  }
}

if (shared.read("uploads", []).length) open().catch(() => {});
