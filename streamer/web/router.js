// Screens have addresses; links are real links; the document, and with it the player, stays.
import { signal } from "@preact/signals";

const ROUTES = [
  [/^\/$/, "home"],
  [/^\/t\/([^/]+)$/, "track"],
  [/^\/r\/([^/]+)$/, "room"],
];

function locate(path) {
  for (const [pattern, screen] of ROUTES) {
    const match = pattern.exec(path);
    if (match) return { path, screen, name: decodeURIComponent(match[1] ?? "") };
  }
  return { path, screen: "missing", name: "" };
}

export const route = signal(locate(location.pathname));

export function go(path) {
  if (path === location.pathname) return;
  history.replaceState({ scroll: scrollY }, "");
  history.pushState({ scroll: 0 }, "", path);
  show(0);
}

function show(scroll) {
  route.value = locate(location.pathname);
  requestAnimationFrame(() => scrollTo(0, scroll));
}

/** Follow links to our screens without loading a document; leave every other click to the browser. */
export function startRouter() {
  history.scrollRestoration = "manual";
  addEventListener("popstate", (event) => show(event.state?.scroll ?? 0));
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button !== 0 || link.target || link.download) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || locate(url.pathname).screen === "missing") return;
    event.preventDefault();
    go(url.pathname);
  });
}
