// The player of live shows, without a browser: how fast it plays, and what comes out of its tape.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Fragments, fragment } from "../../streamer/web/engine/live_fragments.js";
import { Pace, TARGET_S } from "../../streamer/web/engine/live_pace.js";
import { Tape } from "../../streamer/web/engine/live_tape.js";

const RATE = 48_000;
const CHUNK_S = 5_120 / RATE;

/** A line that brings a chunk every `every_s`, and a player behind it, for `seconds`. Returns levels and rates as seen. */
function run(pace, { level_s, seconds, now_s = 0, every_s = CHUNK_S, late = () => 0 }) {
  const seen = [];
  let [next_s, ranOut, playing] = [now_s, 0, true];
  for (let t = now_s; t < now_s + seconds; t += 0.01) {
    while (t >= next_s + late(next_s)) {
      level_s += CHUNK_S;
      next_s += every_s;
    }
    if (!playing && level_s >= pace.target_s) {
      playing = true;
      pace.began(t);
    }
    if (playing) {
      level_s -= pace.see(level_s, t);
      level_s -= 0.01 * pace.rate;
    }
    if (level_s < 0) {
      [level_s, ranOut, playing] = [0, ranOut + 1, false];
      pace.ranOut(t);
    }
    seen.push({ t, level_s, rate: pace.rate });
  }
  return { seen, level_s, ranOut, low_s: Math.min(...seen.slice(-100).map((each) => each.level_s)) };
}

test("a steady line is played at its own pace", () => {
  const { seen, ranOut } = run(new Pace(), { level_s: TARGET_S, seconds: 120 });
  assert.equal(ranOut, 0);
  assert.ok(seen.every(({ rate }) => rate === 1));
});

test("too much in hand is played off, not faster than nobody hears, and then it is left alone", () => {
  const { seen, low_s } = run(new Pace(), { level_s: TARGET_S + 0.5, seconds: 60 });
  assert.ok(Math.max(...seen.map(({ rate }) => rate)) <= 1.03);
  assert.ok(Math.abs(low_s - TARGET_S) < 0.05, `${low_s}`);
  assert.equal(seen.at(-1).rate, 1);
  const changes = seen.filter(({ rate }, i) => i && (rate === 1) !== (seen[i - 1].rate === 1)).length;
  assert.ok(changes <= 3, `${changes} changes`);
});

test("too little is made more by playing slower", () => {
  const { seen, low_s } = run(new Pace(), { level_s: 0.05, seconds: 60 });
  assert.ok(Math.min(...seen.map(({ rate }) => rate)) >= 0.97);
  assert.ok(Math.abs(low_s - TARGET_S) < 0.06, `${low_s}`);
});

test("who needs more in hand has it, and no less after quiet minutes", () => {
  const pace = new Pace(0.35);
  pace.ranOut(0);
  assert.ok(pace.target_s > 0.35);
  const { low_s } = run(pace, { level_s: 0.6, seconds: 400 });
  assert.equal(pace.target_s, 0.35);
  assert.ok(Math.abs(low_s - 0.35) < 0.06, `${low_s}`);
});

test("a clock that runs faster or slower than the device's is followed for an hour", () => {
  for (const ppm of [-200, 200]) {
    const { seen, ranOut } = run(new Pace(), { level_s: TARGET_S, seconds: 3_600, every_s: CHUNK_S * (1 + ppm / 1e6) });
    assert.equal(ranOut, 0);
    assert.ok(seen.every(({ level_s }) => level_s < TARGET_S + CHUNK_S + 0.12));
  }
});

test("far too much is left out at once", () => {
  const { seen } = run(new Pace(), { level_s: 4, seconds: 3 });
  assert.ok(seen.at(-1).level_s < TARGET_S + 2 * CHUNK_S);
});

test("a line that is not steady gets a longer buffer, and after quiet minutes a shorter one again", () => {
  const pace = new Pace();
  const first = run(pace, { level_s: TARGET_S, seconds: 60, late: (t) => (Math.floor(t / 5) % 2 ? 0.4 : 0) });
  assert.ok(first.ranOut >= 1);
  assert.ok(pace.target_s > TARGET_S);
  run(pace, { level_s: first.level_s, seconds: 1_200, now_s: 60 });
  assert.equal(pace.target_s, TARGET_S);
});

const sine = (from, count, hz = 1_000) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin((2 * Math.PI * hz * (from + i)) / RATE));

function play(tape, count, pace) {
  const out = [new Float32Array(count), new Float32Array(count)];
  for (let at = 0; at < count; at += 128) {
    const block = out.map((channel) => channel.subarray(at, at + 128));
    if (!tape.read(block, pace)) break;
  }
  return out;
}

test("at its own pace sound goes through to the bit", () => {
  const tape = new Tape(RATE, 2);
  for (let at = 0; at < RATE; at += 1_024) tape.write((at * 1e6) / RATE, [sine(at, 1_024), sine(at, 1_024, 500)]);
  const [left, right] = play(tape, 12_800, 1);
  assert.deepEqual(left.subarray(240), sine(240, 12_560));
  assert.deepEqual(right.subarray(240), sine(240, 12_560, 500));
});

test("another pace is another pitch, and nothing else", () => {
  for (const [pace, hz] of [[1.03, 1_000], [0.97, 1_000], [1.011, 9_000]]) {
    const tape = new Tape(RATE, 2);
    tape.write(0, [sine(0, RATE, hz), sine(0, RATE, hz)]);
    const [left] = play(tape, 25_600, pace);
    let error = 0;
    for (let i = 240; i < left.length; i += 1) error += (left[i] - Math.sin((2 * Math.PI * hz * i * pace) / RATE)) ** 2;
    const noise_db = 10 * Math.log10(error / (left.length - 240) / 0.5);
    assert.ok(noise_db < -60, `${noise_db.toFixed(1)} dB at ${pace}`);
  }
});

test("it knows the media time of what is read, across a gap", () => {
  const tape = new Tape(RATE, 2);
  assert.equal(tape.at_us, null);
  tape.write(1_000_000, [sine(0, 4_800), sine(0, 4_800)]);
  tape.write(1_100_000, [sine(0, 4_800), sine(0, 4_800)]);
  tape.write(9_000_000, [sine(0, 4_800)]);
  assert.ok(Math.abs(tape.level_s - 0.3) < 1e-9);
  play(tape, 4_864, 1);
  assert.ok(Math.abs(tape.at_us - (1_000_000 + (4_864 * 1e6) / RATE)) < 1);
  tape.skip(0.1);
  play(tape, 128, 1);
  assert.ok(Math.abs(tape.at_us - (9_000_000 + ((4_864 + 4_800 + 128 - 9_600) * 1e6) / RATE)) < 1);
});

test("when it runs out it fades out, and fades in again", () => {
  const tape = new Tape(RATE, 2);
  const ones = () => new Float32Array(4_800).fill(1);
  tape.write(0, [ones(), ones()]);
  const out = [new Float32Array(4_864), new Float32Array(4_864)];
  assert.equal(tape.read(out, 1), false);
  const steps = (channel) => Math.max(...channel.map((each, i) => Math.abs(each - (i ? channel[i - 1] : 0))));
  assert.ok(steps(out[0]) < 0.01, `${steps(out[0])}`);
  tape.write(200_000, [ones(), ones()]);
  assert.equal(tape.read(out.map((each) => each.subarray(0, 2_400)), 1), true);
  assert.ok(steps(out[0].subarray(0, 2_400)) < 0.01);
});

test("what comes when it is full pushes out the oldest", () => {
  const tape = new Tape(RATE, 1);
  for (let second = 0; second < 3; second += 1) tape.write(second * 1e6, [sine(0, RATE), sine(0, RATE)]);
  assert.ok(tape.level_s < 1 && tape.level_s > 0.99);
  assert.ok(tape.at_us > 2e6 - 1e5);
});

const AAC = { codec: "mp4a.40.2", sample_rate: 48_000, channels: 2, frame_ticks: 1_024, description: new Uint8Array([0x11, 0x90]) };
const unit = (...bytes) => new Uint8Array(bytes);

test("a fragment is one moof and one mdat, and the moof says where each unit is", () => {
  const bytes = fragment({ sequence: 7, decode_ticks: 2 ** 33 + 5, frame_ticks: 1_024, units: [unit(1, 2, 3), unit(4)] });
  const view = new DataView(bytes.buffer);
  const moof = view.getUint32(0);
  assert.equal(String.fromCharCode(...bytes.subarray(4, 8)), "moof");
  assert.equal(view.getUint32(moof), 12);
  assert.equal(moof + 12, bytes.length);
  assert.deepEqual([...bytes.subarray(-4)], [1, 2, 3, 4]);
  const at = (kind) => Array.from(bytes.keys()).find((i) => String.fromCharCode(...bytes.subarray(i, i + 4)) === kind);
  assert.equal(view.getUint32(at("mfhd") + 8), 7);
  assert.deepEqual([view.getUint32(at("tfdt") + 8), view.getUint32(at("tfdt") + 12)], [2, 5]);
  const run = at("trun");
  assert.deepEqual([8, 12, 16, 20].map((offset) => view.getUint32(run + offset)), [2, moof + 8, 3, 1]);
});

test("the fragments' track has no gaps, and where sound was lost media time jumps", () => {
  const fragments = new Fragments(AAC);
  assert.equal(fragments.at_us(0), null);
  const chunk_us = (5 * 1_024 * 1e6) / 48_000;
  const units = Array.from({ length: 5 }, () => unit(0));
  fragments.add([{ at_us: 1_000_000, units }, { at_us: Math.round(1_000_000 + chunk_us), units }]);
  fragments.add([{ at_us: 9_000_000, units }]);
  assert.ok(Math.abs(fragments.end_s - (15 * 1_024) / 48_000) < 1e-9);
  assert.ok(Math.abs(fragments.at_us(0.2) - 1_200_000) < 1);
  assert.ok(Math.abs(fragments.at_us(fragments.end_s) - 9_000_000 - chunk_us) < 1);
});

test("a form that is none of ours is refused", () => {
  assert.throws(() => new Fragments({ ...AAC, codec: "vorbis" }), RangeError);
  assert.throws(() => new Fragments({ ...AAC, codec: "Opus" }), RangeError);
});
