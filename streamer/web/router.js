// Screens have addresses; links are real links; the document, and with it the player, stays.
import { signal } from "@preact/signals";

import { load } from "./screens.js";

const ROUTES = [
  [/^\/$/, "home"],
  [/^\/t\/([^/]+)$/, "track"],
  [/^\/r\/([^/]+)$/, "room"],
  [/^\/studio\/([^/]+)$/, "studio"],
  [/^\/library(?:\/(albums|playlists))?$/, "library"],
  [/^\/a\/([^/]+)$/, "album"],
  [/^\/p\/([^/]+)$/, "playlist"],
];

function locate({ pathname: path, search }) {
  for (const [pattern, screen] of ROUTES) {
    const match = pattern.exec(path);
    if (!match) continue;
    try {
      return { path, search, screen, name: decodeURIComponent(match[1] ?? "") };
    } catch {
      break; // a mistyped %-escape
    }
  }
  return { path, search, screen: "missing", name: "" };
}

/** Where one is: `{path, search, screen, name, Screen}`; the last is undefined until the first screen is there. */
export const route = signal(locate(location));

let journeys = 0;

/** The screen that is left stays until the next one's module is there; a click meanwhile goes elsewhere. */
async function show(scroll) {
  const journey = (journeys += 1);
  const place = locate(location);
  let Screen;
  try {
    Screen = await load(place.screen);
  } catch (error) {
    if (!route.peek().Screen) throw error;
    // The line is down, or the server has a newer page than this one: the browser knows how to say so.
    if (journey === journeys) location.reload();
    return;
  }
  if (journey !== journeys) return;
  route.value = { ...place, Screen };
  requestAnimationFrame(() => scrollTo(0, scroll));
}

export function go(address) {
  if (address === location.pathname + location.search) return;
  history.replaceState({ scroll: scrollY }, "");
  history.pushState({ scroll: 0 }, "", address);
  show(0);
}

/** Another address for where one is already: nothing is added to what "back" goes through. */
export function amend(address) {
  history.replaceState(history.state, "", address);
  show(scrollY);
}

/** The place one would come to by following `event`'s link inside this document, or null. */
function destination(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || link.target || link.download) return null;
  const url = new URL(link.href);
  if (url.origin !== location.origin || url.hash) return null; // a place on this very screen is the browser's
  const place = locate(url);
  return place.screen === "missing" ? null : place;
}

function foresee(event) {
  const place = destination(event);
  if (place) load(place.screen).catch(() => {});
}

/** Follow links to our screens without loading a document; leave every other click to the browser. */
export function startRouter() {
  history.scrollRestoration = "manual";
  addEventListener("popstate", (event) => show(event.state?.scroll ?? 0));
  // Whoever points at a link is about to need its screen.
  addEventListener("pointerover", foresee, { passive: true });
  addEventListener("focusin", foresee);
  addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const place = destination(event);
    if (!place) return;
    event.preventDefault();
    go(place.path + place.search);
  });
  return show(0);
}
