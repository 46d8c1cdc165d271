// What plays. Screens come and go; this module and its two decks stay.
import { batch, computed, effect, signal, untracked } from "@preact/signals";

import { Deck } from "./deck.js";
import { line, socket } from "./line.js";
import { evenGain, loudnessOf } from "./loudness.js";
import { kept } from "./store.js";
import { loadTrack, trackSignal } from "./tracks.js";

const REMEMBER_EVERY_S = 2;
const NEXT_WITHIN_S = 20;
// So many of the tracks that come next are known and may be put behind one another: some are very short.
const LOOK_AHEAD = 3;
const RESTART_AFTER_S = 3;
// As close to the end as one may go: there is still something to be heard.
const END_S = 0.05;
// Somebody who crosses a card on the way to another does not mean it.
const DWELL_MS = 60;

const saved = kept("player", { queue: [], index: 0, position: 0 });
export const volume = kept("volume", 1);
export const muted = kept("muted", false);
/** Whether every track is played as loud as the others. */
export const even = kept("even", true);
/** Whether what was uploaded without loss is played without loss, where the line has room for it. */
export const lossless = kept("lossless", false);

export const queue = signal(saved.peek().queue);
const index = signal(saved.peek().index);
export const currentId = computed(() => queue.value[index.value] ?? null);
export const current = computed(() => (currentId.value ? trackSignal(currentId.value).value : null) ?? null);
export const playing = signal(false);
export const waiting = signal(false);
export const position = signal(saved.peek().position);
/** `[[from, to]]` in seconds. */
export const buffered = signal([]);
/** "network", "media", "gone" or "unsupported" when playing can't go on. */
export const failure = signal(null);

/** Seconds: what the file claims, or what there is of it. */
export const durationOf = (track) =>
  track ? Math.max(track.packaged_ms, track.state === "ready" ? 0 : (track.duration_ms ?? 0)) / 1000 : 0;
export const duration = computed(() => durationOf(current.value));
/** How far one can seek. */
export const seekable = computed(() => (current.value ? current.value.packaged_ms / 1000 : 0));
export const hasNext = computed(() => index.value + 1 < queue.value.length);

const on = { error: onDeckError, approach: onDeckApproach, advance: onDeckAdvance, isLossless: () => lossless.peek() };
let deck = new Deck(on);
let spare = new Deck(on);
for (const each of [deck, spare]) listen(each);
markCurrent();

function onDeckError(which, kind) {
  which.eject();
  if (which !== deck) return;
  failure.value = kind;
  playing.value = waiting.value = false;
}

/** A volume is never changed to the sample: a track that has to be turned down is so a moment too early. */
function onDeckApproach(which, track) {
  if (which === deck) which.audio.volume = Math.min(which.audio.volume, levelOf(track, index.peek() + 1));
}

/** The sound has passed into the next track, without a sample between them. */
function onDeckAdvance(which, track) {
  if (which !== deck) return;
  batch(() => {
    const next = index.peek() + 1;
    index.value = queue.peek()[next] === track.id ? next : queue.peek().indexOf(track.id);
    position.value = deck.position;
  });
  setLevel(deck);
  remember();
}

function listen(which) {
  const when = (type, action) => which.audio.addEventListener(type, () => which === deck && action());
  when("play", () => (playing.value = true));
  when("pause", () => (playing.value = false));
  when("waiting", () => (waiting.value = playing.peek()));
  when("playing", () => (waiting.value = false));
  // play() belongs in the click, or a phone's browser refuses it. An element that is given its source only
  // after that stops again, and does not tell.
  when("canplay", () => playing.peek() && which.audio.paused && resume());
  when("timeupdate", tick);
  when("seeked", tick);
  when("progress", readBuffered);
  when("ended", () => (hasNext.peek() ? step(1) : stopAtEnd()));
}

function stopAtEnd() {
  playing.value = false;
  remember();
}

function tick() {
  // Until the element stands where it was told to, the promise is shown, not the element.
  if (deck.audio.readyState === 0 || deck.isSeeking || deck.track?.id !== currentId.peek()) return;
  position.value = deck.position;
  readBuffered();
  if (Math.abs(saved.peek().position - position.peek()) > REMEMBER_EVERY_S) remember();
  if (hasNext.peek() && duration.peek() - position.peek() < NEXT_WITHIN_S) prepareNext();
}

function readBuffered() {
  buffered.value = deck.ranges;
}

function remember() {
  saved.value = { queue: queue.peek(), index: index.peek(), position: position.peek() };
}

function markCurrent() {
  deck.audio.dataset.deck = "current";
  spare.audio.dataset.deck = "spare";
}

/** Where the deck can't put the next track behind the current one itself, the other deck has it ready. */
function prepareNext() {
  const next = trackSignal(queue.peek()[index.peek() + 1]).peek();
  if (next && !follow()) prepare(next);
}

/** Tell the deck what comes next, as far as it is known and can be played. */
function follow() {
  const coming = queue.peek().slice(index.peek() + 1, index.peek() + 1 + LOOK_AHEAD).map((id) => trackSignal(id).peek());
  const end = coming.findIndex((track) => !track?.playable);
  return deck.follow(end < 0 ? coming : coming.slice(0, end));
}

/** Load a track's playlist and first segments: it is about to be played. */
export function prepare(track) {
  if (!track.playable || deck.track?.id === track.id || spare.track?.id === track.id) return;
  spare.cue(track);
  setLevel(spare);
}

/** An element can only be turned down: a quiet track gets its boost where the listener's volume leaves room. */
function setLevel(which) {
  if (which.track) which.audio.volume = levelOf(which.track, which === deck ? index.peek() : null);
  which.audio.muted = muted.peek();
}

/** An element's volume for a track; `place` is where it stands in the queue, or null. */
function levelOf({ id }, place) {
  const track = trackSignal(id).peek();
  const neighbours = place === null ? [] : [-1, 1].map((by) => trackSignal(queue.peek()[place + by]).peek());
  const gain = even.peek() && track ? evenGain(loudnessOf(track, neighbours)) : 1;
  return Math.min(1, volume.peek() ** 2 * gain); // loudness is heard in powers
}

let pointing = null;

/** Somebody points at a track, and may press play in a moment. */
export function pointAt(track) {
  clearTimeout(pointing);
  pointing = setTimeout(() => prepare(track), DWELL_MS);
}

/** Play a track; `among` is the list it stands in, which plays on after it. */
export function play(track, { among = [track], at = 0 } = {}) {
  queue.value = among.map((each) => each.id);
  index.value = Math.max(0, queue.peek().indexOf(track.id));
  start(track, Math.min(at, Math.max(0, track.packaged_ms / 1000 - END_S)));
}

function start(track, at) {
  failure.value = null;
  const stays = deck.track?.id !== track.id && deck.jump(track, at);
  if (deck.track?.id !== track.id) {
    deck.audio.pause();
    [deck, spare] = [spare, deck];
    markCurrent();
    putAway(spare, spare.track);
    if (deck.track?.id !== track.id) deck.cue(track, at);
  }
  setLevel(deck);
  deck.engage();
  follow();
  if (!stays && Math.abs(deck.position - at) > 0.05) deck.seek(at);
  position.value = at;
  readBuffered();
  resume();
  remember();
}

/** Empty the deck that was left, once the new sound has begun, unless it has been given something else. */
function putAway(left, track) {
  setTimeout(() => left === spare && left.track === track && left.eject());
}

function resume() {
  waiting.value = deck.audio.readyState < 3;
  playing.value = true;
  deck.audio.play().catch((error) => {
    // Anything else says that there is no sound yet, or that another track was chosen meanwhile.
    if (error.name === "NotAllowedError") playing.value = waiting.value = false;
  });
}

export function toggle() {
  const track = current.peek();
  if (!track?.playable) return;
  if (playing.peek()) deck.audio.pause();
  else if (failure.peek() || deck.track?.id !== track.id) start(track, position.peek());
  else if (deck.audio.ended) start(track, 0);
  else resume();
}

/** Shown at once, even before the sound is there. */
export function seek(seconds) {
  const track = current.peek();
  if (!track) return;
  const target = Math.min(Math.max(0, seconds), Math.max(0, seekable.peek() - END_S));
  position.value = target;
  remember();
  if (deck.track?.id === track.id) deck.seek(target);
}

export const seekBy = (seconds) => seek(position.peek() + seconds);

/** The next or the previous track; back in the middle of one is its beginning. */
export function step(by) {
  if (by < 0 && (position.peek() > RESTART_AFTER_S || index.peek() === 0)) return seek(0);
  const id = queue.peek()[index.peek() + by];
  const track = id && trackSignal(id).peek();
  if (!track) return;
  index.value += by;
  start(track, 0);
}

/** Take a track out of the player, because it is gone. */
export function forget(id) {
  if (!queue.peek().includes(id)) return;
  if (currentId.peek() === id) {
    deck.audio.pause();
    deck.eject();
    playing.value = false;
    position.value = 0;
  }
  const at = queue.peek().indexOf(id);
  queue.value = queue.peek().filter((other) => other !== id);
  if (at < index.peek()) index.value -= 1;
  if (index.peek() >= queue.peek().length) index.value = 0;
  remember();
}

/** Begin: apply volume, follow the current track as it grows, bring back what was playing before a reload. */
export async function startPlayer({ smooth }) {
  effect(() => {
    // Loudness is known when a track is ready: one that plays meanwhile is evened out then.
    void [volume.value, muted.value, even.value, current.value];
    untracked(() => [deck, spare].forEach(setLevel));
  });
  effect(() => {
    void lossless.value;
    untracked(() => [deck, spare].forEach((each) => each.refine()));
  });
  effect(() => {
    const track = current.value;
    if (track) untracked(() => deck.grow(track));
  });
  // What comes next is found out before it is needed; what is gone leaves the queue.
  effect(() => {
    const ids = queue.value.slice(Math.max(0, index.value - 1), index.value + 1 + LOOK_AHEAD);
    const online = line.value.state === "online";
    for (const id of ids) {
      const track = trackSignal(id).value;
      if (track === null) return untracked(() => forget(id));
      if (track === undefined && online) loadTrack(id).catch(() => {});
    }
    if (deck.track?.id === currentId.value) untracked(follow);
  });
  // It may grow while one looks at something else; what was missed while the line was down is asked for.
  effect(() => (currentId.value ? socket.watch(currentId.value) : undefined));
  effect(() => {
    const id = currentId.value;
    if (!id || line.value.state !== "online") return;
    loadTrack(id).catch(() => {});
    untracked(() => deck.hurry());
  });
  effect(() => {
    if (playing.value && smooth) untracked(animate);
  });
  addEventListener("pagehide", remember);
  const id = currentId.peek();
  if (id) await loadTrack(id).catch(() => {});
  if (current.peek()?.playable && !deck.track) {
    deck.cue(current.peek(), position.peek());
    setLevel(deck);
  }
}

function animate() {
  if (!playing.peek()) return;
  tick();
  requestAnimationFrame(animate);
}
