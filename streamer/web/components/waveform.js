// The canvas of a waveform, and the seek bar that is made of it.
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { playTime } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import * as player from "../player.js";
import { seekByKey } from "../seeking.js";
import { bars, waveformOf } from "../waveform.js";

const FLAT = 0.04;

/** Colours live in CSS; a canvas has to be told. */
function palette(element) {
  const style = getComputedStyle(element);
  return Object.fromEntries(["played", "ahead", "rest", "hover"].map((part) => [part, style.getPropertyValue(`--wave-${part}`)]));
}

function draw(canvas, { peaks, duration, position, ranges, hover, seekable, bar, gap }) {
  const scale = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width) return;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const colours = palette(canvas);
  const count = Math.max(1, Math.floor((width + gap) / (bar + gap)));
  const heights = peaks ? bars(peaks, duration, count) : new Float32Array(count).fill(-1);
  const at = (second) => (duration > 0 ? (second / duration) * width : 0);
  for (let i = 0; i < count; i += 1) {
    const x = i * (bar + gap);
    const unknown = heights[i] < 0;
    const tall = unknown ? bar : Math.max(bar, Math.max(FLAT, heights[i]) * height);
    const second = duration > 0 ? ((x + bar / 2) / width) * duration : 0;
    context.globalAlpha = unknown || second > seekable ? 0.45 : 1;
    context.fillStyle = colourAt(colours, second, { position, ranges, hover });
    context.beginPath();
    context.roundRect(x, (height - tall) / 2, bar, tall, bar / 2);
    context.fill();
  }
  context.globalAlpha = 1;
  if (hover !== null) {
    context.fillStyle = colours.hover;
    context.fillRect(Math.round(at(hover)), 0, 1, height);
  }
}

function colourAt(colours, second, { position, ranges, hover }) {
  if (position !== null && second <= position) return colours.played;
  if (hover !== null && position !== null && second <= hover) return colours.hover;
  return ranges.some(([from, to]) => second >= from && second <= to) ? colours.ahead : colours.rest;
}

/** Redraw when a signal, the size or the theme changes. */
function useCanvas(paint) {
  const canvas = useRef(null);
  const size = useSignal(0);
  useSignalEffect(() => {
    size.value;
    if (canvas.current) draw(canvas.current, paint());
  });
  useEffect(() => {
    const again = () => (size.value = size.peek() + 1);
    const observer = new ResizeObserver(again);
    observer.observe(canvas.current);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", again);
    addEventListener("veza-theme", again);
    return () => {
      observer.disconnect();
      dark.removeEventListener("change", again);
      removeEventListener("veza-theme", again);
    };
  }, []);
  return canvas;
}

const isCurrent = (id) => player.currentId.value === id;

/** A small picture of a track's sound; shows how far it has been played. */
export function Thumb({ track }) {
  const shown = useSignal(track);
  shown.value = track;
  const inView = useSignal(false);
  const canvas = useCanvas(() => ({
    peaks: inView.value ? waveformOf(shown.value).value : null,
    duration: player.durationOf(shown.value),
    position: isCurrent(shown.value.id) ? player.position.value : null,
    ranges: [],
    hover: null,
    seekable: Infinity,
    bar: 2,
    gap: 1.5,
  }));
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && (inView.value = true), { rootMargin: "200px" });
    observer.observe(canvas.current);
    return () => observer.disconnect();
  }, []);
  return html`<canvas class="thumb" ref=${canvas} aria-hidden="true"></canvas>`;
}

/** The seek bar: a slider for keys and screen readers, a waveform for the eye. */
export function SeekWave({ track }) {
  const shown = useSignal(track);
  shown.value = track;
  const hover = useSignal(null);
  const box = useRef(null);
  const position = useComputed(() => (isCurrent(shown.value.id) ? player.position.value : 0));
  const second = useComputed(() => Math.floor(position.value));
  const duration = player.durationOf(track);
  const canvas = useCanvas(() => ({
    peaks: waveformOf(shown.value).value,
    duration: player.durationOf(shown.value),
    position: position.value,
    ranges: isCurrent(shown.value.id) ? player.buffered.value : [],
    hover: hover.value,
    seekable: shown.value.packaged_ms / 1000,
    bar: 3,
    gap: 2,
  }));
  const seek = (to) => seekIn(track, to);
  const timeAt = (event) => {
    const { left, width } = box.current.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width)) * duration;
  };
  return html`<div
    class="seek-wave"
    ref=${box}
    role="slider"
    tabindex="0"
    aria-label=${t("player.seek")}
    aria-valuemin="0"
    aria-valuemax=${Math.floor(duration)}
    aria-valuenow=${second.value}
    aria-valuetext=${t("player.position", { at: playTime(second.value), of: playTime(duration) })}
    aria-disabled=${!track.playable}
    onKeyDown=${(event) => track.playable && seekByKey(event, position.peek(), duration, seek)}
    onPointerMove=${(event) => (hover.value = timeAt(event))}
    onPointerLeave=${() => (hover.value = null)}
    onPointerDown=${(event) => {
      if (!track.playable || event.button !== 0) return;
      seek(timeAt(event));
    }}
  >
    <canvas ref=${canvas}></canvas>
    <${HoverTime} hover=${hover} duration=${duration} />
  </div>`;
}

/** Go to a moment of a track; one that is not in the player begins there. */
export function seekIn(track, to) {
  if (player.currentId.peek() === track.id) player.seek(to);
  else if (track.playable) player.play(track, { at: Math.max(0, Math.min(to, track.packaged_ms / 1000 - 0.05)) });
}

function HoverTime({ hover, duration }) {
  if (hover.value === null || !(duration > 0)) return null;
  return html`<output class="hover-time" style=${{ left: `${(hover.value / duration) * 100}%` }}>${playTime(hover.value)}</output>`;
}
