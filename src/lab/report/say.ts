import type { Range } from "../results.js";

/** Stands where a number is missing or is none. */
const NONE = "–";

/** `95.1`; the unit is said beside it. */
export const sayPercent = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : NONE);

/** A share: `43.1 %`, `under 0.1 %`, and where it is many times the whole, `12 times`. */
export function sayShare(share: number): string {
  if (!Number.isFinite(share)) return NONE;
  if (share > 0 && share < 0.0005) return "under 0.1 %";
  return share < 10 ? `${sayPercent(100 * share)} %` : `${Number(share.toPrecision(2)).toLocaleString("en-US")} times`;
}

/** Three significant digits, so that small losses and large ones can both be told apart: `0.0126`, `2.31`, `145`. */
export function sayLoss(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  if (value === 0) return "0";
  const digits = Math.min(4, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toFixed(digits);
}

/** `61,706`. */
export const sayCount = (value: number): string =>
  Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : NONE;

/** `0.4 s`, `42 s`, `2 min 05 s`, `1 h 03 min`. */
export function saySeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return NONE;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** `94.0–96.2`; nothing where both ends read the same. */
export function sayRange({ min, max }: Range, say: (value: number) => string = sayPercent): string {
  const [low, high] = [say(min), say(max)];
  return low === high ? "" : `${low}–${high}`;
}

/** `1 network`, `3 networks`. */
export const sayMany = (count: number, noun: string): string => `${sayCount(count)} ${noun}${count === 1 ? "" : "s"}`;

/** `a`, `a and b`, `a, b and c`. */
export const sayList = (items: readonly string[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;

/** The same with numbers and their units kept on one line. */
export const unbroken = (text: string): string => text.replace(/ (?=%|nats\b|=)|(?<==) /g, "\u00a0");

/** At most so many letters: the end of a longer text, which tells names apart better than their beginning. */
export const shortened = (text: string, letters: number): string =>
  [...text].length <= letters ? text : `…${[...text].slice(1 - letters).join("")}`;

const two = (value: number): string => String(value).padStart(2, "0");
