import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { html } from "../html.js";
import { t } from "../i18n.js";
import { tell } from "../notices.js";

/** A component that is loaded when it is first shown: a dialog, say. Where it can't be had, that is said. */
export function later(load) {
  const Part = signal(null);
  return function Later(props) {
    useEffect(() => {
      if (Part.peek()) return;
      load().then(
        (part) => (Part.value = part),
        () => {
          tell(t("error.unreachable"), { bad: true });
          props.onClose?.();
        },
      );
    }, []);
    return Part.value && html`<${Part.value} ...${props} />`;
  };
}
