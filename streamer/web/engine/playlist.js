// HLS playlists as this server writes them (RFC 8216bis), read into plain objects. Pure.

const MICROSECONDS = 1e6;

/** `BANDWIDTH=1,CODECS="a,b"` as an object; what is quoted may hold commas. */
function attributes(text) {
  return Object.fromEntries(Array.from(text.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))/g), ([, name, quoted, bare]) => [name, quoted ?? bare]));
}

const lines = (text) => text.split(/\r?\n/).filter(Boolean);

/** `"12@34"`: 12 bytes from 34 on. */
function byteRange(text, url) {
  const [size, from] = text.split("@").map(Number);
  return { url, from, size };
}

/**
 * The renditions of a multivariant playlist, in its order: `[{url, bandwidth, average, codecs}]`, bits per second.
 */
export function readMultivariant(text, base) {
  const renditions = [];
  let stream = null;
  for (const line of lines(text)) {
    if (line.startsWith("#EXT-X-STREAM-INF:")) stream = attributes(line.slice(18));
    else if (!line.startsWith("#") && stream) {
      const bandwidth = Number(stream.BANDWIDTH);
      const average = Number(stream["AVERAGE-BANDWIDTH"] ?? bandwidth);
      renditions.push({ url: new URL(line, base).href, bandwidth, average, codecs: stream.CODECS ?? "" });
      stream = null;
    }
  }
  return renditions;
}

/**
 * A media playlist: `{init, segments, duration, complete}`. Bytes are `{url, from, size}`; a segment has `at` and
 * `end` in seconds beside them. Each is a count of microseconds, divided once: an album's hours do not drift.
 */
export function readMedia(text, base) {
  const list = { init: null, segments: [], duration: 0, complete: false };
  let at = 0;
  let duration = 0;
  let range = "";
  for (const line of lines(text)) {
    if (line.startsWith("#EXT-X-MAP:")) {
      const map = attributes(line.slice(11));
      list.init = byteRange(map.BYTERANGE, new URL(map.URI, base).href);
    } else if (line.startsWith("#EXTINF:")) duration = Math.round(parseFloat(line.slice(8)) * MICROSECONDS);
    else if (line.startsWith("#EXT-X-BYTERANGE:")) range = line.slice(17);
    else if (line === "#EXT-X-ENDLIST") list.complete = true;
    else if (!line.startsWith("#")) {
      const end = at + duration;
      list.segments.push({ ...byteRange(range, new URL(line, base).href), at: at / MICROSECONDS, end: end / MICROSECONDS });
      at = end;
    }
  }
  list.duration = at / MICROSECONDS;
  return list;
}
