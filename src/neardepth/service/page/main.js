// The page: its state, and what leads from one to the next.

import { addPair, estimate, getBlob, getJson, getMaps, onTokenNeeded } from "./api.js";
import { showDownloads } from "./downloads.js";
import { element, showBlob, showEvidence } from "./evidence.js";
import { showFacts } from "./facts.js";
import { MapView } from "./mapview.js";
import { distanceBetween } from "./measure.js";
import { PointView } from "./points.js";
import { listenForPhotos } from "./sources.js";

const $ = (id) => document.getElementById(id);
const MOST_SIDE = 1280; // pixels of the maps on the page; files have all
const PAIRS = { stereo: "stereo-full-sbs.png", anaglyph: "stereo-anaglyph-dubois.png" };

let pools = [];
let methods = [];
let photo = null; // the Blob that was asked about last
let onShow = null; // the Blob on show
let adding = false;
let answer = null;
let asking = null; // aborts the question before
let view = "depth";

const touched = matchMedia("(hover: none)").matches;
const TO_READ = touched ? "Touch the picture." : "Move the pointer over the picture.";
const TO_MEASURE = `${touched ? "Tap" : "Click"} two points of the picture.`;
const HINT = touched ? "Tap two points to measure." : "Click two points to measure. By keyboard: arrows, Enter, Escape.";

const map = new MapView({ onPointer: showReading, onPick: showDistance, onClear: () => showDistance([]) });
const space = new PointView($("space"));

// --- settings

async function loadSettings() {
  [pools, methods] = await Promise.all([getJson("/v1/pools"), getJson("/v1/methods")]);
  const chosen = $("pool").value;
  $("pool").replaceChildren(
    ...pools.map((pool) =>
      element("option", {
        value: pool.name,
        textContent: pool.pairs ? `${pool.name} (${pool.pairs} pairs)` : "none: the model that ships",
        selected: chosen ? pool.name === chosen : pool.default,
      }),
    ),
  );
  if (!$("method").options.length) {
    $("method").replaceChildren(
      ...methods.map((method) =>
        element("option", { value: method.name, textContent: method.name, title: method.summary, selected: method.default }),
      ),
    );
  }
  settle();
}

const pool = () => pools.find(({ name }) => name === $("pool").value);
const method = () => methods.find(({ name }) => name === $("method").value);

// Offer only what goes together.
function settle() {
  if (!pools.length) return; // they are loaded with the next question
  for (const option of $("method").options) {
    const { available, needs_pool } = methods.find(({ name }) => name === option.value);
    option.disabled = !available || (needs_pool && !pool().pairs);
    option.textContent = available ? option.value : `${option.value} (network not fetched)`;
  }
  if ($("method").selectedOptions[0]?.disabled) {
    $("method").value = methods.find(({ needs_pool }) => !needs_pool).name;
  }
  $("method").title = method().summary;
  $("focal").title = method().scales_by_focal_length
    ? "Depth, distances and 3D follow it"
    : "This method's depth does not follow it; distances and 3D do";
  const { writable, name, depth_kind } = pool();
  if (["z", "ray"].includes(depth_kind)) $("teach-kind").value = depth_kind;
  for (const field of $("teach").elements) field.disabled = !writable || adding;
  $("teach-photo").disabled ||= $("teach-shown").checked;
  $("teach-note").textContent = writable
    ? `A photo with its measured depth. It goes into ${name} on this server's disk, and the next answer knows it.`
    : "This choice cannot be changed: it ships with NearDepth, or its folder cannot be written.";
}

// --- a photo and its answer

function become(state) {
  document.body.dataset.state = state;
  $("busy").hidden = state !== "loading";
  $("failed").hidden = state !== "failed";
  $("unsure").hidden = state !== "done" || !answer.summary.low_confidence;
  $("drop").hidden = state === "done" || answer !== null;
  $("viewer").hidden = answer === null;
  if (!$("camera").hidden) $("drop").hidden = $("viewer").hidden = true;
}

async function ask(chosen = photo) {
  if (!chosen) return;
  asking?.abort();
  const mine = (asking = new AbortController());
  photo = chosen;
  if (document.body.dataset.state !== "done") become("loading");
  $("busy").hidden = false;
  $("busy-text").textContent = "Estimating…";
  const slow = setTimeout(() => ($("busy-text").textContent = "Still at it: a pool is fitted the first time it is used…"), 4000);
  try {
    if (!pools.length) await loadSettings(); // it failed at the start
    const settings = { pool: $("pool").value, method: $("method").value, focal_px: $("focal").value };
    const found = await estimate(chosen, settings, mine.signal);
    const [maps, picture] = await Promise.all([
      getMaps(found.links.maps, MOST_SIDE),
      getBlob(`${found.links.photo}?most_side=${MOST_SIDE}`).then(createImageBitmap),
    ]);
    if (mine !== asking) return;
    onShow = chosen;
    showAnswer(found, maps, picture);
  } catch (error) {
    if (error.name !== "AbortError" && mine === asking) fail(error, () => ask());
  } finally {
    clearTimeout(slow);
    if (mine === asking) $("busy").hidden = true;
  }
}

// Say what went wrong; what is on show stays.
function complain(error) {
  $("failed").replaceChildren(element("strong", { textContent: `${error.title ?? "It failed"}. ` }), error.message);
  $("failed").hidden = false;
}

// Say what went wrong in place of an answer.
function fail(error, again) {
  answer = null;
  become("failed");
  complain(error);
  const button = element("button", { type: "button", textContent: "Try again" });
  button.addEventListener("click", again);
  $("failed").append(element("p", { className: "actions" }, button));
}

function showAnswer(found, maps, picture) {
  answer = found;
  become("done");
  map.show(maps, found.display, picture);
  showFacts(found.summary);
  showReading(null);
  showDistance([]);
  showEvidence(found);
  showDownloads(found);
  choose(view);
}

function showReading(value) {
  const known = value && !Number.isNaN(value.depth);
  $("metres").textContent = known ? `${value.depth.toFixed(3)} m` : value ? "unknown" : "–";
  const spread = known && !Number.isNaN(value.spread) ? `± ${value.spread.toFixed(2)} m ${confidence()}, ` : "";
  $("spread").textContent = value ? `${spread}at ${value.x}, ${value.y} px` : TO_READ;
}

const confidence = () => (answer.summary.uncertainty.factor95 === null ? "(spread of the neighbours)" : "(68 %)");

function showDistance(ends) {
  const camera = answer?.summary.intrinsics;
  $("clear").hidden = !ends.length;
  $("assumption").textContent = camera
    ? `It rests on a focal length of ${camera.fx.toFixed(0)} px (${camera.origin}); the uncertainty is that of depth alone.`
    : "It needs a focal length, which neither the photo nor the pool tells: give one above.";
  const say = (text) => ($("distance").textContent = text);
  if (!camera) say("Not possible without a focal length.");
  else if (!ends.length) say(TO_MEASURE);
  else if (ends.some(({ depth }) => Number.isNaN(depth))) say("Depth is not known there: choose another point.");
  else if (ends.length === 1) say("Now the other end.");
  else {
    const { metres, uncertainty } = distanceBetween(...ends, camera, answer.summary.pool.depth_kind);
    const spread = Number.isNaN(uncertainty) ? "uncertainty not known" : `± ${uncertainty.toFixed(2)} m ${confidence()}`;
    say(`${metres.toFixed(2)} m ${spread}`);
  }
}

// --- views

function choose(name) {
  view = name;
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const chosen = tab.dataset.view === name;
    tab.setAttribute("aria-selected", chosen);
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen) $("panel").setAttribute("aria-labelledby", tab.id);
  }
  const flat = ["depth", "uncertainty", "photo"].includes(name);
  $("map").hidden = !flat;
  $("space").hidden = name !== "points";
  $("pair").hidden = !["stereo", "anaglyph"].includes(name);
  $("hint").textContent = flat ? HINT : "";
  if (flat) map.draw(name);
  else if (name === "points") showSpace();
  else showPair(name);
}

function showSpace() {
  const { width, height } = answer.summary.photo;
  const { assumed_fov: across } = answer.display; // degrees
  const focal = width / 2 / Math.tan((across * Math.PI) / 360);
  const assumed = { fx: focal, fy: focal, cx: (width - 1) / 2, cy: (height - 1) / 2 };
  const camera = answer.summary.intrinsics;
  const works = space.show(map.maps, map.photo, camera ?? assumed, answer.summary.pool.depth_kind);
  $("hint").textContent = !works
    ? "This browser has no WebGL: download the points instead."
    : "Drag or use the arrow keys to turn, wheel or plus and minus to come closer, 0 to reset." +
      (camera ? "" : ` The camera is not known: a view of ${across}° is assumed.`);
}

async function showPair(name) {
  const shown = answer;
  $("pair-image").alt = "";
  $("hint").textContent = "Making the second eye's view…";
  try {
    const blob = await getBlob(shown.links[PAIRS[name]]);
    if (shown !== answer || view !== name) return;
    showBlob($("pair-image"), blob);
    $("pair-image").alt = name === "stereo" ? "Stereo pair, left and right" : "Anaglyph for red-cyan glasses";
    $("hint").textContent = name === "stereo" ? "Left eye, right eye." : "For red-cyan glasses.";
  } catch (error) {
    $("hint").textContent = error.message;
  }
}

// --- adding a pair

async function teach(event) {
  event.preventDefault();
  const chosen = $("teach-shown").checked ? onShow : $("teach-photo").files[0];
  const depth = $("teach-depth").files[0];
  const say = (text) => ($("taught").textContent = text);
  if (!chosen || !depth) return say("Choose a photo and its depth map.");
  const before = answer?.summary.depth.median;
  adding = true;
  settle();
  say("Adding it, and fitting the pool anew…");
  try {
    const { added, pool: grown } = await addPair($("pool").value, chosen, depth, {
      depth_scale: $("teach-scale").value,
      depth_kind: $("teach-kind").value,
      focal_px: $("teach-focal").value,
    });
    await loadSettings();
    if (!added) return say("The pool had this photo already.");
    say(`${grown.name} has ${grown.pairs} pairs now. Estimating again…`);
    await ask();
    const after = answer?.summary.depth.median;
    const change = before && after ? ` The photo's median depth was ${before.toFixed(2)} m and is ${after.toFixed(2)} m.` : "";
    say(`${grown.name} has ${grown.pairs} pairs now.${change}`);
  } catch (error) {
    say(`${error.title ?? "It failed"}. ${error.message}`);
  } finally {
    adding = false;
    settle();
  }
}

// --- start

onTokenNeeded(
  (refused) =>
    new Promise((resolve) => {
      const key = $("key");
      key.addEventListener("close", () => resolve(key.returnValue === "go" ? $("token").value.trim() : null), { once: true });
      $("token").value = key.returnValue = "";
      $("token-refused").hidden = !refused;
      key.showModal();
    }),
);
listenForPhotos(ask, (sentence) => complain({ title: "No camera", message: sentence }));
document.body.addEventListener("camera", ({ detail: open }) => {
  $("camera").hidden = !open;
  $("drop").hidden = open || answer !== null;
  $("viewer").hidden = open || answer === null;
});
$("settings").addEventListener("submit", (event) => event.preventDefault());
$("settings").addEventListener("change", () => {
  settle();
  ask();
});
$("clear").addEventListener("click", () => map.clear());
$("teach").addEventListener("submit", teach);
$("teach-shown").addEventListener("change", () => ($("teach-photo").disabled = $("teach-shown").checked));
$("tabs").addEventListener("click", ({ target }) => target.dataset.view && choose(target.dataset.view));
$("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const next = tabs[(tabs.findIndex(({ dataset }) => dataset.view === view) + step + tabs.length) % tabs.length];
  choose(next.dataset.view);
  next.focus();
});
function start() {
  become("empty");
  loadSettings().catch((error) => fail(error, start));
}
start();
