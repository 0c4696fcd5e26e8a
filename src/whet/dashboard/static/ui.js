// Small pieces that every view is made of.

import { html, nothing, svg } from "./vendor/lit-html.js";
import { count, interval, percent, points, probability } from "./format.js";
import { visible } from "./text.js";

/** A link to a place of the page; plain words where there is nowhere to go (in a report). */
export const link = (address, body, kind = "") =>
  address === null ? html`<span class=${kind}>${body}</span>` : html`<a class=${kind} href=${address}>${body}</a>`;

/** A command that can be typed into a terminal. */
export const command = (text) => html`<code class="command">${text}</code>`;

/** What stands where there is nothing to show, and what to do about it. */
export const empty = (title, text, shell = null) => html`
  <div class="state"><h2>${title}</h2><p>${text}</p>${shell ? html`<p>${command(shell)}</p>` : nothing}</div>`;

/** What stands where something went wrong. */
export const broken = (error) => html`
  <div class="state" role="alert"><h2>This could not be shown</h2><p>${visible(error?.message || String(error))}</p>
  <p class="note">The run itself is not affected: this page only reads its files.</p></div>`;

/** Grey lines in place of what is on its way. */
export const loading = (what = "Loading") => html`
  <div class="waiting" role="status"><span class="hidden">${what} …</span><i></i><i></i><i></i><i></i></div>`;

/** How far the index of the rollouts has got, while it is not whole. */
export function indexed(found) {
  if (!found || found.whole) return nothing;
  if (found.fault) return html`<p class="note" role="status">${found.fault}</p>`;
  return html`<p class="note" role="status">steps 0–${count(Math.max(0, found.steps - 1))} of ${count(found.of)} so far; the rest is being read</p>`;
}

/** A choice among a few: links that look like one control. `options` are [value, words]; `go` makes an address. */
export const choice = (label, options, chosen, go) => html`
  <div class="choice" role="group" aria-label=${label}>
    ${options.map(([value, words]) => html`<a href=${go(value)} aria-current=${value === chosen ? "true" : "false"}>${words}</a>`)}
  </div>`;

/** A share with its interval drawn on a line from 0 to 100 %. */
export function shareLine(share, kind = "") {
  if (!share) return html`<span class="note">–</span>`;
  const x = (value) => (2 + 96 * value).toFixed(1);
  return html`<svg class="share ${kind}" viewBox="0 0 100 12" preserveAspectRatio="none" role="img"
      aria-label="${percent(share.value)}, 95 % interval ${interval(share)}">
    <line class="axis" x1="2" x2="98" y1="6" y2="6"></line>
    <line class="range" x1=${x(share.low)} x2=${x(share.high)} y1="6" y2="6"></line>
    <line class="at" x1=${x(share.value)} x2=${x(share.value)} y1="1" y2="11"></line></svg>`;
}

/** A share in words: 57.0 % [50.9, 62.9]. */
export const shareText = (share) =>
  share ? html`<b class="n">${percent(share.value)}</b> <span class="note n">${interval(share)}</span>` : html`<span class="note">–</span>`;

/** A paired difference in words. */
export const differenceText = (found) =>
  found
    ? html`<b class="n">${points(found)}</b> <span class="note n">${probability(found.p_value)}, ${count(found.n)} problems</span>`
    : html`<span class="note">not measured twice</span>`;

/** The state of a run as a word. */
export const stateWord = (run) => html`<span class="word ${run.state}">${run.state}</span>`;

/** A table: `head` are words or [words, kind]; `rows` are arrays of cells. */
export const table = (head, rows, kind = "") => html`
  <table class=${kind}>
    <thead><tr>${head.map((cell) => (Array.isArray(cell) ? html`<th class=${cell[1]}>${cell[0]}</th>` : html`<th>${cell}</th>`))}</tr></thead>
    <tbody>${rows.map((cells) => html`<tr>${cells.map((cell, at) => html`<td class=${Array.isArray(head[at]) ? head[at][1] : ""}>${cell}</td>`)}</tr>`)}</tbody>
  </table>`;

/** A bar of parts that make up a whole: `parts` are {name, value, kind, words}. */
export function stack(parts, label) {
  const whole = parts.reduce((sum, part) => sum + (part.value || 0), 0);
  if (!whole) return nothing;
  let x = 0;
  const bars = parts.map((part) => {
    const width = (100 * (part.value || 0)) / whole;
    x += width;
    return svg`<rect class="fill ${part.kind}" x=${(x - width).toFixed(2)} width=${Math.max(0, width - 0.25).toFixed(2)} height="10">
      <title>${part.name}: ${part.words}</title></rect>`;
  });
  return html`
    <figure class="stack"><svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label=${label}>${bars}</svg>
    <figcaption>${parts.map((part) => html`<span><i class="key ${part.kind}"></i>${part.name} <b class="n">${part.words}</b></span>`)}</figcaption></figure>`;
}

/** Several findings, views or figures side by side, each under its question. */
export const panel = (title, body, kind = "", more = nothing) => html`
  <section class="panel ${kind}"><header><h2>${title}</h2>${more}</header>${body}</section>`;
