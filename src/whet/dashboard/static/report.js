// The report: a run's story for somebody who was not there. The same components as the page, and nothing to fetch.

import { html, nothing, render } from "./vendor/lit-html.js";
import { costBar, wasteLine } from "./costs.js";
import { figure } from "./curve.js";
import { findings } from "./finding.js";
import { count, duration, plain, plural, quoted, when } from "./format.js";
import { meaning } from "./meaning.js";
import { pair } from "./pair.js";
import { state } from "./state.js";
import { bounded, question, visible } from "./text.js";
import { command, panel, stateWord } from "./ui.js";
import { checked } from "./view_check.js";
import { stages, verdict } from "./view_evaluation.js";
import { accuracyFigure, learned } from "./view_overview.js";
import { made, rows } from "./view_recipe.js";

const PILES = [["fixed", "Fixed: wrong before, right after"], ["broken", "Broken: right before, wrong after"], ["wrong", "Still wrong"]];

function sentence({ overview }) {
  const { run } = overview;
  const where = `${run.model}, trained on ${run.data} by ${run.objective || "GRPO"}`;
  return html`<p class="headline">${visible(overview.headline || "No gain was measured.")}</p>
    <p class="quiet">${visible(where)} · ${stateWord(run)} after ${count(run.step)} of ${plural(run.steps || 0, "step")} · ${when(run.created)} · ${duration(overview.cost.whole)} in all</p>
    ${run.why ? html`<p class="notice">${visible(run.why)}</p>` : nothing}`;
}

function asked({ evaluation, recipe, check }) {
  const example = Object.values(evaluation).flatMap((pile) => pile.pairs)[0];
  const rewards = recipe.rows.filter((row) => /^rewards\.\d+\.name$/.test(row.key)).map((row) => row.value);
  const first = check.checks[0];
  return html`<p>Can the model learn to answer questions like this one${rewards.length ? html`, paid by ${rewards.map((name, index) => html`${index ? ", " : ""}<code>${visible(String(name))}</code>`)}` : nothing}?</p>
    ${example ? question(example.question, example.gold) : nothing}
    ${first ? html`<p>Before any training, the check said: <b>${visible(first.verdict)}</b></p>` : nothing}`;
}

function curve(series, marks) {
  const mean = meaning(series.name);
  const shown = marks.filter((one) => one.metrics.includes(series.name)).map((one) => ({ x: one.step, name: one.title }));
  return html`<figure><figcaption><b>${visible(series.name)}</b> <span class="note">healthy: ${plain(mean?.healthy || "no rule of thumb")}</span></figcaption>
    ${figure({ series: [{ x: series.x, y: series.y, name: series.name }], marks: shown, title: `${series.name} by step`, width: 420, height: 150 })}</figure>`;
}

function happened({ overview, curves, check }) {
  const measured = overview.stages.filter((stage) => stage.accuracy);
  const warm = check.checks.length > 1 || overview.stages.some((stage) => stage.stage === "sft");
  const way = ["check", warm ? "warm start" : null, overview.run.step ? `GRPO, ${plural(overview.run.step, "step")}` : null, measured.length > 1 ? "evaluation" : null].filter(Boolean);
  return html`<p>The way it went: ${way.join(" → ")}.</p>
    <div class="two">${measured.length ? html`<figure><figcaption><b>held-out accuracy</b> <span class="note">95 % intervals</span></figcaption>${accuracyFigure(measured, 150, 420)}</figure>` : nothing}
    ${curves.series.filter((one) => one.x.length > 1).map((one) => curve(one, overview.findings))}</div>`;
}

function samples({ evaluation }) {
  const there = PILES.filter(([name]) => evaluation[name]?.pairs.length);
  if (!there.length) return html`<p class="quiet">Two measurements of the same problems are needed to compare answers.</p>`;
  return there.map(([name, words]) => html`<h3>${words} <span class="note">${count(evaluation[name].piles[name])} in all</span></h3><div class="pairs">${evaluation[name].pairs.map((one) => pair(one))}</div>`);
}

function done({ overview, check }) {
  const before = check.checks.flatMap((one) => one.causes);
  return html`${before.length ? html`<p>${plural(before.length, "cause")} named before training, and what followed: <b>${visible(check.checks[0].verdict)}</b></p>` : nothing}
    ${findings(overview.findings)}
    ${overview.findings.length ? html`<p class="note">A finding changes nothing by itself: each names the setting that fixes it, for the next run.</p>` : nothing}`;
}

const contents = [
  ["question", "The question", asked], ["learned", "What it learned", (data) => html`${learned({ ...data.overview, headline: null })}${verdict(data.evaluation.fixed)}${stages(data.overview.stages)}`],
  ["happened", "What happened", happened], ["found", "What was found, and what was done", done], ["samples", "Before and after", samples],
  ["cost", "What it cost", (data) => html`${costBar(data.overview.cost)}${wasteLine(data.overview.cost)}`],
  ["check", "The check", (data) => (data.check.checks.length ? data.check.checks.map(checked) : html`<p class="quiet">It did not finish.</p>`)],
  ["recipe", "The recipe", (data) => html`<div class="scroll" tabindex="0">${rows(data.recipe.rows.filter((row) => row.changed))}</div><details><summary>every key, as YAML</summary><pre class="written">${bounded(data.recipe.text, 60000)}</pre></details>${made(data.recipe.manifest)}`],
];

const page = (data) => html`<header class="report-head"><p class="quiet">a run of Whet</p><h1>${visible(data.overview.run.name)}</h1>${sentence(data)}
    <nav aria-label="Contents">${contents.map(([id, words]) => html`<a href="#${id}">${words}</a> `)}</nav></header>
  <main>${contents.map(([id, words, body]) => html`<section id=${id}>${panel(words, body(data))}</section>`)}
  <figure class="diagram"><img src=${data.diagram} alt="How a run goes: check, warm start, GRPO, evaluation, report"><figcaption class="note">How a run goes. The same rows for programs: ${command(`whet show ${quoted(data.overview.run.name)} --json`)}</figcaption></figure></main>`;

function start() {
  const data = JSON.parse(document.querySelector("#data").textContent);
  Object.assign(state, { still: true, meanings: data.meanings, place: { view: "report" } });
  document.body.classList.add("report");
  render(page(data), document.querySelector("#app"));
  document.body.dataset.ready = "report";
}

start();
