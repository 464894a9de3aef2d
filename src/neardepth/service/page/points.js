// Depth as points in space, turned by pointer, touch and keys. Plain WebGL.

const VERTEX = `
attribute vec3 place; attribute vec3 colour;
uniform mat4 view; uniform float size; varying vec3 shown;
void main() {
  gl_Position = view * vec4(place, 1.0);
  gl_PointSize = clamp(size * place.z / gl_Position.w, 1.0, 24.0);
  shown = colour;
}`;
const FRAGMENT = `
precision mediump float; varying vec3 shown;
void main() { gl_FragColor = vec4(shown, 1.0); }`;

const MOST = 250_000; // points: enough for a screen, and light on a phone
const START = { turn: 0, tilt: 0, zoom: 1 };

export class PointView {
  constructor(canvas) {
    this.canvas = canvas;
    this.pose = { ...START };
    this.fingers = new Map();
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    canvas.addEventListener("pointermove", (event) => this.#drag(event));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => this.fingers.delete(event.pointerId));
    }
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.#change({ zoom: Math.exp(-event.deltaY / 500) });
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  // False where the browser has no WebGL.
  show(maps, photo, camera, kind) {
    this.gl ??= this.canvas.getContext("webgl", { antialias: true, preserveDrawingBuffer: true });
    if (!this.gl) return false;
    this.program ??= link(this.gl);
    const cloud = cloudOf(maps, photo, camera, kind);
    Object.assign(this, { count: cloud.count, centre: cloud.centre, step: cloud.step });
    // From where the photo was taken it is seen as it is.
    this.focal = camera.fy / (maps.height * maps.stride);
    this.pose = { ...START };
    this.buffers ??= { place: this.gl.createBuffer(), colour: this.gl.createBuffer() };
    this.#fill("place", cloud.places, this.gl.FLOAT, false);
    this.#fill("colour", cloud.colours, this.gl.UNSIGNED_BYTE, true);
    this.draw();
    return true;
  }

  draw() {
    const { gl, canvas } = this;
    if (!gl || !this.count || !canvas.clientWidth) return;
    const density = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * density;
    canvas.height = canvas.clientHeight * density;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0.05, 0.06, 0.08, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    gl.useProgram(this.program);
    const scale = 2 * this.focal * this.pose.zoom * 0.9;
    const place = (name) => gl.getUniformLocation(this.program, name);
    gl.uniformMatrix4fv(place("view"), false, this.#matrix(scale, canvas.height / canvas.width));
    // As large as the gap to the next point, so that surfaces look closed.
    gl.uniform1f(place("size"), 0.9 * scale * canvas.height * this.step);
    gl.drawArrays(gl.POINTS, 0, this.count);
  }

  #fill(name, values, type, normalised) {
    const { gl } = this;
    const place = gl.getAttribLocation(this.program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, 3, type, normalised, 0, 0);
  }

  // Turn about the centre, then project; camera x right, y down, z away, as in the photo.
  #matrix(scale, aspect) {
    const [cx, cy, cz] = this.centre;
    const [s, c] = [Math.sin(this.pose.turn), Math.cos(this.pose.turn)];
    const [t, d] = [Math.sin(this.pose.tilt), Math.cos(this.pose.tilt)];
    const rows = [[c, 0, s], [s * t, d, -c * t], [-s * d, t, c * d]];
    const shift = rows.map((r, i) => [cx, cy, cz][i] - (r[0] * cx + r[1] * cy + r[2] * cz));
    const near = cz * 0.02;
    const [a, b] = [1, -2 * near]; // an endless view: z = 1 - 2 near / depth
    const column = (i) => {
      const [x, y, z] = i < 3 ? rows.map((r) => r[i]) : shift;
      return [scale * aspect * x, -scale * y, a * z + (i === 3 ? b : 0), z];
    };
    return new Float32Array([0, 1, 2, 3].flatMap(column));
  }

  #change({ turn = 0, tilt = 0, zoom = 1 }) {
    const limit = Math.PI / 2;
    this.pose.turn += turn;
    this.pose.tilt = Math.min(Math.max(this.pose.tilt + tilt, -limit), limit);
    this.pose.zoom = Math.min(Math.max(this.pose.zoom * zoom, 0.2), 12);
    this.draw();
  }

  #press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
  }

  #drag(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const apart = () => {
      const [p, q] = [...this.fingers.values()];
      return Math.hypot(p[0] - q[0], p[1] - q[1]);
    };
    const two = this.fingers.size === 2;
    const wide = two ? apart() : 0;
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (two) this.#change({ zoom: apart() / Math.max(wide, 1) });
    else this.#change({ turn: (event.clientX - before[0]) / 200, tilt: (event.clientY - before[1]) / 200 });
  }

  #key(event) {
    const change = {
      ArrowLeft: { turn: -0.1 }, ArrowRight: { turn: 0.1 }, ArrowUp: { tilt: -0.1 }, ArrowDown: { tilt: 0.1 },
      "+": { zoom: 1.15 }, "=": { zoom: 1.15 }, "-": { zoom: 1 / 1.15 },
    }[event.key];
    if (event.key === "0") this.pose = { ...START };
    else if (!change) return;
    event.preventDefault();
    this.#change(change ?? {});
  }
}

function cloudOf(maps, photo, camera, kind) {
  const { width, height, stride, depth } = maps;
  const step = Math.max(1, Math.ceil(Math.sqrt((width * height) / MOST)));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.drawImage(photo, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height).data;
  const places = [];
  const colours = [];
  const far = [];
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const at = y * width + x;
      if (Number.isNaN(depth[at])) continue;
      const ray = [(x * stride - camera.cx) / camera.fx, (y * stride - camera.cy) / camera.fy, 1];
      const z = kind === "ray" ? depth[at] / Math.hypot(...ray) : depth[at];
      places.push(ray[0] * z, ray[1] * z, z);
      colours.push(pixels[4 * at], pixels[4 * at + 1], pixels[4 * at + 2]);
      far.push(z);
    }
  }
  const middle = far.length ? Float32Array.from(far).sort()[far.length >> 1] : 1;
  return {
    places: new Float32Array(places),
    colours: new Uint8Array(colours),
    count: far.length,
    centre: [0, 0, middle],
    step: (step * stride) / camera.fx,
  };
}

function link(gl) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  return program;
}
