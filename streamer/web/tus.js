// tus 1.0, as much of it as a page needs: begin, send, ask where to go on, give up.
import { call, Problem } from "./api.js";
import { t } from "./i18n.js";

const ENDPOINT = "/api/v1/uploads";
const VERSION = { "Tus-Resumable": "1.0.0" };
const RETRY_MS = [200, 1000, 2000, 4000, 8000];
/** What passes by itself: no line, the server's troubles, and an offset that a HEAD request puts right. */
const passes = (status) => status === 0 || status >= 500 || [408, 409, 423, 429].includes(status);
const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const expiry = (response) => Date.parse(response.headers.get("Upload-Expires")) || null;

/** One file on its way, across as many broken lines as it takes. */
export class Transfer {
  #file;
  #metadata;
  #on;
  #url;
  #request = null;
  #wake = null;
  #stopped = false;
  #tries = 0;

  /**
   * `url`: where it goes on, null for a new one. `on`: `url(url, expiresAt)` once it is known, `sent(bytes)`,
   * `line(up)` when the line breaks and when it is back.
   */
  constructor(file, metadata, url, on) {
    this.#file = file;
    this.#metadata = metadata;
    this.#url = url;
    this.#on = on;
  }

  /** True when all of it is there, false when it was stopped. Rejects with a Problem that does not pass by itself. */
  async run() {
    const retry = () => this.#retry();
    addEventListener("online", retry);
    addEventListener("offline", retry);
    try {
      while (!this.#stopped) {
        try {
          await this.#send(this.#url ? await this.#ask() : await this.#begin());
          return true;
        } catch (error) {
          if (this.#stopped) break;
          if (!passes(error.status)) throw error;
          this.#on.line(false);
          await this.#wait();
        }
      }
      return false;
    } finally {
      removeEventListener("online", retry);
      removeEventListener("offline", retry);
    }
  }

  /** Send nothing more; what has arrived stays on the server. */
  stop() {
    this.#stopped = true;
    this.#retry();
  }

  async #begin() {
    const said = Object.entries(this.#metadata).filter(([, value]) => value);
    const response = await call(ENDPOINT, {
      method: "POST",
      headers: {
        ...VERSION,
        "Upload-Length": this.#file.size,
        "Upload-Metadata": said.map(([key, value]) => `${key} ${base64(value)}`).join(","),
      },
    });
    this.#url = response.headers.get("Location");
    this.#on.url(this.#url, expiry(response));
    return 0;
  }

  async #ask() {
    let response;
    try {
      response = await call(this.#url, { method: "HEAD", headers: VERSION });
    } catch (error) {
      if (error.status !== 404) throw error;
      return this.#begin(); // it has been forgotten
    }
    this.#on.url(this.#url, expiry(response));
    return Number(response.headers.get("Upload-Offset"));
  }

  /** fetch tells nothing of what has been sent, so this is XMLHttpRequest. */
  #send(offset) {
    this.#on.line(true);
    this.#on.sent(offset);
    if (offset === this.#file.size && offset > 0) return null;
    const request = (this.#request = new XMLHttpRequest());
    return new Promise((resolve, reject) => {
      const fail = (detail) => reject(new Problem(request.status, detail));
      if (this.#stopped) return fail("");
      request.responseType = "json";
      request.upload.onprogress = ({ loaded }) => {
        this.#tries = 0;
        this.#on.sent(offset + loaded);
      };
      request.onload = () => {
        if (request.status === 204) resolve();
        else fail(request.response?.detail || t("error.status", { status: request.status }));
      };
      request.onerror = request.onabort = () => fail(t("error.unreachable"));
      request.open("PATCH", this.#url);
      const headers = { ...VERSION, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.send(this.#file.slice(offset));
    });
  }

  #retry() {
    this.#request?.abort();
    this.#wake?.();
  }

  #wait() {
    const pause = RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)];
    this.#tries += 1;
    return new Promise((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, pause);
    });
  }
}

/** Remove every byte of an upload; the server does it by itself some day, if it can't be reached now. */
export const terminate = (url) => call(url, { method: "DELETE", headers: VERSION }).catch(() => {});
