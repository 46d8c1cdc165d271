import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import { useDrag } from "../dragging.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import * as player from "../player.js";
import { trackSignal } from "../tracks.js";
import { useWindow } from "../windowed.js";
import { Icon } from "./icon.js";
import { TrackRow } from "./track_row.js";

/** CSS has the same number. */
const ROW_PX = 60;
const PAGE_ROWS = 10;
const NEAR_END_ROWS = 30;
/** A queue of this many is restored after a reload; the rest of a long list is not worth a request each. */
const MAX_QUEUE = 200;

/** What plays on after row `index`: the rows around it, as many as a queue takes. */
export function amongRows(rows, index) {
  const from = Math.max(0, Math.min(index - MAX_QUEUE / 4, rows.length - MAX_QUEUE));
  return rows.slice(from, from + MAX_QUEUE).map(({ id }) => trackSignal(id).peek()).filter((track) => track?.playable);
}

/**
 * Tracks as rows of a grid, of which only those in sight are in the document. One row takes part in Tab; arrows
 * move between rows, Space chooses, Enter plays (WAI-ARIA, grid pattern).
 *
 * Args:
 *   rows: `{key, id}`, `id` a track's.
 *   columns: names of what stands between the words and the length: "album", "added".
 *   lead: "art" or "number", what stands before the words.
 *   sort, onSort: `{by, down}` and who hears of another one; without, the heads are plain.
 *   complete: whether `rows` is all there is; `onNearEnd` asks for more.
 *   onDelete: what the Delete key does. onMove: `(from, to)`, rows can be moved when it is there.
 */
export function TrackGrid({ label, rows, selection, columns, lead = "art", sort, onSort, complete = true, onNearEnd, onDelete, onMove }) {
  const body = useRef(null);
  const [active, moved] = [useSignal(rows[0]?.key), useRef(false)];
  const range = useWindow(body, ROW_PX, rows.length);
  const keys = rows.map(({ key }) => key);
  const at = Math.max(0, keys.indexOf(active.value));
  const [first, end] = range.value;

  useEffect(() => {
    if (end > rows.length - NEAR_END_ROWS && !complete) onNearEnd?.();
  }, [end, rows.length, complete]);
  useLayoutEffect(() => {
    if (!moved.current) return;
    const row = body.current.querySelector("[data-active]");
    const stop = moved.current === true ? row : row?.querySelector(moved.current);
    moved.current = false;
    stop?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  });
  const moveTo = (index, extend) => {
    const to = Math.max(0, Math.min(rows.length - 1, index));
    if (extend) selection?.extend(keys, keys[to], keys[at]);
    active.value = keys[to];
    moved.current = true;
  };
  const play = (index) => {
    const track = trackSignal(rows[index].id).peek();
    if (track?.playable) player.play(track, { among: amongRows(rows, index) });
  };
  const said = useSignal("");
  const put = (from, to) => {
    if (to < 0 || to >= rows.length) return;
    onMove(from, to);
    said.value = t("grid.moved", { at: to + 1, of: rows.length });
  };
  const { drag, start, top } = useDrag({ row: ROW_PX, count: rows.length, onDrop: put });
  const shift = (by, handle) => {
    put(at, at + by);
    moved.current = handle ? ".grid-handle button" : true;
  };
  const pressed = (event) => {
    const onRow = event.target.getAttribute("role") === "row";
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE_ROWS, PageUp: -PAGE_ROWS, Home: -Infinity, End: Infinity }[event.key];
    const handle = event.target.closest(".grid-handle");
    const all = (event.ctrlKey || event.metaKey) && event.key === "a";
    if (onMove && (event.altKey || handle) && Math.abs(step) === 1) shift(step, handle);
    else if (step && !event.altKey && !event.ctrlKey && !event.metaKey) moveTo(at + step, event.shiftKey);
    else if (all && selection) selection.set(keys);
    else if (event.key === "Escape" && selection?.chosen.peek().size) selection.clear();
    else if (event.key === "Delete" && onDelete) onDelete(keys[at]);
    else if (onRow && event.key === " " && selection) selection.toggle(keys[at]);
    else if (onRow && event.key === "Enter") play(at);
    else return;
    event.preventDefault();
  };
  const shown = [];
  for (let index = first; index < Math.min(end, rows.length); index += 1) shown.push(index);
  // What has the focus, or is being dragged, stays in the document wherever one scrolls.
  for (const index of new Set([at, drag.value?.from ?? at])) if (rows[index] && !shown.includes(index)) shown.push(index);
  return html`<div class=${`grid lead-${lead} ${columns.map((name) => `has-${name}`).join(" ")} ${onMove ? "has-handle" : ""} ${selection ? "has-check" : ""} ${drag.value ? "is-dragging" : ""}`}
      role="grid" aria-label=${label} aria-multiselectable=${selection ? "true" : undefined} aria-rowcount=${complete ? rows.length + 1 : -1} onKeyDown=${pressed}>
    <${Heads} lead=${lead} columns=${columns} sort=${sort} onSort=${onSort} rows=${rows} complete=${complete} selection=${selection} movable=${Boolean(onMove)} />
    <div class="grid-body" role="rowgroup" ref=${body} style=${{ height: `${rows.length * ROW_PX}px` }}>
      ${shown.map((index) => html`<${TrackRow} key=${keys[index]} index=${index} row=${rows[index]} top=${top(index)} held=${drag.value?.from === index} lead=${lead} columns=${columns}
        active=${index === at} selection=${selection} count=${rows.length}
        onTouch=${() => (active.value = keys[index])} onPlay=${() => play(index)}
        onExtend=${() => selection.extend(keys, keys[index])} onGrip=${onMove && ((event) => start(index, event))} />`)}
    </div>
  </div>${onMove && html`<p class="sr" role="status">${said.value}</p>`}`;
}

function Heads({ lead, columns, sort, onSort, rows, complete, selection, movable }) {
  const chosen = selection?.chosen.value.size ?? 0;
  const all = chosen > 0 && chosen === rows.length && complete;
  const head = (name) => html`<${Head} key=${name} name=${name} sort=${sort} onSort=${onSort} />`;
  return html`<div class="grid-heads" role="rowgroup"><div class="grid-row" role="row" aria-rowindex="1">
    ${selection && html`<div class="grid-check" role="columnheader"><input type="checkbox" aria-label=${t("grid.choose_all")} checked=${all} indeterminate=${chosen > 0 && !all}
      onChange=${() => (chosen ? selection.clear() : selection.set(rows.map(({ key }) => key)))} /></div>`}
    <div class=${`grid-${lead}`} role="columnheader">${lead === "number" ? html`<span aria-hidden="true">#</span>` : ""}<span class="sr">${t(`grid.${lead}`)}</span></div>
    ${head("title")}${columns.map(head)}${head("length")}
    ${movable && html`<div class="grid-handle" role="columnheader"><span class="sr">${t("grid.order")}</span></div>`}
  </div></div>`;
}

function Head({ name, sort, onSort }) {
  const by = sort?.by === name;
  const text = t(`grid.${name}`);
  const order = by ? (sort.down ? "descending" : "ascending") : undefined;
  const turn = () => onSort({ by: name, down: by ? !sort.down : name === "added" });
  return html`<div class=${`grid-${name}`} role="columnheader" aria-sort=${order}>${onSort
    ? html`<button type="button" onClick=${turn}>${text}${by && html`<${Icon} name=${sort.down ? "arrow-down" : "arrow-up"} size="14" />`}</button>`
    : text}</div>`;
}
