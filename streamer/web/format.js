// Times and sizes as people read them.
import { language } from "./i18n.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
const moment = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const two = new Intl.NumberFormat(language, { minimumIntegerDigits: 2 });
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const STEPS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** 4:05, 1:02:09. */
export function playTime(seconds) {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two.format(minutes)}:${two.format(rest)}` : `${minutes}:${two.format(rest)}`;
}

/** 12 MB. */
export function size(bytes) {
  let step = 0;
  while (bytes >= 1000 && step < UNITS.length - 1) {
    bytes /= 1000;
    step += 1;
  }
  const digits = step > 1 && bytes < 100 ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: UNITS[step],
    unitDisplay: step ? "short" : "long",
    maximumFractionDigits: digits,
  }).format(bytes);
}

export const percent = (share) =>
  new Intl.NumberFormat(language, { style: "percent" }).format(Math.min(1, Math.max(0, share)));
export const count = (number) => new Intl.NumberFormat(language).format(number);
export const clockTime = (at) => clock.format(at);
/** The time without "AM" or "PM", for narrow columns. */
export const shortClock = (at) =>
  clock.formatToParts(at).filter(({ type }) => type !== "dayPeriod").map(({ value }) => value).join("").trim();
export const dayOf = (at) => day.format(at);
export const fullTime = (at) => moment.format(at);

/** 40 sec, 3 min: a rough time that is left. */
export function timeLeft(seconds) {
  const [unit, value] = seconds < 90 ? ["second", Math.ceil(seconds)] : ["minute", Math.round(seconds / 60)];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(value);
}

/** yesterday, 3 hours ago. */
export function since(at, now = Date.now()) {
  const seconds = (at - now) / 1000;
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return ago.format(Math.round(seconds / length), unit);
  }
  return ago.format(0, "second");
}

/** 1 hr 12 min, 45 sec: how long something takes. */
export function timeLong(seconds) {
  const part = (value, unit) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(value);
  if (seconds < 60) return part(Math.round(seconds), "second");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.round((seconds % 3600) / 60)];
  return hours ? `${part(hours, "hour")} ${part(minutes, "minute")}` : part(minutes, "minute");
}

const oneDigit = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
/** -14.2: with one digit behind the point. */
export const decimal = (number) => oneDigit.format(number);
/** 128 kbit/s. */
export const bitrate = (bits_per_s) => `${count(Math.round(bits_per_s / 1000))} kbit/s`;
