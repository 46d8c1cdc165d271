import { knock } from "../chat/rooms.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { route } from "../router.js";
import { Icon } from "./icon.js";

/** Why one is not in the room, and how one may come in. */
export function Shut({ room, error, keyIn }) {
  const asks = error.code === "password_needed";
  const submit = (event) => {
    event.preventDefault();
    knock(room, asks ? { password: event.currentTarget.elements.password.value } : keyIn(route.peek().search));
  };
  return html`<form class="chat-offline" onSubmit=${submit}><${Icon} name="circle-alert" size="18" /><span role="alert">${t("room.shut", { reason: error.message })}</span>
    ${asks && html`<input class="field" type="password" name="password" required autocomplete="off" aria-label=${t("room.password")} placeholder=${t("room.password")} />`}
    <button type="submit" class="button">${t("room.knock")}</button></form>`;
}
