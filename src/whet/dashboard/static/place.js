// Where the reader is: run, view and every filter stand in the address, so an address can be sent to a colleague.

import { state } from "./state.js";

const KEPT = ["run", "with"];

/** The address as an object of strings; `view` is always there. */
export function read(search = location.search) {
  const found = Object.fromEntries(new URLSearchParams(search));
  found.view ||= found.run ? "overview" : "runs";
  return found;
}

function query(parts) {
  const kept = Object.entries(parts).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return `?${new URLSearchParams(kept.map(([key, value]) => [key, String(value)]))}`;
}

/** The address of another view of the same run; null in a report, which has no other views. */
export function at(view, parts = {}) {
  if (state.still) return null;
  const kept = Object.fromEntries(KEPT.map((key) => [key, state.place[key]]));
  return query({ ...kept, view, ...parts });
}

/** The address of this view with some parts changed; null removes one. */
export function here(change) {
  return state.still ? null : query({ ...state.place, ...change });
}

/** Goes to an address that `at` or `here` made. */
export function go(address, replace = false) {
  if (address === null || address === location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  window.dispatchEvent(new Event("place"));
}

/** The further runs that are laid over this one. */
export const others = (place = state.place) => (place.with ? place.with.split("|") : []).filter((id) => id !== place.run);

/** Lets links of this page change the place without loading the page again; other tabs and windows stay as they are. */
export function followLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='?']");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(link.getAttribute("href"));
  });
  window.addEventListener("popstate", () => window.dispatchEvent(new Event("place")));
}
