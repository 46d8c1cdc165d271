// Peaks of a track: fetched once, then again as more of it is packaged, and thinned to the bars a canvas has room for.
import { signal } from "@preact/signals";

import { getWaveform } from "./api.js";

const HEADER_BYTES = 24;
const FLAG_8_BIT = 1;
const AGAIN_AFTER_MS = 900;

const waveforms = new Map();

/** Read audiowaveform's binary form, version 2: `{seconds, peaks}`, peaks 0..1 one after the other. */
export function decodePeaks(buffer) {
  const view = new DataView(buffer);
  const [version, flags, rate, perPixel, length, channels] = [0, 4, 8, 12, 16, 20].map((at) => view.getInt32(at, true));
  if (version !== 2 || !(flags & FLAG_8_BIT)) return { seconds: 0, peaks: new Float32Array() };
  const values = new Int8Array(buffer, HEADER_BYTES);
  const stride = 2 * channels;
  const peaks = new Float32Array(Math.min(length, Math.floor(values.length / stride)));
  for (let i = 0; i < peaks.length; i += 1) {
    for (let j = 0; j < stride; j += 1) peaks[i] = Math.max(peaks[i], Math.abs(values[i * stride + j]) / 128);
  }
  return { seconds: (peaks.length * perPixel) / rate, peaks };
}

/**
 * Heights of `count` bars over `duration` seconds, 0..1, loudest bar 1; -1 where nothing is known yet.
 */
export function bars({ seconds, peaks }, duration, count) {
  const heights = new Float32Array(count).fill(-1);
  if (!peaks.length || !(duration > 0)) return heights;
  const perBar = ((peaks.length / seconds) * duration) / count;
  let loudest = 0.05;
  for (let bar = 0; bar < count; bar += 1) {
    const from = Math.floor(bar * perBar);
    if (from >= peaks.length) break;
    const to = Math.min(peaks.length, Math.max(from + 1, Math.floor((bar + 1) * perBar)));
    let sum = 0;
    for (let i = from; i < to; i += 1) sum += peaks[i] * peaks[i];
    heights[bar] = Math.sqrt(sum / (to - from));
    loudest = Math.max(loudest, heights[bar]);
  }
  return heights.map((height) => (height < 0 ? height : height / loudest));
}

/** The waveform of a track as a signal, `null` until it is there. Ask again whenever the track has grown. */
export function waveformOf(track) {
  let entry = waveforms.get(track.id);
  if (!entry) waveforms.set(track.id, (entry = { signal: signal(null), known: -1, busy: false, track }));
  entry.track = track;
  freshen(entry);
  return entry.signal;
}

async function freshen(entry) {
  const { track } = entry;
  const known = track.state === "ready" ? Infinity : track.packaged_ms;
  if (known <= entry.known || !track.playable || entry.busy) return;
  entry.busy = true;
  try {
    entry.signal.value = decodePeaks(await getWaveform(track.id));
  } catch {
    // A picture is missing, the sound is not.
  }
  entry.known = known;
  setTimeout(() => {
    entry.busy = false;
    freshen(entry);
  }, AGAIN_AFTER_MS);
}
