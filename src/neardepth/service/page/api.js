// Calls to the REST API, with the token where the server asks for one.

const KEPT = "neardepth-token"; // for this tab only

export class Failure extends Error {
  constructor(status, title, detail) {
    super(detail || title);
    this.status = status;
    this.title = title;
  }
}

let askForToken = async () => null;
let asked = null; // one question for all requests that need the token

// `ask` returns a token that the user typed, or null; it is told whether one was refused.
export function onTokenNeeded(ask) {
  askForToken = (refused) => (asked ??= ask(refused).finally(() => (asked = null)));
}

async function send(path, options = {}) {
  let token = sessionStorage.getItem(KEPT);
  let response = await attempt(path, options, token);
  while (response.status === 401) {
    const given = await askForToken(token !== null);
    if (given === null) break;
    token = given;
    if (!/^[\x21-\x7e]+$/.test(token)) continue; // no header can hold it, and no server took it
    response = await attempt(path, options, token);
    if (response.status !== 401) sessionStorage.setItem(KEPT, token);
  }
  if (!response.ok) throw await failureOf(response);
  return response;
}

async function attempt(path, options, token) {
  const headers = new Headers(options.headers);
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  try {
    return await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, "No answer", "The server does not answer. Is it still running?");
  }
}

async function failureOf(response) {
  const wait = response.headers.get("Retry-After");
  let { title, detail } = await response.json().catch(() => ({}));
  title ??= `The server answered ${response.status}`;
  if (wait) detail = `${detail ?? ""} It should have room in ${wait} s.`;
  return new Failure(response.status, title, detail);
}

export const getJson = async (path) => (await send(path)).json();
export const getBlob = async (path) => (await send(path)).blob();

export async function estimate(photo, settings, signal) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(settings)) if (value) query.set(name, value);
  const response = await send(`/v1/depth?${query}`, {
    method: "POST",
    body: photo,
    headers: { Accept: "application/json", "Content-Type": "application/octet-stream" },
    signal,
  });
  return response.json();
}

// `facts`: depth_scale, depth_kind and focal_px; what is empty is the server's choice.
export async function addPair(pool, photo, depth, facts) {
  const form = new FormData();
  form.set("photo", photo);
  form.set("depth", depth);
  const query = new URLSearchParams(Object.entries(facts).filter(([, value]) => value));
  const path = `/v1/pools/${encodeURIComponent(pool)}/pairs?${query}`;
  return (await send(path, { method: "POST", body: form })).json();
}

// Depth and uncertainty in metres, as Float32Arrays of `width` × `height`.
export async function getMaps(path, mostSide) {
  const response = await send(`${path}?most_side=${mostSide}`);
  const [width, height, stride] = ["Width", "Height", "Stride"].map((name) =>
    Number(response.headers.get(`NearDepth-${name}`)),
  );
  const values = new Float32Array(await response.arrayBuffer());
  const size = width * height;
  return { width, height, stride, depth: values.subarray(0, size), uncertainty: values.subarray(size) };
}

export function saveAs(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
