import type { Checkpoint, TensorEntry } from "../../checkpoint/checkpoint.js";
import { isFloat } from "../../tensor/dtype.js";
import { elementCount, type Shape, sameShape } from "../../tensor/shape.js";
import type { JobBackend } from "../execute/job.js";
import { jobMemory } from "../execute/job-buffers.js";
import { runTasks, type TensorTask } from "../execute/run-tasks.js";
import type { Workload } from "../execute/workload.js";
import { compile } from "../expression/compile.js";
import { dot, input, sub } from "../expression/expression.js";
import { matchKeys } from "../match-keys.js";
import { rolesOf } from "../roles.js";
import { type UnitOrder, unitOrder } from "./unit-order.js";
import { type Verdict, verdictOf } from "./verdict.js";

/** How far a key moved from one model to the other. */
export interface KeyDistance {
  readonly key: string;
  readonly shape: Shape;
  /** ‖a‖, ‖b‖: square root of the sum of squares. */
  readonly norms: readonly [number, number];
  /** ‖a − b‖. */
  readonly distance: number;
  /** a·b / (‖a‖‖b‖), in [−1, 1]; 1 for two tensors of zeros, 0 when only one is. */
  readonly cosine: number;
  /** How far the units (first axis) of both stand in the same order; absent where a tensor has too few. */
  readonly units?: UnitOrder;
}

export interface DiffReport {
  readonly names: readonly [string, string];
  /** Keys of one model that the other lacks. */
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
  readonly otherShape: readonly { readonly key: string; readonly shapes: readonly [Shape, Shape] }[];
  /** What was done to the second model's keys so that they match. */
  readonly renamed?: string;
  /** Floating-point parameters of equal shape, in the order of the first model. */
  readonly keys: readonly KeyDistance[];
  /** Of all such parameters together. */
  readonly distance: number;
  readonly cosine: number;
  /** Median over layers of the share of units that stand in the same order; absent when no layer could tell. */
  readonly sameOrder?: number;
  readonly verdict: Verdict;
}

/**
 * Compares two checkpoints: structure, distance and direction of each key, and whether hidden units stand in the
 * same order. One sweep over both models.
 *
 * @param openBackend gives a backend whose jobs read the sources of both, first those of `a`
 */
export async function diff(
  a: Checkpoint,
  b: Checkpoint,
  openBackend: (work: Workload) => Promise<JobBackend>,
): Promise<DiffReport> {
  const { entries, change } = matchKeys(b.entries, a.entries);
  const common = [...a.entries.values()].filter(({ key }) => entries.has(key));
  const pairs = common.map((entry) => [entry, entries.get(entry.key) as TensorEntry] as const);
  const roles = rolesOf(a.entries);
  const comparable = pairs.filter(
    ([x, y]) => sameShape(x.shape, y.shape) && isFloat(x.dtype) && isFloat(y.dtype) && roles.get(x.key) === "parameter",
  );
  const products = await innerProducts(comparable, a.sources.length, openBackend);
  const keys: KeyDistance[] = [];
  for (const [x, y] of comparable) {
    const [aa, bb, ab, dd] = products.get(x.key) as readonly number[];
    const units = await unitOrder({ checkpoint: a, entry: x }, { checkpoint: b, entry: y });
    keys.push({
      key: x.key,
      shape: x.shape,
      norms: [Math.sqrt(aa), Math.sqrt(bb)],
      distance: Math.sqrt(dd),
      cosine: cosineOf(aa, bb, ab),
      units,
    });
  }
  const total = [0, 1, 2, 3].map((i) => [...products.values()].reduce((sum, values) => sum + values[i], 0));
  const structure = {
    onlyInA: [...a.entries.keys()].filter((key) => !entries.has(key)),
    onlyInB: [...entries.keys()].filter((key) => !a.entries.has(key)),
    otherShape: pairs
      .filter(([x, y]) => !sameShape(x.shape, y.shape))
      .map(([x, y]) => ({ key: x.key, shapes: [x.shape, y.shape] as const })),
  };
  const sameOrder = median(keys.flatMap(({ units }) => (units === undefined ? [] : [units.same])));
  const bestCosine = median(keys.flatMap(({ units }) => (units === undefined ? [] : [units.bestCosine])));
  const distance = Math.sqrt(total[3]);
  const cosine = cosineOf(total[0], total[1], total[2]);
  return {
    names: [a.name, b.name],
    ...structure,
    renamed: change,
    keys,
    distance,
    cosine,
    sameOrder,
    verdict: verdictOf({ ...structure, distance, cosine, sameOrder, bestCosine }),
  };
}

async function innerProducts(
  pairs: readonly (readonly [TensorEntry, TensorEntry])[],
  sourcesOfA: number,
  openBackend: (work: Workload) => Promise<JobBackend>,
): Promise<Map<string, readonly number[]>> {
  const [x, y] = [input(0), input(1)];
  const difference = sub(x, y);
  const program = compile(undefined, {
    results: [dot(x, x), dot(y, y), dot(x, y), dot(difference, difference)],
  });
  const tasks = pairs.map(
    ([first, second]): TensorTask => ({
      key: first.key,
      elements: elementCount(first.shape),
      inputs: [first, { ...second, source: second.source + sourcesOfA }],
      program,
      precision: first.dtype === "f64" || second.dtype === "f64" ? "f64" : "f32",
      countNonFinite: false,
      checksum: false,
    }),
  );
  const bytes = tasks.reduce((sum, { elements }) => sum + elements, 0) * 8;
  const backend = await openBackend({
    bytes,
    memoryPerJob: jobMemory({ inputs: [{ dtype: "f64" }, { dtype: "f64" }], compute: { pass: program.passes[0] } }),
  });
  const values = new Map<string, readonly number[]>();
  try {
    await runTasks(tasks, backend, { onResult: ({ key }, result) => values.set(key, result.values) });
  } finally {
    await backend.close();
  }
  // In the order of the model, so that sums do not depend on which job finished first.
  return new Map(tasks.map(({ key }) => [key, values.get(key) as readonly number[]]));
}

function cosineOf(aa: number, bb: number, ab: number): number {
  if (aa === 0 || bb === 0) return aa === bb ? 1 : 0;
  return Math.max(-1, Math.min(1, ab / Math.sqrt(aa * bb)));
}

function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
