// The frame around every view: the run that is looked at in the bar on top, the places in the rail.

import { html, nothing } from "./vendor/lit-html.js";
import { duration, interval, percent } from "./format.js";
import { help } from "./keys.js";
import { at, go, others } from "./place.js";
import { paint, row, state } from "./state.js";
import { visible } from "./text.js";
import { dark, toggle } from "./theme.js";
import { broken, loading, stateWord } from "./ui.js";

const PLACES = [
  ["overview", "Overview"], ["curves", "Curves"], ["rollouts", "Rollouts"], ["problems", "Problems"], ["evaluation", "Evaluation"],
  ["cost", "Cost"], ["check", "Check"], ["recipe", "Recipe"], ["chat", "Chat"],
];
const UNDER = { find: "rollouts", problem: "problems" };

const ofRun = (id) => at(state.place.view === "runs" ? "overview" : UNDER[state.place.view] || state.place.view, { run: id, with: null });

function progress(run) {
  if (!run.steps) return nothing;
  return html`<span class="n">step ${run.step} of ${run.steps}${run.state === "running" && run.left ? html`, ${duration(run.left)} left` : nothing}</span>`;
}

function accuracy(run) {
  const { before, now } = run.accuracy || {};
  if (!now) return nothing;
  const from = before && before !== now && run.accuracy.difference ? html`${percent(before.value)} → ` : nothing;
  return html`<span class="n" title="held-out accuracy with its 95 % interval">${from}<b>${percent(now.value)}</b> <span class="quiet">${interval(now)}</span></span>`;
}

const picker = (run) => html`
  <select aria-label="Run" @change=${(event) => go(ofRun(event.target.value))}>
    ${run ? nothing : html`<option selected disabled>a run …</option>`}
    ${state.runs.map((one) => html`<option value=${one.id} .selected=${one.id === run?.id}>${visible(one.id)}</option>`)}
  </select>`;

function search(event) {
  event.preventDefault();
  const q = event.target.elements.q.value.trim();
  if (q) go(at("find", { q }));
}

function top() {
  const run = row();
  return html`<header class="top">
    <a class="brand" href=${at("runs", { run: null, with: null })}>Whet</a>
    ${state.runs?.length ? picker(run) : nothing}
    ${run ? html`<span class="facts">${stateWord(run)} ${run.phase ? html`<span>${run.phase}</span>` : nothing} ${progress(run)} ${accuracy(run)}</span>` : html`<span class="facts"></span>`}
    ${run ? html`<form role="search" @submit=${search}><input id="search" name="q" type="search" placeholder="search completions  /" aria-label="Search completions and questions"
      .value=${state.place.view === "find" ? state.place.q || "" : ""} autocomplete="off"></form>` : nothing}
    <button type="button" @click=${() => { toggle(); paint(); }}>${dark() ? "light" : "dark"}</button>
    <button type="button" @click=${() => { state.help = true; paint(); }}>keys</button>
  </header>`;
}

const rail = () => html`<nav class="rail" aria-label="Places">
  ${PLACES.map(([view, words]) => html`<a href=${at(view)} aria-current=${(UNDER[state.place.view] || state.place.view) === view ? "page" : "false"}>${words}${view === "overview" && row()?.findings ? html`<span class="n badge" title="findings"> ${row().findings}</span>` : nothing}</a>`)}
  <p class="note">${others().length ? html`beside it:${others().map((id) => html`<br>${visible(id)}`)}` : nothing}</p>
</nav>`;

/** The whole page: frame and the view that the address names. */
export function frame(view) {
  const bare = !state.place.run || state.place.view === "runs";
  const body = state.fault ? broken(state.fault) : state.data ? view.render(state.data, state.place) : loading();
  return html`${top()}${bare ? nothing : rail()}
    <main class=${`view ${state.place.view} ${bare ? "bare" : ""}`} aria-busy=${state.busy} tabindex="-1">${body}</main>${help()}`;
}
