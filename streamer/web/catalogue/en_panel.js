// The words of what stands beside a room; see en.js.
export default {
  "panel.close": "Close",
  "panel.count": { one: "{count}{more} message", other: "{count}{more} messages" },
  "panel.earlier": "Show what was said before",
  "panel.found": "What was found",
  "panel.more": "Show more",
  "panel.nothing": "Nobody has said “{words}” here",
  "panel.open_thread": "Open the thread",
  "panel.search_teach": "Every word counts, also as it begins. The newest comes first.",
  "panel.thread": "Thread",
  "panel.thread_teach": "Nobody has answered yet.",
  "panel.words": "Words to look for",
};
