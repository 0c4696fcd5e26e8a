// A finding: what is wrong in plain words, the setting that fixes it, and the rollouts that show it.

import { html, nothing } from "./vendor/lit-html.js";
import { number, plain } from "./format.js";
import { at } from "./place.js";
import { state } from "./state.js";
import { visible } from "./text.js";
import { link } from "./ui.js";

/** How to fix it, with each option (`--grpo.steps`) in one piece. */
export const remedy = (fix) => html`<p><span class="quiet">To fix it:</span> ${visible(plain(fix)).split(/(--[\w.]+)/).map((part, index) => (index % 2 ? html`<code class="option">${part}</code>` : part))}</p>`;

/** One finding with its ways on. */
export const finding = (found, chosen = false) => html`
  <article class="finding ${chosen ? "chosen" : ""}" id="finding-${found.id}">
    <header><b>${visible(found.title)}</b> <span class="note n">step ${found.step} · ${number(found.figure)}, from ${number(found.threshold)} on it is told</span></header>
    <p>${visible(found.sentence)}</p>
    ${remedy(found.fix)}
    ${state.still ? nothing : html`<p class="ways">${link(at("find", found.rollouts), "the rollouts that show it")}
      ${found.metrics.length ? link(at("curves", { find: found.metrics.join("|"), finding: found.id }), "its curve") : nothing}
      ${link(at("rollouts", { step: found.step }), `step ${found.step}`)}</p>`}
  </article>`;

/** The newest finding of each detector, newest first, with the earlier ones behind it. */
export function byDetector(list) {
  const found = new Map();
  for (const one of list.toSorted((a, b) => b.step - a.step)) found.set(one.detector, [...(found.get(one.detector) || []), one]);
  return [...found.values()];
}

const earlier = (list) => (list.length
  ? html`<p class="note">told before at ${list.slice(0, 12).map((one) => html`${link(at("rollouts", { step: one.step }), `step ${one.step}`)} `)}${list.length > 12 ? `and ${list.length - 12} more` : ""}</p>`
  : nothing);

/** Findings, or that there is none. */
export const findings = (list, chosen = null) =>
  list.length
    ? html`<div class="findings">${byDetector(list).map(([newest, ...rest]) => html`${finding(newest, newest.id === chosen)}${earlier(rest)}`)}</div>`
    : html`<p class="quiet">Nothing was found wrong so far. Eleven detectors read the figures after every step.</p>`;
