// A map as a picture: colours, the value under the pointer, and measuring points.

import { DEPTH, UNCERTAINTY, colourise } from "./colours.js";

const $ = (id) => document.getElementById(id);

export class MapView {
  // `onPointer` is told of the pixel under the pointer, or null; `onPick` of one that is chosen.
  constructor({ onPointer, onPick, onClear }) {
    this.canvas = $("canvas");
    this.marks = $("marks");
    this.tell = { onPointer, onPick, onClear };
    this.at = null;
    this.points = [];
    this.canvas.addEventListener("pointermove", (event) => this.#move(this.#pixel(event)));
    this.canvas.addEventListener("pointerleave", () => this.#move(null));
    this.canvas.addEventListener("click", (event) => this.#pick(this.#pixel(event)));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.drawMarks()).observe(this.canvas);
  }

  show(maps, display, photo) {
    this.photo?.close();
    Object.assign(this, { maps, display, photo, at: null, points: [] });
    this.canvas.width = maps.width;
    this.canvas.height = maps.height;
    // The picture may take the height that is left, and keeps its shape.
    $("frame").style.maxWidth = `min(100%, ${(72 * maps.width) / maps.height}vh)`;
    $("frame").style.width = "100%";
  }

  // "depth", "uncertainty" or "photo"
  draw(what) {
    const context = this.canvas.getContext("2d");
    const { width, height } = this.maps;
    $("bar").hidden = what === "photo";
    this.canvas.setAttribute("aria-label", { depth: "Depth map", uncertainty: "Uncertainty map", photo: "Photo" }[what]);
    if (what === "photo") {
      context.drawImage(this.photo, 0, 0, width, height);
    } else {
      const { low, high, ticks, uncertainty_high } = this.display;
      const depth = what === "depth";
      const range = depth ? [low, high] : [0, uncertainty_high];
      const pixels = context.createImageData(width, height);
      colourise(this.maps[what], ...range, depth ? DEPTH : UNCERTAINTY, pixels.data);
      context.putImageData(pixels, 0, 0);
      drawBar(...range, depth ? ticks : spaced(uncertainty_high), depth);
    }
    this.drawMarks();
  }

  // What is known of a pixel of the map: its place in the photo, depth and uncertainty, metres.
  valueAt({ x, y }) {
    const at = y * this.maps.width + x;
    const { stride } = this.maps;
    return { x: x * stride, y: y * stride, depth: this.maps.depth[at], spread: this.maps.uncertainty[at] };
  }

  drawMarks() {
    if (!this.maps) return;
    const box = this.canvas.getBoundingClientRect();
    const density = window.devicePixelRatio || 1;
    this.marks.width = box.width * density;
    this.marks.height = box.height * density;
    const context = this.marks.getContext("2d");
    context.scale(density, density);
    const place = ({ x, y }) => [
      ((x + 0.5) / this.maps.width) * box.width,
      ((y + 0.5) / this.maps.height) * box.height,
    ];
    const stroke = (draw) => {
      for (const [style, width] of [["#000c", 4], ["#fff", 2]]) {
        context.strokeStyle = style;
        context.lineWidth = width;
        context.beginPath();
        draw();
        context.stroke();
      }
    };
    const ends = this.points.map(place);
    if (ends.length === 2) stroke(() => (context.moveTo(...ends[0]), context.lineTo(...ends[1])));
    for (const [x, y] of ends) stroke(() => context.arc(x, y, 6, 0, 7));
    if (this.at && this.keyed) {
      const [x, y] = place(this.at);
      stroke(() => {
        for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
          context.moveTo(x + 4 * dx, y + 4 * dy);
          context.lineTo(x + 13 * dx, y + 13 * dy);
        }
      });
    }
  }

  clear() {
    this.points = [];
    this.drawMarks();
    this.tell.onClear();
  }

  #pixel(event) {
    const box = this.canvas.getBoundingClientRect();
    const inside = (share, size) => Math.min(Math.max(Math.floor(share * size), 0), size - 1);
    this.keyed = false;
    return {
      x: inside((event.clientX - box.left) / box.width, this.maps.width),
      y: inside((event.clientY - box.top) / box.height, this.maps.height),
    };
  }

  #move(at) {
    this.at = at;
    this.tell.onPointer(at && this.valueAt(at));
    this.drawMarks();
  }

  #pick(at) {
    const [first, second] = this.points;
    if (first && !second && first.x === at.x && first.y === at.y) return;
    this.points = this.points.length === 2 ? [at] : [...this.points, at];
    this.#move(at);
    this.tell.onPick(this.points.map((point) => this.valueAt(point)));
  }

  #key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const { width, height } = this.maps;
    const at = this.at ?? { x: width >> 1, y: height >> 1 };
    if (event.key in steps) {
      const far = event.shiftKey ? 10 : 1;
      const [dx, dy] = steps[event.key];
      this.keyed = true;
      this.#move({
        x: Math.min(Math.max(at.x + far * dx, 0), width - 1),
        y: Math.min(Math.max(at.y + far * dy, 0), height - 1),
      });
    } else if (event.key === "Enter" || event.key === " ") {
      this.keyed = true;
      this.#pick(at);
    } else if (event.key === "Escape") {
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
  }
}

// Far is at the top, as in the files' previews; of uncertainty, much is.
function drawBar(low, high, ticks, reversed) {
  const ramp = $("ramp");
  const context = ramp.getContext("2d");
  const pixels = context.createImageData(1, 256);
  const values = Float32Array.from({ length: 256 }, (_, i) => 255 - i);
  colourise(values, 0, 255, reversed ? DEPTH : UNCERTAINTY, pixels.data);
  context.putImageData(pixels, 0, 0);
  $("ticks").replaceChildren(
    ...ticks.map((value) => {
      const label = document.createElement("span");
      label.textContent = `${+value.toPrecision(4)} m`;
      label.style.top = `${100 - (100 * (value - low)) / (high - low)}%`;
      return label;
    }),
  );
}

function spaced(high) {
  const power = 10 ** Math.floor(Math.log10(high / 4));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => high / s <= 6);
  return Array.from({ length: Math.floor(high / step + 1e-6) + 1 }, (_, i) => i * step);
}
