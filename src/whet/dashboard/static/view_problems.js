// Every problem that was trained on: how often, how well at first and now, and what is commonly answered wrongly.

import { html } from "./vendor/lit-html.js";
import { get } from "./api.js";
import { spark } from "./curve.js";
import { count, percent, signed } from "./format.js";
import { at, go, here } from "./place.js";
import { paint, state } from "./state.js";
import { line, visible } from "./text.js";
import { empty, indexed } from "./ui.js";
import "./virtual.js";

const PAGE = 200;
const COLUMNS = [["problem", "problem and its answer"], ["visits", "visits"], ["first", "first"], ["now", "now"], ["change", "change"], ["signal", "signal"], ["truncated", "cut"]];

export async function load(place, signal) {
  const found = await get("problems", { run: place.run, sort: place.sort || "-visits", text: place.text, offset: 0, limit: PAGE }, { signal });
  if (found.indexed && !found.indexed.whole && !found.indexed.fault) again(place);
  return found;
}

function again(place) {
  setTimeout(() => { if (state.place.view === "problems" && state.place.run === place.run) window.dispatchEvent(new Event("place")); }, 1500);
}

async function further(data) {
  if (data.more || data.rows.length >= data.total) return;
  data.more = true;
  const { place } = state;
  const found = await get("problems", { run: place.run, sort: place.sort || "-visits", text: place.text, offset: data.rows.length, limit: PAGE }).catch(() => null);
  if (found && state.data === data) data.rows = [...data.rows, ...found.rows];
  data.more = false;
  paint();
}

function head(place) {
  const sort = place.sort || "-visits";
  const cell = ([name, words]) => {
    const down = sort === `-${name}`;
    const up = sort === name;
    return html`<span class=${name === "problem" ? "" : "n"}><a href=${here({ sort: down ? name : `-${name}` })} aria-label="sort by ${words}">${words}${down ? " ↓" : up ? " ↑" : ""}</a></span>`;
  };
  return html`<div class="problem-row head">${COLUMNS.slice(0, 1).map(cell)}${COLUMNS.slice(1).map(cell)}<span class="trend">pass share by visit</span><span>commonest wrong answer</span></div>`;
}

const row = (data) => (i) => {
  const one = data.rows[i];
  return html`<a class="problem-row" href=${at("problem", { problem: one.problem })}>
    <span>${line(one.question, 120)} <b class="gold-cell">${line(one.gold, 24)}</b></span><span class="n">${count(one.visits)}</span>
    <span class="n">${percent(one.first?.value, 0)}</span><span class="n">${percent(one.now?.value, 0)}</span>
    <span class="n ${one.change > 0 ? "up" : one.change < 0 ? "down" : ""}">${one.change === null || one.visits < 2 ? "–" : signed(100 * one.change, 0)}</span>
    <span class="n">${percent(one.signal, 0)}</span><span class="n">${percent(one.truncated, 0)}</span><span class="trend">${spark(one.trend, "pass share")}</span>
    <span>${one.wrong ? html`${line(one.wrong.answer, 30)} <span class="note n">× ${one.wrong.count}</span>` : html`<span class="note">none</span>`}</span></a>`;
};

export function render(data, place) {
  return html`<header class="bar"><h1>${count(data.total)} problems</h1>
      <input type="search" placeholder="filter questions" aria-label="Filter problems" .value=${place.text || ""} @change=${(event) => go(here({ text: event.target.value }), true)}></header>
    ${indexed(data.indexed)}
    ${data.rows.length ? html`${head(place)}<whet-list class="rows" aria-label="Problems" .data=${{ count: data.rows.length, height: 34, row: row(data), reached: (last) => last >= data.rows.length - 10 && further(data) }}></whet-list>`
      : place.text ? empty("No problem matches", html`No question holds “${visible(place.text)}”.`) : empty("No problem yet", "Problems are listed once a step of GRPO is on disk.")}`;
}

export const grown = (news) => news.rollouts === undefined;
