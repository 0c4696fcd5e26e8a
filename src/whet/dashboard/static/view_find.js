// Rollouts of many steps: by their text, or by how they came out.

import { html, nothing } from "./vendor/lit-html.js";
import { get, stream } from "./api.js";
import { dot } from "./cards.js";
import { count, fixed, signed } from "./format.js";
import { at, go, here } from "./place.js";
import { paint, state } from "./state.js";
import { line, shown } from "./text.js";
import { empty, indexed } from "./ui.js";
import "./virtual.js";

const PAGE = 100;
const FILTERS = ["from", "to", "finish", "correct", "signal", "problem", "answer", "part", "min", "max", "sort"];
const SORTS = [["", "newest first"], ["step", "oldest first"], ["-reward", "highest reward"], ["reward", "lowest reward"], ["-length", "longest"], ["length", "shortest"], ["-advantage", "highest advantage"], ["advantage", "lowest advantage"], ["logprob", "least likely"], ["-logprob", "most likely"]];

const filters = (place) => Object.fromEntries(FILTERS.map((name) => [name, place[name]]));

export async function load(place, signal) {
  if (place.q) return search(place, signal);
  const found = await get("rollouts", { run: place.run, ...filters(place), offset: 0, limit: PAGE }, { signal });
  if (found.indexed && !found.indexed.whole && !found.indexed.fault) later(place);
  return { ...found, asked: PAGE };
}

function later(place) {
  setTimeout(() => { if (state.place.view === "find" && state.place.run === place.run && !state.place.q) window.dispatchEvent(new Event("place")); }, 1500);
}

async function search(place, signal) {
  const found = { hits: [], progress: null, done: false };
  const each = (one) => {
    if (one.hit) found.hits.push(one.hit);
    if (one.progress) found.progress = one.progress;
    if (one.done) Object.assign(found, { done: true, full: one.full });
    paint();
  };
  stream("search", { run: place.run, q: place.q, from: place.from, to: place.to, limit: 500 }, each, signal).catch((error) => {
    if (error.name !== "AbortError") { state.fault = error; paint(); }
  });
  return found;
}

/** Further rows, when the last ones that are there come into sight. */
async function further(data) {
  if (data.more || data.rows.length >= data.total) return;
  data.more = true;
  const { place } = state;
  const found = await get("rollouts", { run: place.run, ...filters(place), offset: data.rows.length, limit: PAGE }).catch(() => null);
  if (found && state.data === data) data.rows = [...data.rows, ...found.rows];
  data.more = false;
  paint();
}

const set = (name) => (event) => go(here({ [name]: event.target.value.trim() || null }), true);

const select = (name, words, options, place) => html`<label>${words} <select aria-label=${words} @change=${set(name)}>${options.map(([value, text]) => html`<option value=${value} .selected=${(place[name] || "") === value}>${text}</option>`)}</select></label>`;

const entry = (name, words, place, kind = "short") => html`<label>${words} <input aria-label=${words} class=${kind} .value=${place[name] || ""} @change=${set(name)} inputmode=${kind === "short" ? "decimal" : "text"}></label>`;

function form(place) {
  return html`<form class="bar filters" @submit=${(event) => event.preventDefault()}>
    ${entry("from", "steps", place)}${entry("to", "to", place)}
    ${select("finish", "ended", [["", "anyhow"], ["stop", "by itself"], ["length", "truncated"]], place)}
    ${select("correct", "answer", [["", "any"], ["1", "right"], ["0", "wrong"]], place)}
    ${select("signal", "group", [["", "any"], ["1", "with signal"], ["0", "without"]], place)}
    ${entry("part", "part", place, "word-entry")}${entry("min", "from", place)}${entry("max", "to", place)}
    ${entry("problem", "problem", place, "word-entry")}${entry("answer", "answered", place, "word-entry")}
    ${select("sort", "order", SORTS, place)}
    <a href=${at("find")}>clear</a></form>`;
}

const row = (data) => (i) => {
  const one = data.rows[i];
  return html`<a class="found" href=${at("rollouts", { step: one.step, group: one.group, card: one.sample + 1 })}>
    <span class="n">step ${one.step}</span>${dot(one)}<span class="n">${fixed(one.reward)}</span><span class="n">${signed(one.advantage)}</span><span class="n">${count(one.tokens)}</span>
    <span>${line(one.question, 90)}</span><span class="quiet">${line(one.text, 160)}</span></a>`;
};

const hit = (data) => (i) => {
  const { step, group, sample, field, snippet, at: from, length } = data.hits[i];
  return html`<a class="found hit" href=${at("rollouts", { step, group, card: sample + 1 })}><span class="n">step ${step}</span><span class="note">${field === "text" ? "completion" : "question"}</span>
    <span class="line">${shown(snippet.slice(0, from))}<mark>${shown(snippet.slice(from, from + length))}</mark>${shown(snippet.slice(from + length))}</span></a>`;
};

function hits(data, place) {
  const progress = data.done ? (data.full ? "stopped at 500" : "all steps read") : `${count(data.progress?.steps ?? 0)} of ${count(data.progress?.of ?? 0)} steps read`;
  return html`<header class="bar"><h1>“${shown(place.q)}”</h1><span role="status">${count(data.hits.length)} found, ${progress}</span>
    <a href=${at("find")}>filter by how they came out</a></header>
    ${data.hits.length ? html`<whet-list class="rows" aria-label="Hits" .data=${{ count: data.hits.length, height: 34, row: hit(data) }}></whet-list>` : data.done ? empty("Nothing found", "No completion and no question holds these words.") : nothing}`;
}

export function render(data, place) {
  if (place.q) return hits(data, place);
  return html`<header class="bar"><h1>${count(data.total)} rollouts</h1></header>${form(place)}${indexed(data.indexed)}
    ${data.rows.length ? html`<div class="found head"><span>step</span><span></span><span class="n">reward</span><span class="n">adv.</span><span class="n">tokens</span><span>question</span><span>completion</span></div>
    <whet-list class="rows" aria-label="Rollouts" .data=${{ count: data.rows.length, height: 34, row: row(data), reached: (last) => last >= data.rows.length - 10 && further(data) }}></whet-list>` : empty("No rollout matches", "Take a filter away, or wait until all steps are read.")}`;
}

export const grown = () => true;
