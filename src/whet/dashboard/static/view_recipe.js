// The recipe: what was asked for, every default spelled out; beside other runs, only what differs.

import { html, nothing } from "./vendor/lit-html.js";
import { get } from "./api.js";
import { plain } from "./format.js";
import { at, go, here, others } from "./place.js";
import { bounded, visible } from "./text.js";
import { choice, link } from "./ui.js";

export async function load(place, signal) {
  const further = others(place);
  const [recipe, diff] = await Promise.all([get("recipe", { run: place.run }, { signal }), further.length ? get("diff", { run: [place.run, ...further] }, { signal }) : null]);
  return { recipe, diff };
}

export const grown = () => true;

const value = (one) => bounded(one === null || one === undefined ? "–" : typeof one === "object" ? JSON.stringify(one) : String(one), 400);

/** Rows of keys with their values; a default that was changed stands beside it. */
export const rows = (list) => html`<table class="recipe"><thead><tr><th>key</th><th>value</th><th>default</th><th>what it does</th></tr></thead>
  <tbody>${list.map((row) => html`<tr class=${row.changed ? "changed" : ""}><td><code>${visible(row.key)}</code></td><td><b>${value(row.value)}</b></td><td class="quiet">${row.changed ? value(row.default) : nothing}</td><td class="quiet">${visible(plain(row.says))}</td></tr>`)}</tbody></table>`;

const difference = (diff) => html`<section class="panel"><header><h2>What differs</h2><span class="note">${diff.same} keys are the same</span></header>
  ${diff.rows.length ? html`<div class="scroll" tabindex="0"><table><thead><tr><th>key</th>${diff.runs.map((run) => html`<th>${visible(run)}</th>`)}<th>what it does</th></tr></thead>
    <tbody>${diff.rows.map((row) => html`<tr><td><code>${visible(row.key)}</code></td>${row.values.map((one) => html`<td><b>${value(one)}</b></td>`)}<td class="quiet">${visible(plain(row.says))}</td></tr>`)}</tbody></table></div>` : html`<p class="quiet">Nothing: the runs have the same recipe, seeds included.</p>`}</section>`;

/** What a run was made with: seed, machine, versions. */
export function made(manifest) {
  const facts = [["made", manifest.created], ["seed", manifest.seed], ["machine", [manifest.machine, manifest.cores && `${manifest.cores} cores`].filter(Boolean).join(", ")], ["platform", manifest.platform],
    ["model", manifest.model?.source || manifest.model?.name], ["versions", Object.entries(manifest.versions || {}).filter(([, version]) => version).map(([name, version]) => `${name} ${version}`).join(", ")]];
  return html`<dl class="made">${facts.filter(([, fact]) => fact !== undefined && fact !== "" && fact !== null).map(([name, fact]) => html`<dt>${name}</dt><dd>${bounded(String(fact), 600)}</dd>`)}</dl>`;
}

export function render({ recipe, diff }, place) {
  const all = place.all === "1";
  const wanted = (place.key || "").toLowerCase();
  const list = recipe.rows.filter((row) => (all || row.changed || wanted) && row.key.toLowerCase().includes(wanted));
  return html`${diff ? difference(diff) : nothing}
    <section class="panel"><header><h2>Recipe</h2><span class="bar">${choice("Which keys", [["", "what was asked for"], ["1", "every key"], ["text", "as YAML"]], place.all || "", (value_) => here({ all: value_ }))}
      <input type="search" placeholder="filter keys" aria-label="Filter keys" .value=${place.key || ""} @input=${(event) => go(here({ key: event.target.value }), true)}>${diff ? nothing : link(at("runs", { run: null }), "beside another run")}</span></header>
      ${place.all === "text" ? html`<pre class="written">${bounded(recipe.text, 100000)}</pre>` : html`<div class="scroll" tabindex="0">${rows(list)}</div>`}</section>
    <section class="panel"><header><h2>Made with</h2></header>${made(recipe.manifest)}</section>`;
}
