// All runs of the folder: how each stands, what it gained, and which to lay over one another.

import { html, nothing } from "./vendor/lit-html.js";
import { spark } from "./curve.js";
import { duration, interval, percent, points, size, when } from "./format.js";
import { at } from "./place.js";
import { paint, state } from "./state.js";
import { visible } from "./text.js";
import { empty, shareLine, stateWord } from "./ui.js";
import "./virtual.js";

const chosen = new Set();
let wanted = "";

export const load = async () => ({});

const pick = (run) => (event) => {
  if (event.target.checked) chosen.add(run.id);
  else chosen.delete(run.id);
  paint();
};

function step(run) {
  if (!run.steps) return html`<span class="note">${run.phase || ""}</span>`;
  const left = run.state === "running" && run.left ? html` <span class="note">${duration(run.left)} left</span>` : nothing;
  return html`<span class="n">${run.step} of ${run.steps}</span>${left}`;
}

function gained(run) {
  const { before, now, difference } = run.accuracy || {};
  if (!now) return html`<span class="note">not measured</span>`;
  if (!difference) return html`<b class="n">${percent(now.value)}</b> <span class="note n">${interval(now)}</span>`;
  return html`<span class="n">${percent(before.value)} → <b>${percent(now.value)}</b></span> <span class="note n">${interval(now)}</span>`;
}

const cells = (run) => html`
  <label class="pick"><input type="checkbox" .checked=${chosen.has(run.id)} @change=${pick(run)} ?disabled=${run.state === "unreadable"}><span class="hidden">lay ${visible(run.id)} over the others</span></label>
  <span class="name"><a href=${at("overview", { run: run.id, with: null })}>${visible(run.id)}</a><br><span class="note">${visible([run.model, run.data].filter(Boolean).join(" · ") || run.why || "")}</span></span>
  <span class="status">${stateWord(run)}<br>${step(run)}</span>
  <span class="reward">${spark(run.reward, `reward of ${run.id}`)}</span>
  <span class="gain">${gained(run)}<br>${shareLine(run.accuracy?.now)}</span>
  <span class="difference n">${run.accuracy?.difference ? points(run.accuracy.difference) : ""}</span>
  <span class="findings-cell">${run.findings ? html`<a href=${at("overview", { run: run.id, with: null })}>${run.findings} found</a>` : html`<span class="note">${run.findings === 0 ? "none" : ""}</span>`}</span>
  <span class="note n size">${size(run.size)}</span><span class="note updated">${when(run.updated)}</span>`;

function compare() {
  const [first, ...rest] = [...chosen];
  const further = { run: first, with: rest.join("|") };
  return html`<p class="bar"><span>${chosen.size} chosen</span>
    <a href=${at("curves", further)}>their curves</a><a href=${at("recipe", further)}>the difference of their recipes</a>
    <button type="button" @click=${() => { chosen.clear(); paint(); }}>none</button></p>`;
}

export function render() {
  if (!state.runs.length) return empty("No run yet", html`In ${visible(state.root)} there is no run folder. This makes one on a small model, in minutes:`, "whet train quickstart");
  const found = state.runs.filter((run) => `${run.id} ${run.model} ${run.data} ${run.state}`.toLowerCase().includes(wanted.toLowerCase()));
  return html`<section class="runs-list">
    <header class="bar"><h1>${state.runs.length} ${state.runs.length === 1 ? "run" : "runs"}</h1>
      <input type="search" placeholder="filter by name, model, data, state" aria-label="Filter runs" .value=${wanted} @input=${(event) => { wanted = event.target.value; paint(); }}>
      ${chosen.size > 1 ? compare() : html`<span class="note">Choose two or more to lay their curves over one another.</span>`}</header>
    <div class="row head"><span></span><span>run</span><span class="status">state</span><span class="reward">reward</span><span class="gain">held-out accuracy</span><span class="difference">over its start</span><span class="findings-cell">findings</span><span class="size">size</span><span class="updated">changed</span></div>
    ${found.length ? html`<whet-list class="runs-rows" aria-label="Runs" .data=${{ count: found.length, height: 60, row: (i) => cells(found[i]) }}></whet-list>` : html`<p class="quiet">No run matches.</p>`}
  </section>`;
}

export const grown = () => true;
