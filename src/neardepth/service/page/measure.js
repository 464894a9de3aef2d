// The distance between two pixels' points in space, and how uncertain it is.

// `intrinsics` are in pixels of the photo; `kind` "ray" is depth along each pixel's ray, else along
// the optical axis.
export function pointOf(x, y, depth, intrinsics, kind) {
  const ray = [(x - intrinsics.cx) / intrinsics.fx, (y - intrinsics.cy) / intrinsics.fy, 1];
  const length = kind === "ray" ? Math.hypot(...ray) : 1;
  return ray.map((value) => (value * depth) / length);
}

// Each end is {x, y, depth, spread}; spread is one standard deviation, metres. Errors of one
// photo's depth go together, but not how much: two cases are worked out, both ends off by one
// deviation in the same direction, and each on its own, and the larger one is given.
export function distanceBetween(a, b, intrinsics, kind) {
  const [p, q] = [a, b].map((end) => pointOf(end.x, end.y, end.depth, intrinsics, kind));
  const metres = length(minus(p, q));
  const [r, s] = [a.spread / a.depth, b.spread / b.depth];
  const together = Math.abs(length(minus(times(p, 1 + r), times(q, 1 + s))) - metres);
  const direction = metres > 0 ? times(minus(p, q), 1 / metres) : [0, 0, 1];
  const alone = Math.hypot(dot(direction, p) * r, dot(direction, q) * s);
  return { metres, uncertainty: Math.max(together, alone) };
}

const minus = (p, q) => p.map((value, i) => value - q[i]);
const times = (p, factor) => p.map((value) => value * factor);
const dot = (p, q) => p.reduce((sum, value, i) => sum + value * q[i], 0);
const length = (p) => Math.hypot(...p);
