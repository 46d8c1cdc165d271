// Words come from one catalogue; a translation is another file like it.
import en from "./catalogue/en.js";

const LANGUAGE = "en";
const words = { ...en };
const plural = new Intl.PluralRules(LANGUAGE);

/**
 * The text of `key`. `{name}` in it is replaced by `values.name`; an entry with plural forms is chosen by `values.count`.
 */
export function t(key, values = {}) {
  let text = words[key];
  if (text === undefined) throw new Error(`no such text: ${key}`);
  if (typeof text === "object") text = text[plural.select(values.count)] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Take in the words of what is loaded later. */
export const learnWords = (more) => Object.assign(words, more);

export const language = LANGUAGE;
