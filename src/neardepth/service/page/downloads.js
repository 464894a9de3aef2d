// Buttons for every file of an answer.

import { getBlob, saveAs } from "./api.js";
import { element } from "./evidence.js";

const $ = (id) => document.getElementById(id);
const GROUPS = { Depth: /^(depth|preview|summary)/, Points: /^cloud/, Mesh: /^mesh/, Stereo: /^stereo/ };

export function showDownloads({ links }) {
  $("download-note").textContent = "";
  $("downloads").replaceChildren(
    ...Object.entries(GROUPS).map(([title, pattern]) => {
      const names = Object.keys(links).filter((name) => pattern.test(name));
      const buttons = names.map((name) => downloadButton(name, links[name]));
      return element("div", {}, element("h3", { textContent: title }), element("div", { className: "actions" }, ...buttons));
    }),
  );
}

function downloadButton(name, path) {
  const short = name.replace(/^(cloud|mesh)\./, "").replace(/^stereo-(.*)\.png$/, "$1");
  const button = element("button", { type: "button", textContent: short, title: `Download ${name}` });
  button.addEventListener("click", async () => {
    button.disabled = true;
    $("download-note").textContent = "";
    try {
      saveAs(await getBlob(path), name);
    } catch (error) {
      $("download-note").textContent = `${name}: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  });
  return button;
}
