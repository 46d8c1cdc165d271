// Which module draws which screen. Each is loaded when it is first wanted, and once.

const MODULES = {
  home: async () => (await import("./screens/home.js")).Home,
  track: async () => (await import("./screens/track.js")).Track,
  room: async () => (await import("./screens/room.js")).Room,
  studio: async () => (await import("./screens/studio.js")).Studio,
  library: async () => (await import("./screens/library.js")).Library,
  album: async () => (await import("./screens/album.js")).Album,
  playlist: async () => (await import("./screens/playlist.js")).Playlist,
  missing: async () => (await import("./screens/missing.js")).Missing,
};

const loading = new Map();

/** The component of a screen; rejects when its module can't be had. */
export function load(screen) {
  if (!loading.has(screen)) {
    const module = MODULES[screen]();
    loading.set(screen, module);
    module.catch(() => loading.delete(screen)); // asked for again, it may come
  }
  return loading.get(screen);
}
