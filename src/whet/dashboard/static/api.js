// The server's answers: fetched, kept where they cannot change, streamed line by line where they come in parts.

/** An answer that is no success: its line for people, and the status. */
export class Refusal extends Error {
  constructor(status, body) {
    super(body?.error || `The server answered ${status}.`);
    this.status = status;
    this.body = body;
  }
}

const kept = new Map();
const KEPT = 60;

function address(path, parameters) {
  const pairs = Object.entries(parameters).flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map((one) => [key, one]));
  const given = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return `/api/${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

/** Gets a JSON answer. `keep(body)`: whether it can never change, so that one fetch is enough. */
export async function get(path, parameters = {}, { signal, keep = () => false } = {}) {
  const url = address(path, parameters);
  if (kept.has(url)) return kept.get(url);
  let response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, { error: "The server does not answer. If it was stopped, start it again: whet ui" });
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, body);
  if (keep(body)) {
    kept.set(url, body);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  }
  return body;
}

/** Forgets every kept answer: the run was rewound. */
export const forget = () => kept.clear();

const WRITING = { "Content-Type": "application/json", "X-Whet": "1" };

export async function post(path, body, signal) {
  const response = await fetch(`/api/${path}`, { method: "POST", headers: WRITING, body: JSON.stringify(body), signal });
  if (!response.ok) throw new Refusal(response.status, await response.json().catch(() => null));
  return response;
}

/** Calls `each` with every JSON line of a streamed answer, as it comes. */
export async function lines(response, each) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += value || "";
    const parts = rest.split("\n");
    rest = parts.pop();
    for (const part of parts) if (part.trim()) each(JSON.parse(part));
    if (done) return;
  }
}

/** Streams a GET answer line by line. */
export async function stream(path, parameters, each, signal) {
  const response = await fetch(address(path, parameters), { signal });
  if (!response.ok) throw new Refusal(response.status, await response.json().catch(() => null));
  await lines(response, each);
}

/** Takes the token out of the address, where there is one, and trades it for a cookie. */
export async function login() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return;
  history.replaceState(null, "", location.pathname + location.search);
  await post("login", { token });
}
