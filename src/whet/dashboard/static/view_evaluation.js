// Before and after on the same held-out problems: the difference with its interval, and four piles to read.

import { html, nothing, svg } from "./vendor/lit-html.js";
import { get } from "./api.js";
import { count, interval, number, percent, points, probability } from "./format.js";
import { go, here } from "./place.js";
import { paint, state } from "./state.js";
import { pair } from "./pair.js";
import { visible } from "./text.js";
import { empty, shareLine, table } from "./ui.js";

const PAGE = 20;
const PILES = [["fixed", "fixed", "wrong before, right after"], ["broken", "broken", "right before, wrong after"], ["right", "still right", "right both times"], ["wrong", "still wrong", "wrong both times"]];

const asked = (place) => ({ run: place.run, before: place.before, after: place.after, other: place.other, pile: place.pile || null, text: place.text });

export const load = (place, signal) => get("evaluation", { ...asked(place), offset: 0, limit: PAGE }, { signal });

export const grown = (news) => !news.stages;

async function further(data) {
  const found = await get("evaluation", { ...asked(state.place), offset: data.pairs.length, limit: PAGE });
  if (state.data === data) data.pairs = [...data.pairs, ...found.pairs];
  paint();
}

const stageRow = (stage) => [visible(stage.title), html`<b>${percent(stage.accuracy?.value)}</b>`, html`<span class="note">${interval(stage.accuracy)}</span>`, shareLine(stage.accuracy), percent(stage.lenient?.value), percent(stage.format_rate, 0), percent(stage.truncated_rate, 0), number(stage.mean_length),
  Object.entries(stage.sampled || {}).map(([name, value]) => html`<span class="nowrap">${visible(name)} ${percent(value)}</span> `)];

export const stages = (found) => html`<div class="scroll" tabindex="0">${table(["measured", ["accuracy", "n"], ["95 %", "n"], "", ["anywhere", "n"], ["in format", "n"], ["truncated", "n"], ["tokens", "n"], "sampled"], found.map(stageRow), "stages-table")}</div>`;

/** A paired difference drawn around zero. */
function differenceLine(found) {
  const x = (value) => 50 + 48 * Math.max(-1, Math.min(1, value));
  return html`<svg class="share difference" viewBox="0 0 100 14" preserveAspectRatio="none" role="img" aria-label=${points(found)}>
    <line class="axis" x1="2" x2="98" y1="7" y2="7"></line><line class="zero" x1="50" x2="50" y1="0" y2="14"></line>
    ${svg`<line class="range" x1=${x(found.low)} x2=${x(found.high)} y1="7" y2="7"></line><line class="at" x1=${x(found.difference)} x2=${x(found.difference)} y1="2" y2="12"></line>`}</svg>`;
}

const differenceRow = (words, found) => html`<p class="paired"><span class="quiet">${words}</span> <b class="n">${points(found)}</b> ${differenceLine(found)} <span class="note n">${probability(found.p_value)} · ${count(found.fixed)} fixed, ${count(found.broken)} broken</span></p>`;

function chooser(name, list, chosen, words) {
  return html`<label>${words} <select @change=${(event) => go(here({ [name]: event.target.value, pile: null }))}>${list.map((stage) => html`<option value=${stage.stage} .selected=${stage.stage === chosen}>${visible(stage.title)}</option>`)}</select></label>`;
}

function otherRun(place) {
  return html`<label>of <select @change=${(event) => go(here({ other: event.target.value || null, after: null, pile: null }))}><option value="">the same run</option>${state.runs.filter((run) => run.id !== place.run && run.accuracy?.now).map((run) => html`<option value=${run.id} .selected=${run.id === place.other}>${visible(run.id)}</option>`)}</select></label>`;
}

/** The verdict: strict and lenient difference, in words and as intervals. */
export const verdict = (data) => html`${data.strict ? differenceRow("in its place", data.strict) : nothing}${data.lenient ? differenceRow("anywhere", data.lenient) : nothing}`;

export function render(data, place) {
  if (!data.stages.length) return empty("Nothing measured yet", "The first measurement is of the base model, right after the check.");
  const titles = data.strict ? [titleOf(data.stages, data.before), titleOf(data.others || data.stages, data.after)] : [titleOf(data.stages, data.after), titleOf(data.stages, data.after)];
  return html`${stages(data.stages)}
    ${data.strict ? html`<section class="panel"><header><h2>Before and after</h2><span class="bar">${chooser("before", data.stages, data.before, "before")}${chooser("after", data.others || data.stages, data.after, "after")}${otherRun(place)}</span></header>${data.sentence ? html`<p class="headline">${visible(data.headline || data.sentence)}</p>` : nothing}${verdict(data)}
      ${data.only_before || data.only_after ? html`<p class="note">Left out: ${data.only_before} problems that only the first measured, ${data.only_after} that only the second did.</p>` : nothing}</section>`
      : html`<p class="quiet">Measured once so far; what was gained is known after the second measurement.</p>`}
    <nav class="piles" aria-label="Piles">${PILES.filter(([name]) => data.piles[name] !== undefined && (data.strict || data.piles[name] || name === "right" || name === "wrong")).map(([name, words, says]) => html`<a class="pile ${name}" href=${here({ pile: name })} aria-current=${name === data.pile ? "true" : "false"}><b class="big n">${count(data.piles[name])}</b> ${words}<br><span class="note">${says}</span></a>`)}</nav>
    <div class="pairs">${data.pairs.map((one) => pair(one, titles))}</div>
    ${data.pairs.length < data.total ? html`<p><button type="button" @click=${() => further(data)}>${count(Math.min(PAGE, data.total - data.pairs.length))} more of ${count(data.total - data.pairs.length)}</button></p>` : nothing}
    ${data.total ? nothing : html`<p class="quiet">This pile is empty.</p>`}`;
}

const titleOf = (list, name) => visible(list.find((stage) => stage.stage === name)?.title || name);
