// The pool images that an answer rests on.

import { getBlob } from "./api.js";

const $ = (id) => document.getElementById(id);

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Show a picture, and let go of it once it is drawn.
export function showBlob(image, blob) {
  const address = URL.createObjectURL(blob);
  image.onload = image.onerror = () => URL.revokeObjectURL(address);
  image.src = address;
}

export function showEvidence(answer) {
  const { neighbours } = answer.summary;
  const largest = Math.max(...neighbours.map(({ weight }) => Math.abs(weight)), 1e-9);
  $("evidence").replaceChildren(
    ...neighbours.map((neighbour, i) => item(neighbour, answer.pictures[i], largest)),
  );
  const absent = answer.pictures.some(({ photo }) => !photo);
  $("evidence-note").textContent =
    "Weights say how much each image counts; negative ones push away. " +
    (absent ? "A model that ships comes without its photos: those cannot be shown." : "");
}

function item(neighbour, pictures, largest) {
  const weight = neighbour.weight;
  const kept = neighbour.kept ? `weight ${weight < 0 ? "−" : ""}${Math.abs(weight).toFixed(2)}` : "not used";
  const shown = pictures.photo
    ? element("div", { className: "pictures" }, picture(pictures.photo, "photo"), picture(pictures.depth, "depth"))
    : element("div", { className: "absent", textContent: "no picture at hand" });
  const meter = element("meter", { min: 0, max: largest, value: Math.abs(weight), ariaLabel: kept });
  return element(
    "li",
    {},
    shown,
    element("span", { className: "name", textContent: neighbour.id }),
    element(
      "span",
      { className: "weight" },
      `${kept}, correlation ${neighbour.correlation.toFixed(2)}`,
      meter,
    ),
  );
}

function picture(path, what) {
  const image = element("img", { alt: what });
  getBlob(path).then(
    (blob) => showBlob(image, blob),
    () => (image.alt = `${what} could not be loaded`),
  );
  return image;
}
