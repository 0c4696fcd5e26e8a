// Every figure over the steps: what it means, where it is healthy, what was found; several runs over one another.

import { html, nothing } from "./vendor/lit-html.js";
import { get } from "./api.js";
import "./chart.js";
import { smooth } from "./curve.js";
import { finding } from "./finding.js";
import { number, plain } from "./format.js";
import { meaning } from "./meaning.js";
import { at, go, here, others } from "./place.js";
import { state } from "./state.js";
import { visible } from "./text.js";
import { dark } from "./theme.js";
import { choice, empty, link } from "./ui.js";
import { accuracyFigure } from "./view_overview.js";

const FIRST = ["reward", "frac_reward_zero_std", "completions/clipped_ratio", "entropy", "completions/mean_length", "kl", "grad_norm"];
const read = new Map();

export const order = (names) => [...FIRST.filter((name) => names.includes(name)), ...names.filter((name) => !FIRST.includes(name))];

export async function load(place, signal) {
  const runs = [place.run, ...others(place)];
  const ask = { run: runs, phase: place.phase, points: 1200, from: place.from, to: place.to };
  const [named, meanings] = await Promise.all([get("curves", ask, { signal }), get("meanings", {}, { keep: () => true })]);
  state.meanings = meanings;
  const names = order([...new Set(named.runs.flatMap((run) => run.names))]);
  const found = names.length ? await get("curves", { ...ask, names: names.join(",") }, { signal }) : named;
  return { ...found, all: names, cursor: found.runs[0]?.cursor };
}

/** New lines are added to the curves that are there; nothing is fetched again. */
export function grown(news) {
  const { data, place } = state;
  if (!data || place.from || place.to || news.stages || !(news.metrics || news.timings)) return !news.stages && !news.findings;
  const mine = data.runs[0];
  for (const line of [...(news.metrics || []), ...(news.timings || [])]) {
    if (line.phase !== (place.phase || "grpo")) continue;
    for (const series of mine.series) if (series.name in line) append(series, line.step, line[series.name]);
  }
  mine.series.forEach((series) => { series.x = series.x.slice(); series.y = series.y.slice(); });
  if (news.findings) mine.findings = [...mine.findings, ...news.findings];
  return true;
}

function append(series, step, value) {
  if (series.x.length && series.x.at(-1) >= step) return;
  series.x.push(step);
  series.y.push(value);
}

function matches(place) {
  if (!place.find) return () => true;
  try {
    const pattern = new RegExp(place.find, "i");
    return (name) => pattern.test(name);
  } catch {
    return (name) => name.includes(place.find);
  }
}

function bar(data, place) {
  const width = Number(place.smooth || 0);
  return html`<form class="bar" @submit=${(event) => event.preventDefault()}>
    ${choice("Phase", [[null, "GRPO"], ["sft", "warm start"]], place.phase || null, (phase) => here({ phase, from: null, to: null }))}
    <input type="search" placeholder="filter: reward|length" aria-label="Filter curves" .value=${place.find || ""} @input=${(event) => go(here({ find: event.target.value }), true)}>
    <label>smooth <input type="range" min="0" max="31" step="5" .value=${String(width)} @input=${(event) => go(here({ smooth: event.target.value === "0" ? null : event.target.value }), true)}> <span class="n">${width || "off"}</span></label>
    ${place.from || place.to ? html`<span>steps ${place.from}–${place.to} <a href=${here({ from: null, to: null })}>all steps</a></span>` : html`<span class="note">Drag to zoom, click for the step’s rollouts.</span>`}
    <label>beside <select aria-label="Lay another run over it" @change=${(event) => go(here({ with: [...others(), event.target.value].join("|") }))}>
      <option value="">another run …</option>${state.runs.filter((run) => run.id !== place.run && !others().includes(run.id)).map((run) => html`<option value=${run.id}>${visible(run.id)}</option>`)}</select></label>
  </form>${data.runs.length > 1 ? runsLegend(data) : nothing}`;
}

const runsLegend = (data) => html`<p class="bar runs-legend">${data.runs.map((run, index) => html`<span><svg class="stroke" viewBox="0 0 24 4" aria-hidden="true"><line class="line-${index + 1}" x2="24" y1="2" y2="2"></line></svg> ${visible(run.run)}${index ? html` <a href=${here({ with: others().filter((id) => id !== run.run).join("|") })} aria-label="take ${visible(run.run)} away">away</a>` : nothing}</span>`)}
  <a href=${at("recipe")}>the difference of their recipes</a></p>`;

function chart(name, data, place) {
  const series = data.runs.map((run) => ({ run, found: run.series.find((one) => one.name === name) })).filter(({ found }) => found && found.x.length);
  const mean = meaning(name);
  const marks = data.runs[0].findings.filter((one) => one.metrics.includes(name));
  const width = Number(place.smooth || 0);
  const last = series[0]?.found.y.findLast((y) => y !== null);
  const given = {
    series: series.map(({ run, found }) => ({ name: run.run, x: found.x, y: smooth(found.y, width) })),
    range: mean?.range || null, findings: marks, theme: dark(),
    pick: (step) => go(at("rollouts", { step })), zoom: (from, to) => go(here({ from, to })),
    hover: (values) => hover(name, values),
  };
  return html`<section class="panel chart" data-name=${name}><header><h3>${visible(name)}</h3><b class="n">${number(last)}</b></header>
    <whet-chart role="img" aria-label="${visible(name)} over the steps, now ${number(last)}" .data=${given}></whet-chart>
    <p class="readout n" data-of=${name}></p>
    ${marks.length ? html`<p class="flags">${marks.map((one) => html`<button type="button" class="flag" aria-expanded=${place.finding === one.id} @click=${() => go(here({ finding: place.finding === one.id ? null : one.id }), true)}>step ${one.step}: ${visible(one.title)}</button>`)}</p>` : nothing}
    ${marks.filter((one) => one.id === place.finding).map((one) => finding(one))}
    ${mean ? html`<details ?open=${read.get(name)} @toggle=${(event) => read.set(name, event.target.open)}><summary>${mean.healthy ? html`healthy: ${plain(mean.healthy)}` : "how it is computed"}</summary><p><span class="quiet">is:</span> ${plain(mean.formula)}</p></details>` : nothing}
  </section>`;
}

function hover(name, values) {
  const line = document.querySelector(`[data-of="${CSS.escape(name)}"]`);
  if (line) line.textContent = values && values[0] !== undefined ? `step ${values[0]}: ${values.slice(1).map(number).join(" · ")}` : "";
}

function accuracy(data) {
  const stages = data.runs[0].evaluations.filter((one) => one.accuracy).map((one) => ({ ...one, title: one.stage }));
  if (stages.length < 2) return nothing;
  return html`<section class="panel chart"><header><h3>held-out accuracy</h3>${link(at("evaluation"), "before and after")}</header>${accuracyFigure(stages, 190)}
    <p class="note">${plain(state.meanings.first[0]?.text)}</p></section>`;
}

export function render(data, place) {
  const wanted = matches(place);
  const names = data.all.filter(wanted).filter((name) => !["at", "step", "phase"].includes(name));
  if (!data.all.length) return empty("No step yet", place.phase === "sft" ? "This run made no warm start, or has not begun it." : "The curves begin with the first step of GRPO.");
  return html`${bar(data, place)}<div class="charts">${place.find ? nothing : accuracy(data)}${names.map((name) => chart(name, data, place))}</div>
    ${names.length ? nothing : html`<p class="quiet">No figure matches “${visible(place.find)}”.</p>`}`;
}

