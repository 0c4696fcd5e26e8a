// What the page knows: one object, read by every view, written by main.js and live.js.

export const state = {
  place: { view: "runs" },
  runs: null,        // rows of /api/runs, newest first; null while they load
  version: "",       // of the list of runs
  root: "",          // the folder of runs
  whet: "",          // version of Whet
  data: null,        // what the present view loaded
  fault: null,       // why it could not
  busy: false,       // something is being loaded
  meanings: null,    // docs/metrics.md: what each figure means
  help: false,       // the list of keys is open
  finding: null,     // the finding that is open
  still: false,      // a report: nothing to fetch, nothing to go to
};

/** The row of the run that is being looked at. */
export const row = (id = state.place.run) => (state.runs || []).find((run) => run.id === id) || null;

let painter = () => {};

/** main.js says how the page is drawn. */
export function drawWith(paint) {
  painter = paint;
}

let waiting = false;

/** Draws the page again, once, when the present work is done. */
export function paint() {
  if (waiting) return;
  waiting = true;
  queueMicrotask(() => {
    waiting = false;
    painter();
  });
}
