// Numbers as people read them. Absent is an en dash; the minus sign is a minus sign.

const minus = (text) => text.replace("-", "−");
/** Halves go to the even digit, as in the sentences that Python wrote: 31.25 is 31.2 in both. */
const rounded = (x, digits) =>
  new Intl.NumberFormat("en", {
    minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false, roundingMode: "halfEven",
  }).format(x);

const absent = (x) => x === null || x === undefined || Number.isNaN(x);

export const percent = (x, digits = 1) => (absent(x) ? "–" : `${minus(rounded(100 * x, digits))}\u00a0%`);

export const count = (x) => (absent(x) ? "–" : Math.round(x).toLocaleString("en"));

/** Three significant digits: 0.0123, 4.56, 1,230, 2e-5. */
export function number(x) {
  if (absent(x)) return "–";
  const size = Math.abs(x);
  if (size === 0) return "0";
  if (size >= 1000) return minus(count(x));
  if (size < 0.001) return minus(x.toExponential(1).replace(".0e", "e"));
  return minus(String(Number(x.toPrecision(3))));
}

export const fixed = (x, digits = 2) => (absent(x) ? "–" : minus(rounded(x, digits)));

export const signed = (x, digits = 2) => (absent(x) ? "–" : `${x > 0 ? "+" : ""}${fixed(x, digits)}`);

/** The 95 % interval of a share, in percent: [50.9, 62.9]. */
export const interval = (share) =>
  share ? `[${rounded(100 * share.low, 1)},\u00a0${rounded(100 * share.high, 1)}]` : "";

/** A paired difference in percentage points with its interval. */
export const points = (found) =>
  found
    ? `${signed(100 * found.difference, 1)} points [${signed(100 * found.low, 1)}, ${signed(100 * found.high, 1)}]`
    : "–";

export function probability(p) {
  if (absent(p)) return "";
  return p < 1e-300 ? "p < 1e-300" : `p = ${Number(p.toPrecision(1)) < 0.001 ? p.toExponential(0) : p.toPrecision(1)}`;
}

/** Seconds as 0:07, 4:31 or 1:02:03. */
export function duration(seconds) {
  if (absent(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  const two = (x) => String(x).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Seconds of a part of a step: 0.21 s, 3.4 s, 41 s; what takes less than a hundredth is nothing to look at. */
export const seconds = (x) =>
  absent(x) ? "–" : x > 0 && x < 0.01 ? "<\u00a00.01\u00a0s" : `${x < 10 ? number(Number(x.toPrecision(2))) : count(x)}\u00a0s`;

export function size(bytes) {
  if (absent(bytes)) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (bytes >= 1000 && at < units.length - 1) { bytes /= 1000; at += 1; }
  return `${at && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)} ${units[at]}`;
}

/** A UTC time as the reader's clock shows it. */
export function when(iso) {
  if (!iso) return "–";
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "–";
  return date.toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/** `one` or `many` with its number: 1 step, 12 steps. */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** Words of `docs/metrics.md` as plain text: without the marks of code and bold. */
export const plain = (markdown) => (markdown || "").replace(/[`]|\*\*/g, "");

/** A path or a value as one word of a command: quoted where a shell would divide or change it. */
export const quoted = (word) => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
