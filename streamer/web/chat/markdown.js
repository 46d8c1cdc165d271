// What people write, as a tree: a safe part of Markdown, read in one pass however it is written. No markup comes of it
// by itself: a node is text, or one of the kinds below, and whoever draws makes elements of them.
//
// Blocks: `{kind: "text", parts}`, `{kind: "quote", parts}`, `{kind: "code", text}`.
// Parts: a string, `{kind: "bold" | "italic" | "strike", parts}`, `{kind: "code", text}`, `{kind: "link", href, parts}`,
// `{kind: "moment", track, href, text}`, `{kind: "mention", text}`.

const TICK = "\u0060";
const FENCE = TICK.repeat(3);
const DEPTH = 8;
const MARKS = [["**", "bold"], ["__", "bold"], ["~~", "strike"], ["*", "italic"], ["_", "italic"]];
const URL_START = /https?:\/\//iy;
const URL_CHARS = /[^\s<>"\u0060\u0000-\u001f\u007f]+/y;
const MOMENT = /\/t\/([A-Za-z0-9_-]{1,64})(\?t=[0-9hms:.]{1,32})?(?![\w/-])/iy;
const MENTION = /@(?:"[^"\n]{1,32}"|[^\s@"]{1,32})/y;
const WORD = /[\p{L}\p{N}]/u;
// What ends a sentence, or closes what the link stands in, is none of the link.
const TRAILING = /[.,;:!?'*_~]$/;

/** Text to blocks. `origin` is this server's: addresses of tracks on it are moments. */
export function parse(text, origin = "") {
  const blocks = [];
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    const close = line.startsWith(FENCE) ? lines.indexOf(FENCE, index + 1) : -1;
    if (close > 0) {
      blocks.push({ kind: "code", text: lines.slice(index + 1, close).join("\n") });
      index = close;
    } else {
      const kind = line.startsWith(">") ? "quote" : "text";
      const said = kind === "quote" ? line.slice(line.startsWith("> ") ? 2 : 1) : line;
      const last = blocks.at(-1);
      if (last?.kind === kind) last.lines.push(said);
      else blocks.push({ kind, lines: [said] });
    }
  }
  return blocks.map(({ kind, lines: said, text: code }) => (kind === "code" ? { kind, text: code } : { kind, parts: inline(said.join("\n"), origin) }));
}

/** One line as text alone: for quotes and titles. */
export function plain(text, origin = "") {
  const flatten = (parts) => parts.map((part) => (typeof part === "string" ? part : part.kind === "moment" ? "♪" : part.text ?? flatten(part.parts))).join("");
  return parse(text, origin).map(({ text: code, parts }) => code ?? flatten(parts)).join(" ").replace(/\s+/g, " ").trim();
}

/** Parts of a text. Each character is looked at once for each depth, and marks that nothing closes are looked for once. */
function inline(text, origin, depth = 0) {
  const parts = [];
  const missing = new Set(); // marks that do not come again in this text
  let start = 0;
  let at = 0;
  const put = (part, end) => {
    if (at > start) parts.push(text.slice(start, at));
    parts.push(part);
    start = at = end;
  };
  while (at < text.length) {
    const found = special(text, at, origin, depth, missing);
    if (found) put(found.part, found.end);
    else at += 1;
  }
  if (at > start) parts.push(text.slice(start, at));
  return parts;
}

function special(text, at, origin, depth, missing) {
  const char = text[at];
  if (char === TICK) return codeAt(text, at, missing);
  if (char === "[" && depth < DEPTH) return linkAt(text, at, origin, depth, missing);
  if (char === "@") return mentionAt(text, at);
  if ((char === "h" || char === "H") && !within(text, at)) return addressAt(text, at, origin);
  if (char === "/" && !within(text, at)) return momentAt(text, at);
  if (depth < DEPTH && "*_~".includes(char)) return markedAt(text, at, origin, depth, missing);
  return null;
}

const match = (pattern, text, at) => {
  pattern.lastIndex = at;
  return pattern.exec(text);
};
/** Whether a word, or an address, goes on here. */
const within = (text, at) => at > 0 && (WORD.test(text[at - 1]) || "/.:@-".includes(text[at - 1]));

function find(text, mark, from, missing) {
  if (missing.has(mark)) return -1;
  const end = text.indexOf(mark, from);
  if (end < 0) missing.add(mark);
  return end;
}

function codeAt(text, at, missing) {
  const end = find(text, TICK, at + 1, missing);
  const code = text.slice(at + 1, end);
  return end > at + 1 && !code.includes("\n") ? { part: { kind: "code", text: code }, end: end + 1 } : null;
}

function markedAt(text, at, origin, depth, missing) {
  const [mark, kind] = MARKS.find(([each]) => text.startsWith(each, at)) ?? [];
  if (!mark) return null;
  const from = at + mark.length;
  // Within a word they are the word's: snake_case_name, 2*3*4.
  const inWord = (index) => mark.length === 1 && index >= 0 && index < text.length && WORD.test(text[index]);
  if (!/\S/.test(text[from] ?? "") || inWord(at - 1)) return null;
  if (text[from] === mark[0] || text[at - 1] === mark[0]) return null; // three and more of them are no mark
  for (let end = find(text, mark, from, missing); end >= 0; end = text.indexOf(mark, end + 1)) {
    if (end === from || /\s/.test(text[end - 1]) || inWord(end + mark.length)) continue;
    return { part: { kind, parts: inline(text.slice(from, end), origin, depth + 1) }, end: end + mark.length };
  }
  missing.add(mark);
  return null;
}

function linkAt(text, at, origin, depth, missing) {
  const middle = find(text, "](", at + 1, missing);
  const end = middle < 0 ? -1 : text.indexOf(")", middle);
  const words = text.slice(at + 1, middle);
  // Words that look like an address lead there and nowhere else.
  if (middle <= at + 1 || end < 0 || /[[\n]|:\/\/|^\s*www\.|@/i.test(words)) return null;
  const href = address(text.slice(middle + 2, end));
  const parts = href && inline(words, origin, DEPTH).map((part) => part.text ?? (part.parts ? part.parts.join("") : part));
  return href ? { part: { kind: "link", href, parts }, end: end + 1 } : null;
}

function addressAt(text, at, origin) {
  if (!match(URL_START, text, at)) return null;
  let raw = match(URL_CHARS, text, at)[0];
  while (TRAILING.test(raw) || (raw.endsWith(")") && !raw.includes("("))) raw = raw.slice(0, -1);
  const moment = origin && raw.startsWith(`${origin}/t/`) ? momentAt(text, at + origin.length, raw) : null;
  if (moment) return { ...moment, end: at + raw.length };
  const href = address(raw);
  return href && { part: { kind: "link", href, parts: [raw] }, end: at + raw.length };
}

function momentAt(text, at, shown = null) {
  const found = match(MOMENT, text, at);
  if (!found) return null;
  const href = found[0].replace(/[.:]+$/, "");
  return { part: { kind: "moment", track: found[1], href, text: shown ?? href }, end: at + href.length };
}

function mentionAt(text, at) {
  const found = at > 0 && (WORD.test(text[at - 1]) || "/.@".includes(text[at - 1])) ? null : match(MENTION, text, at);
  if (!found) return null;
  const name = found[0].replace(/[.,;:!?)\]}'*_~]+$/, "");
  return name.length > 1 ? { part: { kind: "mention", text: name }, end: at + name.length } : null;
}

/** An address that is safe to follow, or null: http and https alone, without a user in it. */
function address(raw) {
  try {
    const url = new URL(raw);
    return ["http:", "https:"].includes(url.protocol) && !url.username && !url.password ? url.href : null;
  } catch {
    return null;
  }
}
