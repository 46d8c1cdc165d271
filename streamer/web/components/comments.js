import { useSignal } from "@preact/signals";

import { MAX_SHOWN, uncomment } from "../comments.js";
import { count, fullTime, playTime, since } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { me } from "../line.js";
import { tell } from "../notices.js";
import { CommentForm } from "./comment_form.js";
import { Face } from "./face.js";
import { Icon } from "./icon.js";
import { Ask } from "./parts.js";

const AT_FIRST = 50;

/** What has been said about a track, in its order, and where one says something. */
export function Comments({ track, margin, onSeek, onAgain }) {
  const items = margin.items.value;
  const shown = useSignal(AT_FIRST);
  const doomed = useSignal(null);
  const remove = async () => {
    await uncomment(doomed.peek());
    tell(t("comment.deleted"));
    doomed.value = null;
  };
  return html`<section class="comments" aria-labelledby="comments">
    <h2 id="comments">${t("comment.title")}${items?.length > 0 && html`<span class="comments-count">${count(items.length)}${margin.cut.value ? "+" : ""}</span>`}</h2>
    <${CommentForm} track=${track} />
    ${margin.error.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${t("comment.failed", { reason: margin.error.value })}</span>
      <button type="button" class="button" onClick=${onAgain}>${t("error.again")}</button></p>`}
    ${items?.length === 0 && html`<p class="quiet comments-teach">${t("comment.teach")}</p>`}
    <ol class="comment-list">${items?.slice(0, shown.value).map((each) => html`<${Said} key=${each.id} said=${each} onSeek=${onSeek}
      onDelete=${mayDelete(each, track) && (() => (doomed.value = each))} />`)}</ol>
    ${items?.length > shown.value && html`<button type="button" class="button more" onClick=${() => (shown.value += 2 * AT_FIRST)}>${t("comment.show_more")}</button>`}
    ${margin.cut.value && items?.length <= shown.value && html`<p class="quiet">${t("comment.cut", { count: count(MAX_SHOWN) })}</p>`}
    ${doomed.value && html`<${Ask} title=${t("comment.delete_title")} text=${t("comment.delete_ask")} yes=${t("track.delete_yes")} no=${t("track.keep")}
      onYes=${remove} onClose=${() => (doomed.value = null)} />`}
  </section>`;
}

const mayDelete = ({ pending, author }, track) =>
  !pending && me.value !== null && (author.id === me.value || track.owner?.id === me.value);

function Said({ said, onSeek, onDelete }) {
  const { author, at_ms, body, created_at: at, pending } = said;
  const moment = playTime(at_ms / 1000);
  return html`<li class=${`comment ${pending ? "is-pending" : ""}`}>
    <${Face} id=${author.id} name=${author.name} />
    <div class="comment-words"><p class="comment-head"><b>${author.name}</b>
      <button type="button" class="comment-moment" aria-label=${t("comment.seek", { at: moment })} onClick=${() => onSeek(at_ms / 1000)}>${moment}</button>
      ${pending ? html`<span class="message-wait"><${Icon} name="clock" size="14" />${t("room.sending")}</span>` : html`<time datetime=${new Date(at).toISOString()} title=${fullTime(at)}>${since(at)}</time>`}</p>
      <p class="comment-body" dir="auto">${body}</p></div>
    ${onDelete && html`<button type="button" class="ghost comment-delete" aria-label=${t("comment.delete", { at: moment })} onClick=${onDelete}><${Icon} name="trash" size="16" /></button>`}
  </li>`;
}
