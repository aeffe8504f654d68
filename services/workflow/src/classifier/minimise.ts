/** A smooth function: writes its gradient at `x` into `gradient` and returns its value. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export interface MinimiseOptions {
  iterations: number;
  /** Ends when the gradient's largest entry is below this. */
  tolerance: number;
}

/** Correction pairs kept. */
const MEMORY = 8;

/** L-BFGS with a backtracking line search (Nocedal and Wright, Numerical Optimization, algorithm 7.4). Changes `x` in place; returns the value reached. */
export function minimise(objective: Objective, x: Float64Array, { iterations, tolerance }: MinimiseOptions): number {
  let gradient = new Float64Array(x.length);
  let value = objective(x, gradient);
  const pairs: Pair[] = [];
  for (let iteration = 0; iteration < iterations && largest(gradient) > tolerance; iteration += 1) {
    const direction = towards(gradient, pairs);
    const first = pairs.length === 0 ? 1 / Math.max(1, norm(gradient)) : 1;
    const step = search(objective, { x, value, slope: dot(gradient, direction) }, direction, first);
    if (!step) break;
    remember(pairs, difference(step.x, x), difference(step.gradient, gradient));
    x.set(step.x);
    gradient = step.gradient;
    value = step.value;
  }
  return value;
}

interface Pair {
  s: Float64Array;
  y: Float64Array;
  rho: number;
}

/** The two-loop recursion: minus the inverse Hessian's estimate times the gradient. */
function towards(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const q = Float64Array.from(gradient);
  const alphas: number[] = [];
  for (const { s, y, rho } of pairs.toReversed()) {
    const alpha = rho * dot(s, q);
    alphas.push(alpha);
    add(q, y, -alpha);
  }
  const last = pairs.at(-1);
  const scale = last ? dot(last.s, last.y) / dot(last.y, last.y) : 1;
  for (let index = 0; index < q.length; index += 1) q[index] = (q[index] as number) * scale;
  pairs.forEach(({ s, y, rho }, index) => add(q, s, (alphas[pairs.length - 1 - index] as number) - rho * dot(y, q)));
  for (let index = 0; index < q.length; index += 1) q[index] = -(q[index] as number);
  return q;
}

interface Point {
  x: Float64Array;
  value: number;
  /** Along the direction. */
  slope: number;
}

/** Halves the step until the value falls enough (Armijo's rule); undefined where nothing more is to be gained. */
function search(objective: Objective, { x, value, slope }: Point, direction: Float64Array, first: number) {
  if (slope >= 0) return undefined;
  const next = { x: new Float64Array(x.length), gradient: new Float64Array(x.length), value: 0 };
  for (let length = first, tries = 0; tries < 30; length /= 2, tries += 1) {
    next.x.set(x);
    add(next.x, direction, length);
    next.value = objective(next.x, next.gradient);
    if (next.value <= value + 1e-4 * length * slope) return next;
  }
  return undefined;
}

function remember(pairs: Pair[], s: Float64Array, y: Float64Array): void {
  const curvature = dot(s, y);
  if (curvature <= 1e-12) return;
  pairs.push({ s, y, rho: 1 / curvature });
  if (pairs.length > MEMORY) pairs.shift();
}

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index += 1) sum += (left[index] as number) * (right[index] as number);
  return sum;
}

function add(target: Float64Array, other: Float64Array, factor: number): void {
  for (let index = 0; index < target.length; index += 1) target[index] = (target[index] as number) + factor * (other[index] as number);
}

function difference(left: Float64Array, right: Float64Array): Float64Array {
  return left.map((item, index) => item - (right[index] as number));
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}

function largest(vector: Float64Array): number {
  let most = 0;
  for (const item of vector) most = Math.max(most, Math.abs(item));
  return most;
}
