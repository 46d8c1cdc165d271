// What people write, as a tree; and what the log of a room makes of it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { apply, applyAll, applyToPins, asGap, fill, marked, prepend, SHOWN_LIMIT } from "../../streamer/web/chat/log.js";
import { weave } from "../../streamer/web/chat/weave.js";
import { parse, plain } from "../../streamer/web/chat/markdown.js";

const ORIGIN = "https://veza.example";
const parts = (text) => parse(text, ORIGIN).flatMap((block) => block.parts ?? [block]);
const kinds = (text) => parts(text).map((part) => (typeof part === "string" ? part : part.kind));
const links = (text) => parts(text).filter(({ kind }) => kind === "link").map(({ href }) => href);

test("bold, italic, struck out and code, one within the other", () => {
  assert.deepEqual(parts("a **b *c* d** `e*f*` ~~g~~ __h__ _i_"), [
    "a ",
    { kind: "bold", parts: ["b ", { kind: "italic", parts: ["c"] }, " d"] },
    " ", { kind: "code", text: "e*f*" },
    " ", { kind: "strike", parts: ["g"] },
    " ", { kind: "bold", parts: ["h"] },
    " ", { kind: "italic", parts: ["i"] },
  ]);
});

test("what is no mark stays as it was written", () => {
  for (const text of ["2*3*4", "snake_case_name", "* a * b *", "**", "** a **", "`", "``", "a ` b", "~~", "[a]", "***", "***a***", "*a\n", "@", "a@b.org", "5 > 3"]) {
    assert.deepEqual(parts(text), [text], text);
  }
});

test("blocks: quotes, and code that means nothing else", () => {
  assert.deepEqual(parse("one\ntwo\n> three\n>four\n```\n**x** <b>\n> y\n```\nend"), [
    { kind: "text", parts: ["one\ntwo"] },
    { kind: "quote", parts: ["three\nfour"] },
    { kind: "code", text: "**x** <b>\n> y" },
    { kind: "text", parts: ["end"] },
  ]);
  assert.deepEqual(kinds("```\nnever closed"), ["```\nnever closed"]);
});

test("only http and https become links, and say where they lead", () => {
  assert.deepEqual(links("see https://x.org/a_b(c)?d=1, (http://y.org). [here](https://z.org)"), ["https://x.org/a_b(c)?d=1", "http://y.org/", "https://z.org/"]);
  for (const hostile of [
    "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](data:text/html,<script>)", "[x](vbscript:x)", "[x](//evil.org)", "[x](/relative)",
    "[x](\u0001javascript:alert(1))", "[x]( javascript:alert(1))", "[x](java\tscript:alert(1))", "javascript:alert(1)", "[x](https://user:word@evil.org)",
    "https://bank.org@evil.org/", "[x](https:evil)".replace("evil", "//"), "[x](file:///etc/passwd)", "[x](blob:https://x.org/1)", "ahttps://x.org",
  ]) assert.deepEqual(links(hostile), [], hostile);
  assert.deepEqual(links("[https://bank.org](https://evil.org)"), ["https://evil.org/"], "an address in words is no name for another");
  assert.deepEqual(kinds("[www.bank.org](https://evil.org/)"), ["[www.bank.org](", "link", ")"]);
});

test("markup is text, wherever it stands", () => {
  for (const text of ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "**<b>**", "`<i>`", "> <u>"]) {
    const flat = JSON.stringify(parse(text));
    assert.ok(!/"kind":"(?!text|bold|code|quote)/.test(flat), text);
    assert.equal(plain(text), text.replaceAll(/\*\*|`|^> /g, ""));
  }
});

test("a track at a time is a moment, here and nowhere else", () => {
  assert.deepEqual(parts("hear /t/abc-1?t=1:23, or https://veza.example/t/abc?t=83."), [
    "hear ", { kind: "moment", track: "abc-1", href: "/t/abc-1?t=1:23", text: "/t/abc-1?t=1:23" },
    ", or ", { kind: "moment", track: "abc", href: "/t/abc?t=83", text: "https://veza.example/t/abc?t=83" }, ".",
  ]);
  assert.deepEqual(kinds("https://other.example/t/abc?t=83"), ["link"]);
  assert.deepEqual(kinds("a/t/abc ./t/abc /t/abc/d /t/"), ["a/t/abc ./t/abc /t/abc/d /t/"]);
});

test("mentions, with and without spaces in the name", () => {
  const named = (text) => parts(text).filter(({ kind }) => kind === "mention").map(({ text: name }) => name);
  assert.deepEqual(named('@ann, (@bob) and @"carol d"! x@y @é.'), ["@ann", "@bob", '@"carol d"', "@é"]);
});

test("however deep, long or broken, it is read to its end and nothing is lost", () => {
  for (const unit of ["*", "_", "**a ", "[", "[a](", "`a\n", "> ", "~~*a_", "@", "http://", "(", "```\n", "* a*", "*a **b ", "[a](https://x.org)", "𝄞*", "\u202e*x*", "\ud800*"]) {
    const text = unit.repeat(Math.ceil(4000 / unit.length)).slice(0, 4000);
    assert.ok(JSON.stringify(parse(text, ORIGIN)).length > 100, unit);
  }
  assert.equal(plain("*".repeat(4000)).length, 4000);
});

const ann = { id: "a", name: "ann" };
const bob = { id: "b", name: "bob" };
const message = (seq, body = `${seq}`) => ({ type: "message", room: "r", seq, id: `m${seq}`, nonce: "n", author: ann, body, at: seq });
const change = (type, seq, of, more = {}) => ({ type, room: "r", seq, id: `m${of}`, nonce: "n", author: bob, of, at: seq, ...more });

test("what is done to a message is done where it stands", () => {
  const entries = applyAll([], [
    message(1), message(2), change("edited", 3, 1, { body: "one" }), change("reacted", 4, 1, { emoji: "+" }), change("reacted", 5, 1, { emoji: "+" }),
    change("reacted", 6, 1, { emoji: "+", author: ann }), change("pinned", 7, 1), change("unreacted", 8, 1, { emoji: "+" }), change("unreacted", 9, 1, { emoji: "-" }),
  ]);
  assert.deepEqual(entries.map(({ id, body, edited_at, pinned, reactions }) => ({ id, body, edited_at, pinned, reactions })), [
    { id: "m1", body: "one", edited_at: 3, pinned: true, reactions: [{ emoji: "+", count: 1, people: [ann] }] },
    { id: "m2", body: "2", edited_at: undefined, pinned: undefined, reactions: undefined },
  ]);
  const gone = applyAll(entries, [change("unreacted", 10, 1, { emoji: "+", author: ann }), change("deleted", 11, 1), change("edited", 12, 1, { body: "back" })]);
  assert.deepEqual([gone[0].body, gone[0].deleted_at, gone[0].reactions, "pinned" in gone[0]], ["", 11, [], false]);
  assert.equal(gone[1], entries[1], "what has not changed is the same");
  assert.equal(apply(gone, change("reacted", 13, 99, { emoji: "+" })), gone, "what is not shown is not changed");
  assert.equal(apply(gone, change("sealed", 14, 2)), gone, "what is not known yet changes nothing");
});

test("what is shown has an end; what is older comes before it, once", () => {
  const many = applyAll([], Array.from({ length: SHOWN_LIMIT + 5 }, (_, index) => message(index + 1)));
  assert.deepEqual([many.length, many[0].seq], [SHOWN_LIMIT, 6]);
  const notice = { kind: "notice", key: "n1" };
  assert.deepEqual(prepend([notice, ...applyAll([], [message(5)])], [message(3), message(4), message(5)]).map(({ seq }) => seq), [3, 4, undefined, 5]);
  assert.equal(prepend([], [message(1)]).length, 1);
});

test("a gap is filled from its end, until nothing is missing", () => {
  const gap = asGap(3, 9);
  const before = applyAll([], [message(2)]);
  const entries = [...before, gap, ...applyAll([], [message(10)])];
  const some = fill(entries, gap, [message(8), message(9)], true);
  assert.deepEqual(some.map(({ seq, from, to }) => seq ?? [from, to]), [2, [3, 7], 8, 9, 10]);
  const all = fill(some, some[1], [message(1), message(2), message(5), message(7)], true);
  assert.deepEqual(all.map(({ seq, from, to }) => seq ?? [from, to]), [2, [3, 4], 5, 7, 8, 9, 10]);
  assert.deepEqual(fill(all, all[1], [message(1), message(2)], false).map(({ seq }) => seq), [2, 5, 7, 8, 9, 10]);
  assert.equal(fill(all, gap, [], false), all, "a gap that is gone");
});

test("what was not read yet is marked where it begins", () => {
  const entries = applyAll([], [message(1), { ...message(2), author: bob }, message(3), { ...message(4), author: bob }]);
  const at = (read) => marked(entries, read, "a").findIndex(({ kind }) => kind === "unread");
  assert.deepEqual([at(0), at(1), at(2), at(4)], [-1, 1, 3, -1]);
});

test("pins follow what happens to their messages", () => {
  const entries = applyAll([], [message(1), message(2)]);
  let pins = applyToPins([], entries, change("pinned", 3, 1));
  pins = applyToPins(pins, entries, change("pinned", 4, 77));
  assert.deepEqual(pins.map(({ id, seq, body }) => [id, seq, body]), [["m1", 1, "1"], ["m77", 77, undefined]]);
  pins = applyToPins(pins, entries, change("edited", 5, 1, { body: "new" }));
  assert.equal(pins[0].body, "new");
  assert.equal(applyToPins(pins, entries, message(9)), pins);
  assert.deepEqual(applyToPins(pins, entries, change("deleted", 6, 1)).map(({ id }) => id), ["m77"]);
  assert.deepEqual(applyToPins(pins, entries, change("unpinned", 7, 77)).map(({ id }) => id), ["m1"]);
});

const said = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => ({ type: "message", seq: from + index, id: `i${from + index}` }));
const drawn = (entries) => entries.map(({ kind, seq, from, to }) => (kind === "gap" ? `${from}-${to}` : seq)).join(" ");

test("what was looked for comes among what is shown, with gaps for what was not", () => {
  const shown = applyAll([{ kind: "presence", key: "n1" }], said(90, 92));
  const once = weave(shown, said(40, 44), { before: 45, more: true });
  assert.equal(drawn(once), " 40 41 42 43 44 45-89 90 91 92");
  const twice = weave(once, said(60, 62), { before: 63, more: true });
  assert.equal(drawn(twice), " 40 41 42 43 44 45-59 60 61 62 63-89 90 91 92");
  assert.equal(drawn(weave(twice, said(57, 61), { before: 62, more: true })), " 40 41 42 43 44 45-56 57 58 59 60 61 62 63-89 90 91 92");
  assert.equal(drawn(weave(twice, said(86, 91), { before: 92, more: true })), " 40 41 42 43 44 45-59 60 61 62 63-85 86 87 88 89 90 91 92");
  assert.equal(drawn(weave(once, said(1, 3), { before: 4, more: false })), " 1 2 3 4-39 40 41 42 43 44 45-89 90 91 92");
  assert.equal(drawn(weave(once, said(42, 47), { before: 48, more: true })), " 40 41 42 43 44 45 46 47 48-89 90 91 92");
  assert.equal(weave(shown, [], { before: 45, more: false }), shown);
  assert.equal(drawn(weave([], said(1, 2), { before: 27, more: false })), "1 2");
});

test("a thread is as long as what answers in it, and is there", () => {
  const answer = (seq) => ({ type: "message", seq, id: `i${seq}`, reply_to: "i1", thread: "i1", author: { id: "a" } });
  const entries = applyAll([], [...said(1, 1), answer(2), answer(3)]);
  assert.equal(entries[0].replies, 2);
  const gone = { type: "deleted", id: "i2", seq: 4, at: 1 };
  assert.equal(applyAll(entries, [gone, { ...gone, seq: 5 }])[0].replies, 1);
});
