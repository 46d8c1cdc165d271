// Moments of a track in an address: /t/{id}?t=83, ?t=1:23 or ?t=1h2m3s.

const PATTERNS = [
  /^(?:(?<minutes>\d+):)?(?<seconds>\d+(?:\.\d+)?)$/,
  /^(?<hours>\d+):(?<minutes>\d{1,2}):(?<seconds>\d{1,2}(?:\.\d+)?)$/,
  /^(?=\d)(?:(?<hours>\d+)h)?(?:(?<minutes>\d+)m)?(?:(?<seconds>\d+(?:\.\d+)?)s)?$/i,
];

/** Seconds that an address's `search` asks for; null where it asks for none, or for what makes no sense. */
export function momentIn(search) {
  const text = new URLSearchParams(search).get("t")?.trim() ?? "";
  for (const pattern of PATTERNS) {
    const parts = pattern.exec(text)?.groups;
    if (!parts) continue;
    const [hours, minutes, seconds] = [parts.hours, parts.minutes, parts.seconds].map((part) => Number(part ?? 0));
    return hours * 3600 + minutes * 60 + seconds;
  }
  return null;
}

/** The address of `page` at a moment. */
export const pageAt = (page, seconds) => `${page}?t=${Math.floor(seconds)}`;
