// What screens show later or further down: dialogs, comments, another tab. None is loaded before it is shown.
import { later } from "./later.js";

export const AddToPlaylist = later(async () => (await import("./playlist_dialogs.js")).AddToPlaylist);
export const AlbumList = later(async () => (await import("./album_list.js")).AlbumList);
export const Ask = later(async () => (await import("./ask.js")).Ask);
export const AskDelete = later(async () => (await import("./ask.js")).AskDelete);
export const Chapters = later(async () => (await import("./chapters.js")).Chapters);
export const Comments = later(async () => (await import("./comments.js")).Comments);
export const Directs = later(async () => (await import("./directs.js")).Directs);
export const DirectList = later(async () => (await import("./directs.js")).DirectList);
export const EditTags = later(async () => (await import("./edit_tags.js")).EditTags);
export const Host = later(async () => (await import("./host/host.js")).Host);
export const Members = later(async () => (await import("./members.js")).Members);
export const Mentions = later(async () => (await import("./mentions.js")).Mentions);
export const NameForm = later(async () => (await import("./name_form.js")).NameForm);
export const Panel = later(async () => (await import("./panel.js")).Panel);
export const PinList = later(async () => (await import("./pin_list.js")).PinList);
export const Pins = later(async () => (await import("./pins.js")).Pins);
export const PlaylistList = later(async () => (await import("./playlist_list.js")).PlaylistList);
export const Rename = later(async () => (await import("./playlist_dialogs.js")).Rename);
export const Shut = later(async () => (await import("./shut.js")).Shut);
