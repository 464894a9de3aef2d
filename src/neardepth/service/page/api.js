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

// `ask` returns a token that the user typed.
export function onTokenNeeded(ask) {
  askForToken = ask;
}

async function send(path, options = {}) {
  const headers = new Headers(options.headers);
  const token = sessionStorage.getItem(KEPT);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, "No answer", "The server does not answer. Is it still running?");
  }
  if (response.status === 401) {
    const given = await askForToken();
    if (given) {
      sessionStorage.setItem(KEPT, given);
      return send(path, options);
    }
  }
  if (!response.ok) throw await failureOf(response);
  return response;
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

export async function addPair(pool, photo, depth, scale) {
  const form = new FormData();
  form.set("photo", photo);
  form.set("depth", depth);
  const query = new URLSearchParams({ depth_scale: scale });
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
