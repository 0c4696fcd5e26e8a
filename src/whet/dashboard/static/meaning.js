// What a figure means and where it is healthy: docs/metrics.md, the one source for terminal, page and report.

import { state } from "./state.js";

/** The row of docs/metrics.md about a figure; null where it has none. */
export function meaning(name) {
  const rows = (state.meanings?.sections || []).flatMap((section) => section.metrics);
  return rows.find((row) => new RegExp(row.pattern).test(name)) || null;
}
