// What is known of an answer, in a few words.

import { element } from "./evidence.js";

export function showFacts({ photo: size, depth, method: used, pool: from, uncertainty }) {
  const facts = {
    Depth: depth.min === null ? "nothing is known" : `${depth.min.toFixed(2)} to ${depth.max.toFixed(2)} m, median ${depth.median.toFixed(2)} m`,
    Typical: uncertainty.median_relative === null ? "uncertainty not known" : `± ${Math.round(100 * uncertainty.median_relative)} %`,
    Photo: `${size.width} × ${size.height} px`,
    Method: used.name,
    From: from.path ? `${from.path}, ${from.pairs} pairs` : `model ${from.model}, ${from.pairs} pairs`,
  };
  if (used.camera) facts.Camera = used.camera;
  document.getElementById("facts").replaceChildren(
    ...Object.entries(facts).flatMap(([name, text]) => [
      element("dt", { textContent: name }),
      element("dd", { textContent: text }),
    ]),
  );
}
