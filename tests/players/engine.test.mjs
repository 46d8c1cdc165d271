// The engine's judgement, without a browser: what playlists say, what to fetch next, which rendition.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Meter, choose, isHopeless } from "../../streamer/web/engine/choice.js";
import { wholeLastFrame } from "../../streamer/web/engine/mp4.js";
import { locate, plan, soundUntil } from "../../streamer/web/engine/plan.js";
import { readMedia, readMultivariant } from "../../streamer/web/engine/playlist.js";
import { Timeline } from "../../streamer/web/engine/timeline.js";
import { momentIn, pageAt } from "../../streamer/web/moment.js";

const BASE = "https://a.example/hls/x/index.m3u8";

test("a multivariant playlist is its renditions, in order", () => {
  const text = [
    "#EXTM3U",
    '#EXT-X-STREAM-INF:BANDWIDTH=133110,AVERAGE-BANDWIDTH=130707,CODECS="mp4a.40.2"',
    "aac128.m3u8",
    '#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS="fLaC,x"',
    "flac.m3u8",
  ].join("\n");
  assert.deepEqual(readMultivariant(text, BASE), [
    { url: "https://a.example/hls/x/aac128.m3u8", bandwidth: 133110, average: 130707, codecs: "mp4a.40.2" },
    { url: "https://a.example/hls/x/flac.m3u8", bandwidth: 9, average: 9, codecs: "fLaC,x" },
  ]);
});

const media = (durations, { complete = true } = {}) =>
  readMedia(
    ["#EXTM3U", '#EXT-X-MAP:URI="a.mp4",BYTERANGE="7@0"']
      .concat(durations.map((duration, i) => `#EXTINF:${duration},\n#EXT-X-BYTERANGE:10@${7 + 10 * i}\na.mp4`))
      .concat(complete ? ["#EXT-X-ENDLIST", ""] : [])
      .join("\n"),
    BASE,
  );

test("a media playlist is byte ranges with their times", () => {
  const url = "https://a.example/hls/x/a.mp4";
  assert.deepEqual(media(["3.993832", "0.5"]), {
    init: { url, from: 0, size: 7 },
    segments: [
      { url, from: 7, size: 10, at: 0, end: 3.993832 },
      { url, from: 17, size: 10, at: 3.993832, end: 4.493832 },
    ],
    duration: 4.493832,
    complete: true,
  });
  assert.equal(media(["1"], { complete: false }).complete, false);
});

test("times of many segments do not drift from the microsecond", () => {
  assert.equal(media(Array(10_000).fill("0.000001")).duration, 0.01);
});

test("sound reaches over ranges that touch, and no further", () => {
  const ranges = [[0, 4], [4.000001, 8], [9, 10]]; // prettier-ignore
  assert.equal(soundUntil(ranges, 1), 8);
  assert.equal(soundUntil(ranges, 8.5), 8.5);
  assert.equal(soundUntil(ranges, 8.95), 10, "a player steps over so little");
  assert.equal(soundUntil([], 3), 3);
});

const entry = (start, list) => ({ start, list });
const most = { seconds: 60, bytes: 1000 };
const decide = (more) => {
  const { act, entry, index } = plan({ time: 0, ranges: [], cursor: null, most, bytesAhead: 0, hasMore: false, ...more });
  return [act, more.entries.indexOf(entry), index];
};

test("first the playlist, then its segments, then the next track, then the end", () => {
  const one = entry(0, null);
  assert.deepEqual(decide({ entries: [one] }), ["load", 0, 0]);
  one.list = media(["4", "4"]);
  assert.deepEqual(decide({ entries: [one] }), ["append", 0, 0]);
  assert.deepEqual(decide({ entries: [one], ranges: [[0, 4]], cursor: { entry: one, index: 1 } }), ["append", 0, 1]);
  const all = { entries: [one], ranges: [[0, 8]], cursor: { entry: one, index: 2 } };
  assert.deepEqual(decide(all).slice(0, 2), ["end", 0]);
  assert.deepEqual(decide({ ...all, hasMore: true }).slice(0, 2), ["place", 0]);
  const two = entry(8, null);
  assert.deepEqual(decide({ ...all, entries: [one, two] }), ["load", 1, 0]);
  two.list = media(["4"]);
  assert.deepEqual(decide({ ...all, entries: [one, two] }), ["append", 1, 0]);
});

test("the end is the end, however much is ahead", () => {
  const one = entry(0, media(["4"]));
  const all = { entries: [one], ranges: [[0, 4]], cursor: { entry: one, index: 1 }, bytesAhead: 5000, most: { seconds: 1, bytes: 1 } };
  assert.equal(decide(all)[0], "end");
  assert.equal(decide({ ...all, hasMore: true })[0], "rest");
});

test("a track that grows is looked at again", () => {
  const one = entry(0, media(["4"], { complete: false }));
  assert.deepEqual(decide({ entries: [one], ranges: [[0, 4]], cursor: { entry: one, index: 1 }, hasMore: true }).slice(0, 2), ["reload", 0]);
});

test("enough is enough, in seconds and in bytes; but never nothing", () => {
  const one = entry(0, media(Array(100).fill("4")));
  assert.equal(decide({ entries: [one], ranges: [[0, 60]] })[0], "rest");
  assert.equal(decide({ entries: [one], ranges: [[0, 8]], bytesAhead: 1000 })[0], "rest");
  assert.equal(decide({ entries: [one], bytesAhead: 1000 })[0], "append");
});

test("after a jump, or when the browser dropped something, the place is found anew", () => {
  const one = entry(100, media(["4", "4", "4"]));
  const cursor = { entry: one, index: 1 };
  assert.deepEqual(decide({ entries: [one], time: 109, ranges: [[100, 104]], cursor }), ["append", 0, 2]);
  assert.deepEqual(decide({ entries: [one], time: 105, ranges: [[106, 112]], cursor }), ["append", 0, 1]);
  assert.deepEqual(decide({ entries: [one], time: 100, ranges: [], cursor: { entry: one, index: 3 } }), ["append", 0, 0]);
});

test("a last segment shorter than any rounding is fetched all the same", () => {
  const one = entry(0, media(["4", "0.001"]));
  assert.deepEqual(decide({ entries: [one], ranges: [[0, 3.999999]], cursor: { entry: one, index: 1 } }), ["append", 0, 1]);
});

test("the place between two tracks belongs to the second", () => {
  const entries = [entry(0, media(["4"])), entry(4, media(["4"]))];
  assert.equal(locate(entries, 3.9995).entry, entries[1]);
  assert.equal(locate(entries, 3.9).entry, entries[0]);
});

const renditions = [
  { codecs: "mp4a.40.2", bandwidth: 130_000 },
  { codecs: "mp4a.40.2", bandwidth: 66_000 },
  { codecs: "mp4a.40.2", bandwidth: 270_000 },
  { codecs: "fLaC", bandwidth: 900_000 },
];
const [middle, low, high, flac] = renditions;

test("AAC adapts, and begins in the middle", () => {
  assert.equal(choose(renditions, { rate: null }), middle);
  assert.equal(choose(renditions, { rate: 1e7 }), high);
  assert.equal(choose(renditions, { rate: 300_000, current: middle }), middle);
  assert.equal(choose(renditions, { rate: 0, current: high }), low);
});

test("who has sound in hand stays where who has none climbs down", () => {
  assert.equal(choose(renditions, { rate: 310_000, current: high, ahead: 20 }), high);
  assert.equal(choose(renditions, { rate: 310_000, current: high, ahead: 2 }), middle);
});

test("FLAC only for who wants it, and where the line has room", () => {
  assert.equal(choose(renditions, { rate: null, lossless: true }), flac);
  assert.equal(choose(renditions, { rate: 1e7, lossless: true }), flac);
  assert.equal(choose(renditions, { rate: 1e6, lossless: true }), high);
  assert.equal(choose([flac], { rate: 1e7 }), flac, "where there is nothing else");
});

test("a meter believes what it has seen, and the slower of two means", () => {
  const meter = new Meter();
  assert.equal(meter.rate, null);
  meter.add(1000, 1);
  assert.equal(meter.rate, null, "so little says nothing");
  meter.add(1_000_000, 1);
  assert.ok(meter.rate > 4e6 && meter.rate < 8.1e6);
  for (let i = 0; i < 4; i += 1) meter.add(25_000, 2);
  assert.ok(meter.rate < 1e6, "a line that has become slow is seen at once");
});

test("a download that would end too late is given up, but not before it had a chance", () => {
  assert.equal(isHopeless({ received: 10, size: 100, seconds: 0.5, ahead: 0 }), false);
  assert.equal(isHopeless({ received: 10, size: 100, seconds: 2, ahead: 5 }), true);
  assert.equal(isHopeless({ received: 90, size: 100, seconds: 2, ahead: 0 }), false);
});

test("the queue changes behind what plays", () => {
  const list = media(["4"]);
  const timeline = new Timeline({ id: "a" }, (track) => ({ track, list }));
  assert.deepEqual(timeline.follow([{ id: "b" }, { id: "c" }]), []);
  timeline.place();
  timeline.place();
  assert.deepEqual(timeline.entries.map(({ start }) => start), [0, 4, 8]);
  assert.deepEqual(timeline.follow([{ id: "b", state: "ready" }, { id: "d" }]).map(({ source }) => source.track.id), ["c"]);
  assert.deepEqual(timeline.waiting, [{ id: "d" }]);
  assert.equal(timeline.next.source.track.state, "ready");
  assert.equal(timeline.pass(3), null);
  assert.equal(timeline.pass(4.1).id, "b");
  assert.ok(timeline.turn("a") && timeline.current.start === 0);
  assert.equal(timeline.turn("z"), false);
});

const u32 = (...numbers) => numbers.flatMap((n) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]);
const box = (kind, ...parts) => {
  const body = parts.flat();
  return [...u32(8 + body.length), ...kind.split("").map((c) => c.charCodeAt(0)), ...body];
};
const fragment = (durations) => {
  const header = box("tfhd", u32(0x020008, 1, 1024));
  const run = box("trun", u32(0x301, durations.length, 0), durations.flatMap((each) => u32(each, 50)));
  return new Uint8Array([...box("moof", box("mfhd", u32(0, 1)), box("traf", header, run)), ...box("mdat", [1, 2])]).buffer;
};

test("only a last frame that is cut short is made whole", () => {
  const cut = fragment([1024, 59]);
  assert.equal(wholeLastFrame(cut), true);
  assert.deepEqual(new Uint8Array(cut), new Uint8Array(fragment([1024, 1024])));
  assert.equal(wholeLastFrame(cut), false);
});

test("bytes that are no fragment are left as they are", () => {
  for (const bytes of [[], u32(0), u32(1000, 1), box("moof"), box("moof", box("traf", box("tfhd", u32(0, 1))))]) {
    assert.equal(wholeLastFrame(new Uint8Array(bytes).buffer), false);
  }
});

test("a moment can be written in three ways", () => {
  const moments = { 83: 83, "1:23": 83, "0:05.5": 5.5, "1:02:03": 3723, "1h2m3s": 3723, "2m": 120, "45S": 45, "1h": 3600, 0: 0 };
  for (const [text, seconds] of Object.entries(moments)) assert.equal(momentIn(`?t=${text}`), seconds, text);
  for (const text of ["", "soon", "-3", "1:2:3:4", "3s2m", "h", "1e3", ":5", "5:", "Infinity"]) assert.equal(momentIn(`?t=${text}`), null, text);
  assert.equal(momentIn("?q=1"), null);
  assert.equal(momentIn(pageAt("/t/x", 83.9).slice(4)), 83);
});
