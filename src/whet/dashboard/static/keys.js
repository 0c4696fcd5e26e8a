// The keyboard: one table of keys, which is also the help.

import { html, nothing } from "./vendor/lit-html.js";
import { paint, state } from "./state.js";

const KEYS = [
  ["j", "next step"], ["k", "step before"], ["l", "next group"], ["h", "group before"],
  ["1 … 9", "open a completion, close it again"], ["t", "next tint of the tokens"],
  ["] [", "next, previous visit of the same problem"], ["/", "search"], ["?", "these keys"], ["Esc", "close"],
];

const typing = (target) => target.matches?.("input, textarea, select, [contenteditable]");

/** Sends keys to the present view: `views[name].key(key)`; ?, / and Esc belong to the page. */
export function listen(views) {
  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === "Escape") return escape(event, views);
    if (typing(event.target)) return;
    if (event.key === "?") { state.help = !state.help; paint(); event.preventDefault(); return; }
    if (event.key === "/") { document.querySelector("#search")?.focus(); event.preventDefault(); return; }
    if (views[state.place.view]?.key?.(event.key)) event.preventDefault();
  });
}

function escape(event, views) {
  if (state.help) { state.help = false; paint(); return; }
  if (typing(event.target)) { event.target.blur(); return; }
  views[state.place.view]?.key?.("Escape");
}

/** The list of keys, over the page. */
export const help = () =>
  state.help
    ? html`<div class="veil" @click=${() => { state.help = false; paint(); }}>
        <section class="help" role="dialog" aria-modal="true" aria-label="Keys"><h2>Keys</h2>
        <dl>${KEYS.map(([key, words]) => html`<dt><kbd>${key}</kbd></dt><dd>${words}</dd>`)}</dl></section></div>`
    : nothing;
