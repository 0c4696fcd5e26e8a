// One completion as a card: what it earned and for what, how it ended, and its text.

import { html, nothing, svg } from "./vendor/lit-html.js";
import { count, fixed, number, signed } from "./format.js";
import { here } from "./place.js";
import { bounded, visible } from "./text.js";
import { legend, tinted, tokenTable } from "./tokens.js";
import { link } from "./ui.js";

/** How a completion came out, in a word. */
export function outcome(sample) {
  if (sample.finish === "length") return ["cut", "truncated"];
  if (sample.correct === null) return ["open", "ended"];
  return sample.correct ? ["right", "right"] : ["wrong", "wrong"];
}

/** The sign of a completion in a row of dots: filled is right, a ring is wrong, a cross was truncated. */
export function dot(sample, { chosen = false, href = null } = {}) {
  const [kind, words] = outcome(sample);
  const title = `completion ${sample.sample + 1}: ${words}, reward ${number(sample.reward)}`;
  const body = html`<i class="dot ${kind} ${chosen ? "chosen" : ""}" title=${title}></i>`;
  return href ? html`<a href=${href} aria-label=${title}>${body}</a>` : body;
}

const partWidth = (value) => Math.max(0, Math.min(1, Math.abs(value))) * 36;

/** The parts of a reward as small bars. */
export function parts(sample) {
  const found = Object.entries(sample.parts || {});
  return html`<span class="parts">${found.map(([name, value]) => html`
    <span class="part"><span>${visible(name)}</span>
      <svg viewBox="0 0 36 6" aria-hidden="true"><rect class="track" width="36" height="6"></rect>${value === null ? nothing : svg`<rect class="fill ${value < 0 ? "c-orange" : "c-blue"}" width=${partWidth(value)} height="6"></rect>`}</svg>
      <b class="n">${value === null ? "n/a" : fixed(value)}</b></span>`)}</span>`;
}

const opened = (card) => here({ card });

function head(sample, at, open, address) {
  const [kind, words] = outcome(sample);
  const toggle = address(open ? null : sample.sample + 1);
  return html`<header>
    ${link(toggle, html`<span class="number">${at}</span>`, "number-link")}
    <span class="outcome ${kind}">${dot(sample)} ${words}</span>
    ${sample.answer === null || sample.answer === undefined ? html`<span class="note">no answer</span>` : html`<span>answer <b class="answer">${bounded(sample.answer, 60)}</b></span>`}
    <span class="n">reward <b>${fixed(sample.reward)}</b></span>
    <span class="n" title="its reward relative to the group">advantage <b>${signed(sample.advantage)}</b></span>
    <span class="n">${count(sample.tokens)} tokens</span>
    ${sample.replayed ? html`<span class="word" title="sampled in an earlier step">replayed</span>` : nothing}
    ${sample.tools ? html`<span class="word" title="grey tokens are a tool’s, not the policy’s">with a tool</span>` : nothing}
    ${link(toggle, open ? "close" : "open", "toggle")}
  </header>`;
}

/** One completion beside its siblings. `at`: its place among them, which is the key that opens it; `address(card)`: where that is. */
export const card = (sample, at, tint, plain, address = opened) => html`
  <article class="card ${outcome(sample)[0]}" id="card-${sample.sample + 1}">
    ${head(sample, at, false, address)}${parts(sample)}
    <div class="clip">${tint === "none" || plain ? html`<div class="written">${bounded(sample.text, 4000)}</div>` : tinted(sample, tint)}</div>
    <p class="readout" aria-live="off"></p>
  </article>`;

/** One completion at full width, with the scale of its tint and, where asked for, every token in a table. */
export const openCard = (sample, at, tint, asTable) => html`
  <article class="card open ${outcome(sample)[0]}" id="card-${sample.sample + 1}">
    ${head(sample, at, true, opened)}${parts(sample)}
    ${tint === "none" ? html`<div class="written">${bounded(sample.text)}</div>` : tinted(sample, tint)}
    <p class="readout" role="status">${sample.tokens_of ? "Point at a token for its numbers." : ""}</p>
    <footer>${tint === "none" ? nothing : legend(tint)}
      ${sample.tokens_of ? link(here({ table: asTable ? null : 1 }), asTable ? "without the table" : "every token in a table") : nothing}</footer>
    ${asTable ? tokenTable(sample) : nothing}
    ${sample.extra ? html`<dl class="extra">${Object.entries(sample.extra).map(([key, value]) => html`<dt>${visible(key)}</dt><dd>${bounded(typeof value === "string" ? value : JSON.stringify(value), 2000)}</dd>`)}</dl>` : nothing}
  </article>`;
