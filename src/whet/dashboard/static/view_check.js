// What the check found before training: the figures, every cause with its fix, and the distributions behind them.

import { html, nothing } from "./vendor/lit-html.js";
import { get } from "./api.js";
import { remedy } from "./finding.js";
import { count, percent } from "./format.js";
import { histogram } from "./histogram.js";
import { bounded, visible } from "./text.js";
import { empty, table } from "./ui.js";

export const load = (place, signal) => get("check", { run: place.run }, { signal });

export const grown = (news) => !news.stages && !news.run;

const cause = (one) => html`<article class="finding"><p><b>${visible(one.sentence)}</b></p>${remedy(one.fix)}</article>`;

function gold(found) {
  if (!found) return nothing;
  return html`<p>${found.failed ? html`<b class="n">${count(found.failed)} of ${count(found.checked)}</b> gold answers lose marks under the recipe’s own rewards.` : html`All <b class="n">${count(found.checked)}</b> gold answers score full marks under the recipe’s own rewards.`}</p>
    ${(found.examples || []).slice(0, 5).map((one) => html`<div class="written">${bounded(typeof one === "string" ? one : JSON.stringify(one, null, 1), 1500)}</div>`)}`;
}

const overlap = (found) => (found && Object.keys(found).length ? html`<p class="note">overlap of training and held-out questions: ${Object.entries(found).filter(([, value]) => typeof value !== "object").map(([key, value]) => html`${visible(key.replaceAll("_", " "))} <b class="n">${typeof value === "number" && value < 1 && value > 0 ? percent(value) : visible(String(value))}</b> `)}</p>` : nothing);

/** One check with everything it found. */
export const checked = (one) => html`<section class="panel check ${one.passes ? "" : "fails"}"><header><h2>${visible(one.title)}</h2><b>${visible(one.verdict)}</b></header>
  ${one.causes.map(cause)}
  <div class="two"><div class="scroll" tabindex="0">${table(["", ["", "n"], ""], one.rows.map((row) => [visible(row.what), html`<b>${visible(row.figure)}</b>`, html`<span class="note">${visible(row.note)}</span>`]))}</div><div>${gold(one.gold)}${overlap(one.overlap)}</div></div>
  ${one.histograms.length ? html`<div class="histograms">${one.histograms.map(histogram)}</div>` : nothing}</section>`;

export const render = (data) => (data.checks.length ? data.checks.map(checked) : empty("The check has not finished", "It grades gold answers, measures lengths, and samples some answers to see whether there is something to learn from."));
