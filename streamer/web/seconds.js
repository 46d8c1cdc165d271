import { useEffect, useState } from "preact/hooks";

/** The time, milliseconds since the epoch, once a second. */
export function useSecond() {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
