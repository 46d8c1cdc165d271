// Of a long list, only the rows in sight are in the document.
import { useSignal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";

const BEYOND = 8;

/**
 * Which rows of a box are near the window: a signal of `[first, end)`.
 *
 * Args: `box`, a ref to the element whose first row begins at its top; `row`, the height of each row in CSS pixels.
 */
export function useWindow(box, row, count) {
  const range = useSignal([0, Math.min(count, 40)]);
  useLayoutEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      const { top } = box.current.getBoundingClientRect();
      const first = Math.max(0, Math.floor(-top / row) - BEYOND);
      const end = Math.min(count, Math.ceil((innerHeight - top) / row) + BEYOND);
      const [before, beforeEnd] = range.peek();
      if (first !== before || end !== beforeEnd) range.value = [first, Math.max(first, end)];
    };
    const soon = () => (frame ||= requestAnimationFrame(look));
    look();
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
    };
  }, [count, row]);
  return range;
}
