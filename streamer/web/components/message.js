import { useComputed, useSignal } from "@preact/signals";

import { isBlocked } from "../chat/people.js";
import { isMine, pin, react } from "../chat/rooms.js";
import { plain } from "../chat/markdown.js";
import { hueOf } from "../colour.js";
import { clockTime, fullTime, shortClock } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { me } from "../line.js";
import { Face } from "./face.js";
import { Icon } from "./icon.js";
import { RichText } from "./rich_text.js";

const PALETTE = ["👍", "❤️", "😂", "🎉", "🔥", "🎵"];
const QUOTED_CHARS = 120;

/**
 * One message. `active` is a signal of the key of the one that shows its tools; `act(what, message)` does "reply",
 * "edit", "delete", "thread" and "jump".
 */
export function Message({ room, entry, head, active, act }) {
  const { author, body, at, edited_at: edited, deleted_at: deleted } = entry;
  const shown = useSignal(false);
  const hidden = isBlocked(author.id) && !shown.value && !deleted;
  const on = useComputed(() => active.value === entry.key);
  const forMe = entry.mentions?.includes(me.value);
  const classes = ["message", head && "is-head", author.id === me.value && "is-mine", forMe && "is-for-me"].filter(Boolean).join(" ");
  const activate = () => (active.value = entry.key);
  return html`<article class=${classes} data-key=${entry.key} tabindex="-1" aria-label=${t("room.said", { name: author.name, time: clockTime(at) })}
    onPointerEnter=${activate} onFocusIn=${activate}>
    ${entry.reply_to && entry.reply_to !== room.root && html`<${Quote} room=${room} entry=${entry} act=${act} />`}
    ${head ? html`<${Face} id=${author.id} name=${author.name} />` : html`<time class="message-side" aria-hidden="true">${shortClock(at)}</time>`}
    <div class="message-words">
      ${head && html`<p class="message-head"><b style=${{ "--hue": hueOf(author.id) }}>${author.name}</b><time datetime=${new Date(at).toISOString()} title=${fullTime(at)}>${clockTime(at)}</time>${entry.pinned && html`<span class="message-wait"><${Icon} name="pin" size="14" />${t("room.is_pinned")}</span>`}</p>`}
      ${deleted || hidden ? html`<p class="message-gone">${t(deleted ? "room.deleted" : "room.is_blocked")}${hidden && html` <button type="button" class="link" onClick=${() => (shown.value = true)}>${t("room.show_blocked")}</button>`}</p>` : html`<${RichText} text=${body} />`}
      ${edited && !deleted && html`<span class="message-edited" title=${fullTime(edited)}>${t("room.edited")}</span>`}
      ${entry.replies > 0 && !room.root && html`<button type="button" class="link message-replies" onClick=${() => act("thread", entry)}>${t("room.replies", { count: entry.replies })}</button>`}
      ${entry.reactions?.length > 0 && html`<${Reactions} room=${room} entry=${entry} />`}
    </div>
    ${on.value && !deleted && html`<${Tools} room=${room} entry=${entry} act=${act} />`}
  </article>`;
}

function Quote({ room, entry, act }) {
  const target = useComputed(() => room.entries.value.find(({ id }) => id === entry.reply_to)).value;
  if (!target) return html`<button type="button" class="message-quote" onClick=${() => act("thread", entry)}>${t("room.answers_earlier")}</button>`;
  const said = isBlocked(target.author.id) ? "" : target.deleted_at ? t("room.deleted") : plain(target.body, location.origin).slice(0, QUOTED_CHARS);
  return html`<button type="button" class="message-quote" onClick=${() => act("jump", target)}><b>${target.author.name}</b> <span>${said}</span></button>`;
}

function Reactions({ room, entry }) {
  return html`<div class="reactions">${entry.reactions.map((reaction) => {
    const names = new Intl.ListFormat("en").format(reaction.people.map(({ name }) => name));
    return html`<button type="button" key=${reaction.emoji} class="reaction" aria-pressed=${isMine(reaction)} title=${names}
      aria-label=${t("room.reaction", { emoji: reaction.emoji, count: reaction.count })} onClick=${() => react(room, entry, reaction.emoji)}><span>${reaction.emoji}</span>${reaction.count}</button>`;
  })}</div>`;
}

/** What can be done to a message: beside the one that is pointed at, or has the focus. */
function Tools({ room, entry, act }) {
  const choosing = useSignal(false);
  const mine = entry.author.id === me.value;
  const choose = (emoji) => {
    react(room, entry, emoji);
    choosing.value = false;
  };
  const tool = (name, icon, onClick, more = {}) =>
    html`<button type="button" class="ghost" aria-label=${t(`room.do.${name}`)} title=${t(`room.do.${name}`)} onClick=${onClick} ...${more}><${Icon} name=${icon} size="16" /></button>`;
  return html`<div class="message-tools" role="group" aria-label=${t("room.tools")}>
    ${choosing.value && PALETTE.map((emoji) => html`<button type="button" class="ghost" aria-label=${t("room.react_with", { emoji })} onClick=${() => choose(emoji)}>${emoji}</button>`)}
    ${tool("react", "heart", () => (choosing.value = !choosing.peek()), { "aria-expanded": choosing.value })}
    ${!choosing.value && html`${tool("reply", "reply", () => act("reply", entry))}
      ${room.may.value.includes("pin") && tool(entry.pinned ? "unpin" : "pin", "pin", () => pin(room, entry))}
      ${mine && tool("edit", "pencil", () => act("edit", entry))}
      ${(mine || room.may.value.includes("delete")) && tool("delete", "trash", () => act("delete", entry))}`}
  </div>`;
}
