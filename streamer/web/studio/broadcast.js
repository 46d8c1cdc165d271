// What this page broadcasts, as signals. It goes on when the screen changes.
import { batch, computed, effect, signal } from "@preact/signals";

import * as api from "../api.js";
import { enter } from "../chat/rooms.js";
import { t } from "../i18n.js";
import { identity, socket } from "../line.js";
import { onAir } from "../on_air.js";
import { kept } from "../store.js";
import { asDb, Needle } from "./decibels.js";
import { Input, listDevices, NoSound } from "./input.js";
import { forgetKey, streamKey } from "./keys.js";
import { Uplink } from "./uplink.js";

const CLIPPED_SHOWN_MS = 3_000;
const FROM_DB = 20;

/** "off", "connecting", "onair", "waiting" (the line is down), "ending" or "over" (`why` says why). */
export const state = signal("off");
export const room = signal(null);
export const since = signal(null);
/** `{code, reason}` of a broadcast that is over, and not by our own hand. */
export const why = signal(null);
/** Bytes that the server has not acknowledged. */
export const waitingBytes = signal(0);
export const isLive = computed(() => ["connecting", "onair", "waiting", "ending"].includes(state.value));

/** "microphone", "share", "file" or null: what one hears on the meter. */
export const source = signal(null);
/** Why there is none, in words. */
export const trouble = signal(null);
export const devices = signal([]);
export const device = kept("studio.device", "");
export const mono = kept("studio.mono", false);
export const gainDb = kept("studio.gain", 0);
export const filename = signal("");
/** What the browser does to the sound although it was asked not to. */
export const touched = signal([]);
export const clipped = signal(false);
/** One for each channel; they move without telling. */
export const needles = [new Needle(), new Needle()];

let input = null;
let uplink = null;
let leave = () => {};
let unclip = null;
let ending = false;

function levels({ peaks, clipped: runs }) {
  const now = performance.now();
  peaks.forEach((peak, side) => needles[side].move(asDb(peak), now));
  if (!runs) return;
  clipped.value = true;
  clearTimeout(unclip);
  unclip = setTimeout(() => (clipped.value = false), CLIPPED_SHOWN_MS);
}

function ended() {
  batch(() => {
    trouble.value = t(source.peek() === "share" ? "studio.share_ended" : "studio.device_gone");
    source.value = null;
  });
}

/** Hear something else: `kind` is "microphone", "share" or "file". What went wrong is in `trouble`. */
export async function listen(kind, detail) {
  trouble.value = null;
  try {
    input ??= await Input.open({ levels, ended });
    input.mono = mono.peek();
    input.gain = 10 ** (gainDb.peek() / FROM_DB);
    const spoilt = kind === "file" ? await input.file(detail) : kind === "share" ? await input.share() : await microphone();
    batch(() => {
      source.value = kind;
      filename.value = kind === "file" ? detail.name : "";
      touched.value = spoilt;
    });
    devices.value = await listDevices();
  } catch (error) {
    trouble.value = explain(error);
  }
}

async function microphone() {
  try {
    return await input.microphone(device.peek());
  } catch (error) {
    if (!["OverconstrainedError", "NotFoundError"].includes(error.name) || !device.peek()) throw error;
    device.value = ""; // the one of last time is not plugged in
    return input.microphone("");
  }
}

function explain(error) {
  if (error instanceof NoSound) return t("studio.share_silent");
  if (error.name === "NotAllowedError") return t("studio.not_allowed");
  if (error.name === "NotFoundError") return t("studio.no_device");
  if (error.name === "NotSupportedError") return t("studio.file_unplayable");
  return t("studio.source_failed", { reason: error.message });
}

effect(() => {
  const channels = mono.value;
  if (input) input.mono = channels;
});
effect(() => {
  const gain = 10 ** (gainDb.value / FROM_DB);
  if (input) input.gain = gain;
});
navigator.mediaDevices?.addEventListener?.("devicechange", async () => (devices.value = await listDevices()));

/** Let go of the microphone, unless it is on air. */
export function rest() {
  if (isLive.peek() || !input) return;
  input.close();
  batch(() => {
    [input, source.value] = [null, null];
    needles.forEach((_, side) => (needles[side] = new Needle()));
  });
}

/** Be heard in a room. */
export async function goLive(name) {
  leave();
  batch(() => {
    [room.value, why.value, since.value, state.value] = [name, null, null, "connecting"];
    onAir.value = name;
  });
  leave = enter(name);
  try {
    begin(name, await streamKey(name));
  } catch (error) {
    over({ code: "key", reason: error.message });
  }
}

function begin(name, key) {
  uplink = new Uplink({
    socket,
    room: name,
    key,
    record: (give) => input.record(give),
    on: {
      state: (next, detail) => (next === "over" ? over(detail) : moved(next)),
      taken: (recording) => (waitingBytes.value = recording.waitingBytes),
    },
    world: {
      now: () => performance.now(),
      session: () => crypto.randomUUID(),
      setTimeout: (act, ms) => setTimeout(act, ms),
      clearTimeout: (timer) => clearTimeout(timer),
    },
  });
}

function moved(next) {
  batch(() => {
    state.value = next;
    if (next === "onair") since.value ??= Date.now();
  });
}

function over(detail) {
  if (detail.code === "key_refused") forgetKey(room.peek());
  const wanted = ending || detail.code === "over"; // the server may say first that the show has ended
  batch(() => {
    state.value = !wanted ? "over" : ending ? "ending" : "off";
    why.value = wanted ? null : detail;
    onAir.value = null;
    waitingBytes.value = 0;
  });
  uplink = null;
  leave();
  leave = () => {};
}

/** End the broadcast, and the show with it. Until that is over nobody goes live here: it would be ended too. */
export async function endShow() {
  const name = room.peek();
  ending = true;
  try {
    await uplink?.end();
    await api.endShow(name, identity());
  } catch (problem) {
    if (problem.status !== 404) throw problem; // it is over already
  } finally {
    ending = false;
    if (state.peek() === "ending") state.value = "off";
  }
}

/** Say what plays now. Rejects with what was wrong. */
export const sayTitle = (words) => uplink.title(words);

addEventListener("beforeunload", (event) => isLive.peek() && event.preventDefault());
