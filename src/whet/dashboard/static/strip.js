// The strip of steps: a cell per step, coloured by its reward; a tick is a finding, a hollow cell taught nothing.

import { html, svg } from "./vendor/lit-html.js";
import { number, percent } from "./format.js";
import { go, here } from "./place.js";

const HIGH = 26, FINDING = 5;

const level = (value, [low, high]) => (value === null ? 0 : Math.round(10 * Math.max(0, Math.min(1, (value - low) / (high - low || 1)))));

/** What a cell of the strip says, in words. */
export function words(cells, at) {
  const steps = cells.first[at] === cells.last[at] ? `step ${cells.first[at]}` : `steps ${cells.first[at]}–${cells.last[at]}`;
  return `${steps}: reward ${number(cells.reward[at])}, ${percent(cells.signal[at], 0)} of groups with signal, ${percent(cells.truncated[at], 0)} truncated${cells.findings[at] ? `, ${cells.findings[at]} found` : ""}`;
}

const cellOf = (cells, step) => cells.first.findIndex((first, at) => first <= step && step <= cells.last[at]);

/** The address of a step; cells of several steps open at their last one. */
const address = (step) => here({ step, group: null, card: null });

export function strip(found, chosen) {
  const { cells } = found;
  const n = cells.first.length;
  const at = cellOf(cells, chosen);
  const pick = (event) => {
    const cell = event.target.closest?.("[data-cell]");
    if (cell) go(address(cells.last[Number(cell.dataset.cell)]));
  };
  const keys = (event) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: n - 1 }[event.key];
    if (to === undefined || !cells.last[to] && cells.last[to] !== 0) return;
    event.preventDefault();
    go(address(cells.last[to]));
  };
  const width = Math.max(2, Math.min(24, 1200 / n));
  return html`<div class="strip" role="slider" tabindex="0" aria-label="Step" aria-valuemin=${found.first} aria-valuemax=${found.last} aria-valuenow=${chosen} aria-valuetext=${at < 0 ? `step ${chosen}` : words(cells, at)} @click=${pick} @keydown=${keys}>
    <svg viewBox="0 0 ${n * width} ${HIGH + FINDING}" preserveAspectRatio="none" class=${n * width < 1200 ? "short" : ""} width=${n * width} height=${HIGH + FINDING}>
    ${cells.first.map((_, index) => svg`<rect data-cell=${index} class="cell ${cells.signal[index] === 0 ? "hollow" : `r${level(cells.reward[index], found.reward_range)}`} ${index === at ? "chosen" : ""}"
      x=${index * width + 0.5} y=${FINDING + 0.5} width=${Math.max(1, width - (width > 5 ? 2 : 0.5))} height=${HIGH - 1}><title>${words(cells, index)}</title></rect>
      ${cells.findings[index] ? svg`<rect data-cell=${index} class="tick-mark" x=${index * width} y="0" width=${Math.max(2, width - 1)} height="3"></rect>` : ""}`)}
    </svg></div>`;
}
