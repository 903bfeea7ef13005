import type { Checkpoint, TensorEntry } from "../checkpoint/checkpoint.js";
import { readElements } from "../checkpoint/read-tensor.js";
import { OnebasinError } from "../core/errors.js";
import { elementCount } from "../tensor/shape.js";
import { tensorNumbers } from "../tensor/tensor.js";

/** Elements that are compared at a time. */
const STRETCH = 2 ** 18;

/** One tensor of a model. */
export interface Placed {
  readonly checkpoint: Checkpoint;
  readonly entry: TensorEntry;
}

/**
 * after − before, element by element, in f64.
 *
 * @throws `non-finite`
 */
export async function changeOf(before: Placed, after: Placed): Promise<Float64Array> {
  const change = new Float64Array(elementCount(before.entry.shape));
  for await (const { start, values } of stretches(before, after)) change.set(values, start);
  return change;
}

/** ‖after − before‖². */
export async function squaredChange(before: Placed, after: Placed): Promise<number> {
  let sum = 0;
  for await (const { values } of stretches(before, after)) {
    for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  }
  return sum;
}

/** Whether any number differs; reads no further than to the first that does. */
export async function isChanged(before: Placed, after: Placed): Promise<boolean> {
  for await (const { values } of stretches(before, after)) if (values.some((value) => value !== 0)) return true;
  return false;
}

async function* stretches(before: Placed, after: Placed) {
  const count = elementCount(before.entry.shape);
  for (let start = 0; start < count; start += STRETCH) {
    const end = Math.min(count, start + STRETCH);
    const [values, old] = await Promise.all([after, before].map((one) => numbers(one, start, end)));
    for (let i = 0; i < values.length; i++) values[i] -= old[i];
    yield { start, values };
  }
}

async function numbers({ checkpoint, entry }: Placed, start: number, end: number): Promise<Float64Array> {
  const bytes = await readElements(checkpoint, entry, { start, end });
  const values = tensorNumbers({ dtype: entry.dtype, shape: [end - start], bytes });
  const wrong = values.find((value) => !Number.isFinite(value));
  if (wrong === undefined) return values;
  throw new OnebasinError("non-finite", `${checkpoint.name} holds ${wrong} in "${entry.key}".`);
}
