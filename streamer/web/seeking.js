// How far a key goes.

export const STEP_S = 5;
export const LEAP_S = 30;

/** What a slider's keys do (WAI-ARIA, slider pattern). */
export function seekByKey(event, position, duration, seek) {
  const step = event.shiftKey ? LEAP_S : STEP_S;
  const to = {
    ArrowLeft: position - step,
    ArrowDown: position - step,
    ArrowRight: position + step,
    ArrowUp: position + step,
    PageDown: position - LEAP_S,
    PageUp: position + LEAP_S,
    Home: 0,
    End: duration,
  }[event.key];
  if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  seek(Math.min(duration, Math.max(0, to)));
}
