// Where the time went, step by step, and what was sampled for nothing.

import { html, nothing, svg } from "./vendor/lit-html.js";
import { get } from "./api.js";
import { costBar, PHASES, wasteLine } from "./costs.js";
import { figure, ticks } from "./curve.js";
import { number, percent, seconds } from "./format.js";
import { at, go } from "./place.js";
import { empty, panel } from "./ui.js";

export const load = (place, signal) => get("waste", { run: place.run, cells: 200 }, { signal });

const [LEFT, WIDE, HIGH] = [46, 620, 150];

/** Seconds of each phase, a column per step (or the mean of several), sampling at the bottom. */
function phases(cells) {
  const shown = PHASES.filter(([name]) => cells[name]?.some((value) => value > 0));
  const sums = cells.first.map((_, index) => shown.reduce((sum, [name]) => sum + (cells[name][index] || 0), 0));
  const most = Math.max(...sums, 1e-9);
  const width = Math.min(40, (WIDE - LEFT) / cells.first.length);
  const column = (_, index) => {
    let y = HIGH;
    return shown.map(([name, , kind]) => {
      const tall = (HIGH * (cells[name][index] || 0)) / most;
      y -= tall;
      return svg`<rect class="fill ${kind}" data-cell=${index} x=${LEFT + index * width + 0.5} y=${y.toFixed(2)} width=${Math.max(0.5, width - 1)} height=${tall.toFixed(2)}><title>step ${cells.first[index]}, ${name}: ${seconds(cells[name][index])}</title></rect>`;
    });
  };
  const pick = (event) => { const cell = event.target.closest?.("[data-cell]"); if (cell) go(at("rollouts", { step: cells.last[Number(cell.dataset.cell)] })); };
  return html`<svg class="figure" viewBox="0 -6 ${WIDE} ${HIGH + 28}" role="img" aria-label="Seconds of each phase by step" @click=${pick}>
    ${ticks(0, most).map((value) => svg`<line class="grid" x1=${LEFT} x2=${WIDE} y1=${HIGH - (HIGH * value) / most} y2=${HIGH - (HIGH * value) / most}></line><text class="tick end" x=${LEFT - 6} y=${HIGH - (HIGH * value) / most + 4}>${number(value)} s</text>`)}
    ${cells.first.map(column)}<text class="tick" x=${LEFT + width / 2} y=${HIGH + 17}>${cells.first[0]}</text>${cells.first.length > 1 ? svg`<text class="tick ${width < 14 ? "end" : ""}" x=${LEFT + width * (cells.first.length - (width < 14 ? 0 : 0.5))} y=${HIGH + 17}>${cells.last.at(-1)}</text>` : nothing}</svg>
    <p class="kinds">${shown.map(([, words, kind]) => html`<span><i class="key ${kind}"></i>${words}</span>`)}</p>`;
}

/** The newest step as a waterfall: each phase where it began, and the least it could have taken. */
function waterfall(step) {
  const whole = step.parts.reduce((sum, part) => sum + part.seconds, 0) || 1;
  let from = 0;
  const rows = step.parts.map((part) => {
    const start = from;
    from += part.seconds;
    const [, words, kind] = PHASES.find(([name]) => name === part.phase) || [part.phase, part.phase, "p-5"];
    return html`<li><span>${words}</span><svg viewBox="0 0 100 14" preserveAspectRatio="none" role="img" aria-label="${words}: ${seconds(part.seconds)}">
      ${svg`<rect class="fill ${kind}" x=${(100 * start) / whole} width=${(100 * part.seconds) / whole} height="10"></rect>${part.least ? svg`<rect class="least" x=${(100 * start) / whole} width=${(100 * Math.min(part.least, part.seconds)) / whole} y="11" height="2"></rect>` : nothing}`}</svg>
      <span class="n">${seconds(part.seconds)}</span><span class="n note">${part.least ? `at least ${seconds(part.least)}` : ""}</span></li>`;
  });
  return html`<ol class="waterfall">${rows}</ol><p class="note">The line below a bar: what this machine needs at the least, at η = 1 (docs/performance.md).</p>`;
}

const middles = (cells) => cells.first.map((first, index) => (first + cells.last[index]) / 2);
const shareFigure = (cells, name, title) => figure({ series: [{ x: middles(cells), y: cells[name].map((value) => (value === null ? null : 100 * value)), name: title }], low: 0, high: 100, title, show: (y) => `${y} %`, height: 150 });

export function render(data) {
  const { total, cells, step } = data;
  if (!total.steps) return empty("No step yet", "Seconds and waste are counted from the first step of GRPO.");
  return html`<div class="four">
    ${panel("What it cost", html`${costBar(total)}${wasteLine(total)}<p class="note n">η of sampling ${percent(total.efficiency_of?.rollout, 0)}, of learning ${percent(total.efficiency_of?.learn, 0)}</p>`)}
    ${panel("Seconds of a step, by phase", phases(cells))}
    ${panel("Waste", html`<figure><figcaption class="note">groups without signal: sampled, graded, and nothing learned</figcaption>${shareFigure(cells, "no_signal", "Groups without signal by step, in percent")}</figure><figure><figcaption class="note">truncated completions</figcaption>${shareFigure(cells, "truncated", "Truncated completions by step, in percent")}</figure>`)}
    ${step ? panel(`Step ${step.step} as it went`, html`${waterfall(step)}<figure><figcaption class="note">η by step: the share of the machine that was used</figcaption>${shareFigure(cells, "efficiency", "Efficiency by step, in percent")}</figure>`) : nothing}</div>`;
}

export const grown = (news) => !news.timings;
