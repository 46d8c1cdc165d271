// Rows that are taken by a handle and put down elsewhere.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

const EDGE_PX = 96;
const SCROLL_PX = 9;

/**
 * Rows of one height are dragged. While they are, the document's order stays as it is (a touch would end if its
 * element moved); only where rows are drawn changes.
 *
 * Returns `{drag, start, top}`: `drag` is a signal of `{from, to, y}` or null, `start(index, event)` belongs on
 * pointerdown, `top(index)` is where a row is drawn. `onDrop(from, to)` follows.
 */
export function useDrag({ row, count, onDrop }) {
  const drag = useSignal(null);
  const end = useRef(null);
  useEffect(() => () => end.current?.(), []);

  const start = (from, event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    const grip = event.clientY + scrollY - from * row;
    let [pointer, frame] = [event.clientY, 0];
    const place = () => {
      const y = Math.max(0, Math.min((count - 1) * row, pointer + scrollY - grip));
      drag.value = { from, to: Math.round(y / row), y };
    };
    const scroll = () => {
      frame = requestAnimationFrame(scroll);
      const by = pointer < EDGE_PX ? -SCROLL_PX : pointer > innerHeight - EDGE_PX ? SCROLL_PX : 0;
      if (by) {
        scrollBy(0, by);
        place();
      }
    };
    const listeners = {
      pointermove: (moved) => {
        pointer = moved.clientY;
        place();
      },
      pointerup: () => finish(true),
      pointercancel: () => finish(false),
      keydown: (key) => key.key === "Escape" && finish(false),
    };
    const finish = (drop) => {
      cancelAnimationFrame(frame);
      for (const [type, listener] of Object.entries(listeners)) removeEventListener(type, listener);
      end.current = null;
      const { to } = drag.peek();
      drag.value = null;
      if (drop && to !== from) onDrop(from, to);
    };
    end.current = () => finish(false);
    for (const [type, listener] of Object.entries(listeners)) addEventListener(type, listener);
    place();
    scroll();
  };
  const top = (index) => {
    if (!drag.value) return index * row;
    const { from, to, y } = drag.value;
    if (index === from) return y;
    const shift = index > from && index <= to ? -1 : index < from && index >= to ? 1 : 0;
    return (index + shift) * row;
  };
  return { drag, start, top };
}
