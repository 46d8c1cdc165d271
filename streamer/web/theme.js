// A classic script, not a module: it runs before the first paint, so that a chosen theme never flashes.
(() => {
  try {
    const theme = JSON.parse(localStorage.getItem("veza.theme"));
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is off: the system's theme it is.
  }
})();
