import { chosen as chosenIn } from "../folders.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { onAir } from "../on_air.js";
import { route } from "../router.js";
import { add, foresee } from "../sending.js";
import { nextTheme, theme } from "../themes.js";
import { Icon } from "./icon.js";
import { SearchBox } from "./search_box.js";

const ICONS = { system: "monitor", light: "sun", dark: "moon" };

export function TopBar({ onHelp }) {
  const { screen } = route.value;
  return html`<header class="top">
    <a class="brand" href="/" aria-label=${t("top.home")}><${Mark} /><span>Veza</span></a>
    <nav class="top-nav" aria-label=${t("top.nav")}>
      <a href="/" aria-current=${screen === "home" ? "page" : undefined}><${Icon} name="house" /><span>${t("top.listen")}</span></a>
      <a href="/library" aria-current=${screen === "library" ? "page" : ["album", "playlist"].includes(screen) ? "true" : undefined}><${Icon} name="library" /><span>${t("top.library")}</span></a>
      <a href="/r/lobby" aria-current=${screen === "room" ? "page" : undefined}><${Icon} name="message-circle" /><span>${t("top.lobby")}</span></a>
      <a href="/api/docs" class="top-docs" target="_blank" rel="noopener"><${Icon} name="book-open" /><span>${t("top.docs")}</span></a>
    </nav>
    <${SearchBox} />
    <div class="top-tools">
      ${onAir.value && html`<a class="top-air" href=${`/studio/${onAir.value}`}><span>${t("top.on_air")}</span></a>`}
      <button type="button" class="ghost top-help" aria-label=${t("top.help")} onClick=${onHelp}><${Icon} name="keyboard" /></button>
      <button type="button" class="ghost" aria-label=${t(`top.theme.${theme.value}`)} title=${t(`top.theme.${theme.value}`)} onClick=${nextTheme}>
        <${Icon} name=${ICONS[theme.value]} /></button>
      <${ChooseFiles} className="ghost top-folder" folder><${Icon} name="folder-up" /><//>
      <${ChooseFiles} className="button primary top-upload"><${Icon} name="upload" size="18" /><span>${t("upload.button")}</span><//>
    </div>
  </header>`;
}

/** Three bars: the mark of the house. */
export function Mark() {
  return html`<svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true"><rect width="32" height="32" rx="9" />
    <path d="M8 14v4M13.300 9v14M18.700 12v8M24 14.500v3" /></svg>`;
}

/** A button that opens the dialog for files, or for a folder. */
export function ChooseFiles({ className, folder = false, children }) {
  const choose = (event) => {
    const input = event.currentTarget.nextElementSibling;
    input.click();
  };
  const chosen = (event) => {
    const { files } = event.currentTarget;
    add(folder ? chosenIn(files) : [...files]);
    event.currentTarget.value = "";
  };
  return html`<button type="button" class=${className} onClick=${choose} onPointerEnter=${foresee} onFocus=${foresee} aria-label=${t(folder ? "upload.choose_folder" : "upload.choose")}>${children}</button>
    <input class="file-input" type="file" multiple hidden webkitdirectory=${folder} accept="audio/*,video/*,.flac,.opus,.ogg,.m4a,.aiff,.wav" onChange=${chosen} />`;
}
