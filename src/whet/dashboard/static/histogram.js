// A histogram with the lines that matter drawn in, such as the limit on tokens.

import { html, svg } from "./vendor/lit-html.js";
import { ticks } from "./curve.js";
import { count, number } from "./format.js";
import { visible } from "./text.js";

const [LEFT, WIDE, HIGH] = [36, 380, 110];

/** `found`: {title, unit, edges, counts, lines: [{at, text}]}. */
export function histogram(found) {
  const { edges, counts, lines = [] } = found;
  const low = Math.min(edges[0], ...lines.map((line) => line.at));
  const high = Math.max(edges.at(-1), ...lines.map((line) => line.at));
  const most = Math.max(...counts, 1);
  const x = (value) => LEFT + ((value - low) / (high - low || 1)) * (WIDE - LEFT - 8);
  const y = (value) => HIGH - (HIGH * value) / most;
  const bar = (size, at) => svg`<rect class="fill c-blue" x=${x(edges[at]) + 0.5} y=${y(size)} width=${Math.max(1, x(edges[at + 1]) - x(edges[at]) - 1)} height=${HIGH - y(size)}><title>${number(edges[at])} to ${number(edges[at + 1])}: ${size}</title></rect>`;
  return html`<figure class="histogram"><figcaption>${visible(found.title)} <span class="note n">${count(counts.reduce((sum, one) => sum + one, 0))}</span></figcaption>
    <svg class="figure" viewBox="0 -14 ${WIDE} ${HIGH + 36}" role="img" aria-label="${visible(found.title)}: from ${number(edges[0])} to ${number(edges.at(-1))} ${visible(found.unit || "")}">
      ${ticks(0, most, 3).map((value) => svg`<line class="grid" x1=${LEFT} x2=${WIDE} y1=${y(value)} y2=${y(value)}></line><text class="tick end" x=${LEFT - 5} y=${y(value) + 4}>${count(value)}</text>`)}
      ${counts.map(bar)}
      ${ticks(low, high, 6).filter(edges.every(Number.isInteger) ? Number.isInteger : Number.isFinite).map((value) => svg`<text class="tick" x=${x(value)} y=${HIGH + 16}>${number(value)}</text>`)}
      ${lines.map((line) => svg`<line class="limit" x1=${x(line.at)} x2=${x(line.at)} y1="-2" y2=${HIGH}></line><text class="tick ${x(line.at) > WIDE / 2 ? "end" : "start"}" x=${x(line.at) + (x(line.at) > WIDE / 2 ? -4 : 4)} y="-4">${visible(line.text)}</text>`)}
    </svg></figure>`;
}
