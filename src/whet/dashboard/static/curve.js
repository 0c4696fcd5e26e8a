// Curves as SVG: the small ones of lists, and the large ones of the report, which print and need no canvas.

import { html, nothing, svg } from "./vendor/lit-html.js";
import { number } from "./format.js";

const finite = (values) => values.filter((y) => y !== null && Number.isFinite(y));

/** The path of a curve through boxes of `width` × `height`; a gap where a value is absent. */
export function path(xs, ys, [left, right, bottom, top], width, height) {
  const across = right > left ? width / (right - left) : 0;
  const up = top > bottom ? height / (top - bottom) : 0;
  let open = false;
  return ys.map((y, at) => {
    if (y === null || !Number.isFinite(y)) { open = false; return ""; }
    const point = `${((xs[at] - left) * across).toFixed(1)} ${(height - (y - bottom) * (up || 0) - (up ? 0 : height / 2)).toFixed(1)}`;
    const drawn = `${open ? "L" : "M"}${point}`;
    open = true;
    return drawn;
  }).join("");
}

/** A curve the size of a word. */
export function spark(ys, label) {
  const seen = finite(ys || []);
  if (seen.length < 2) return html`<svg class="spark" viewBox="0 0 80 20" aria-hidden="true"></svg>`;
  const box = [0, ys.length - 1, Math.min(...seen), Math.max(...seen)];
  const words = `${label}: from ${number(seen[0])} to ${number(seen.at(-1))}`;
  return html`<svg class="spark" viewBox="-1 -2 82 24" preserveAspectRatio="none" role="img" aria-label=${words}>
    <path d=${path(ys.map((_, at) => at), ys, box, 80, 20)}></path></svg>`;
}

/** Round numbers between two bounds, about `most` of them. */
export function ticks(low, high, most = 5) {
  const rough = (high - low) / most;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + 1e-12; at += 1) found.push(Number((at * step).toPrecision(12)));
  return found;
}

const LEFT = 46, RIGHT = 12, TOP = 10, BOTTOM = 24;

function axes(box, width, height, show) {
  const [left, right, bottom, top] = box;
  const y = (value) => TOP + height - ((value - bottom) / (top - bottom || 1)) * height;
  const x = (value) => LEFT + ((value - left) / (right - left || 1)) * width;
  return svg`
    ${ticks(bottom, top).map((value) => svg`<line class="grid" x1=${LEFT} x2=${LEFT + width} y1=${y(value)} y2=${y(value)}></line>
      <text class="tick end" x=${LEFT - 6} y=${y(value) + 4}>${show(value)}</text>`)}
    ${ticks(left, right, 6).filter(Number.isInteger).map((value) => svg`<text class="tick" x=${x(value)} y=${TOP + height + 17}>${value}</text>`)}`;
}

function range(series, points, low, high) {
  const ys = [...series.flatMap((one) => finite(one.y)), ...points.flatMap((point) => [point.low, point.high])];
  const xs = [...series.flatMap((one) => one.x), ...points.map((point) => point.x)];
  const bottom = low ?? Math.min(...ys);
  const top = high ?? Math.max(...ys);
  const room = low === undefined && top === bottom ? Math.abs(top) * 0.1 || 1 : 0;
  return [Math.min(...xs), Math.max(...xs, Math.min(...xs) + 1), bottom - room, top + room];
}

/**
 * A figure with axes.
 * `series`: [{x, y, kind, name}] · `points`: [{x, y, low, high, name}] with their intervals · `marks`: findings as [{x, name}]
 * · `low`, `high`: ends of the y axis, else those of the data.
 */
export function figure({ series, points = [], marks = [], title, low, high, show = number, width = 620, height = 190 }) {
  if (!series.some((one) => one.y.length) && !points.length) return nothing;
  const box = range(series, points, low, high);
  const [inner, tall] = [width - LEFT - RIGHT, height - TOP - BOTTOM];
  const x = (value) => LEFT + ((value - box[0]) / (box[1] - box[0] || 1)) * inner;
  const y = (value) => TOP + tall - ((value - box[2]) / (box[3] - box[2] || 1)) * tall;
  return html`<svg class="figure" viewBox="0 0 ${width} ${height}" role="img" aria-label=${title}>
    ${axes(box, inner, tall, show)}
    ${marks.map((one) => svg`<line class="mark-line" x1=${x(one.x)} x2=${x(one.x)} y1=${TOP} y2=${TOP + tall}><title>${one.name}</title></line>`)}
    ${series.map((one) => svg`<g transform="translate(${LEFT} ${TOP})"><path class="curve ${one.kind || ""}" d=${path(one.x, one.y, box, inner, tall)}><title>${one.name}</title></path></g>`)}
    ${points.map((one) => svg`<line class="whisker" x1=${x(one.x)} x2=${x(one.x)} y1=${y(one.low)} y2=${y(one.high)}></line>
      <circle class="point" cx=${x(one.x)} cy=${y(one.y)} r="3.5"><title>${one.name}</title></circle>`)}
  </svg>`;
}

/** A running mean over `width` values; absent ones are left out. */
export function smooth(ys, width) {
  if (width < 2) return ys;
  const half = Math.floor(width / 2);
  return ys.map((y, at) => {
    if (y === null) return null;
    const near = finite(ys.slice(Math.max(0, at - half), at + half + 1));
    return near.reduce((sum, one) => sum + one, 0) / near.length;
  });
}
