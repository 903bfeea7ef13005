import { OnebasinError } from "../core/errors.js";
import { serializeOnnx } from "../network/onnx/serialize-onnx.js";
import type { Runtime, RuntimeOptions } from "../network/runtime.js";
import { fromStored, toStored } from "../network/state-layout.js";
import { floatsTensor, tensorFloats } from "../tensor/float32.js";
import { elementCount, type Shape, shapeText } from "../tensor/shape.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { drawDropoutMask } from "./dropout-mask.js";
import type { StepScalars } from "./optimizer.js";
import type { StepMember, StepVariable } from "./step-variables.js";
import { STEP_NAMES, scalarInput, type TrainingStep } from "./training-step.js";

export interface TrainingSessionOptions extends RuntimeOptions {
  readonly runtime: Runtime;
  /** For dropout: one for all parts, or one for each. */
  readonly seed: number | readonly number[];
  /** State dict of each part. */
  readonly states: readonly StateDict[];
  /** What the optimizer kept, of each part, keyed `slot.key`; zeros where there is none. */
  readonly slots?: readonly StateDict[];
  /** Gives dropout masks that are the same in every step, instead of drawing them. */
  readonly masks?: (shape: Shape, ratio: number) => Tensor;
}

/** What one part is shown in a step. */
export interface StepBatch {
  /** [batch, channels, height, width] */
  readonly images: Float32Array;
  /** [batch], each in [0, classes) */
  readonly labels: ArrayLike<number>;
}

export interface StepResult {
  /** Mean cross-entropy of the batch before the step, in nats. */
  readonly loss: number;
  /** Images of the batch that were right before the step. */
  readonly correct: number;
}

/** Networks in training. Owns the runtime's memory until closed. */
export interface TrainingSession {
  /**
   * Makes one step. Its number decides which elements are dropped; `extra` feeds inputs that were
   * declared by `adjust`.
   *
   * @returns by part
   */
  run(
    batches: readonly StepBatch[],
    options: StepScalars & { readonly extra?: Readonly<Record<string, Tensor>> },
  ): Promise<readonly StepResult[]>;
  /** State dict of a part, copied, in the order of its network. */
  state(part?: number): StateDict;
  /** What the optimizer keeps of a part, copied, keyed `slot.key`. */
  slots(part?: number): StateDict;
  close(): Promise<void>;
}

/**
 * Loads a training step into the runtime. The state is copied.
 *
 * Memory: state and optimizer twice (what a step reads and what it gives), activations once.
 */
export async function createTrainingSession(
  step: TrainingStep,
  options: TrainingSessionOptions,
): Promise<TrainingSession> {
  const { runtime, states, slots = [], seed } = options;
  const present = new Map<string, Tensor>();
  for (const variable of step.variables) {
    present.set(variable.input, floatsTensor(variable.shape, startOf(variable, { states, slots })));
  }
  /** Batches that each part had seen before this session. */
  const counters = states.map((state) => new Map([...state].filter(([key]) => isCounter(key))));
  let stepsDone = 0;
  const masks = step.masks.map(
    ({ shape, ratio }) => options.masks?.(shape, ratio) ?? floatsTensor(shape, new Float32Array(elementCount(shape))),
  );
  const session = await runtime.createSession(serializeOnnx(step.graph), options);

  const seedOf = (part: number): number => (typeof seed === "number" ? seed : seed[part]);
  /** Where each variable lies, by name and slot. */
  const places = new Map<string, { readonly variable: StepVariable; readonly member: StepMember }>();
  for (const variable of step.variables) {
    for (const member of variable.members) places.set(`${member.name} ${variable.slot ?? ""}`, { variable, member });
  }
  const read = (part: number, key: string, slot = ""): Tensor | undefined => {
    const place = places.get(`${step.parts[part].variableOf(key)} ${slot}`);
    if (place === undefined) return undefined;
    const { layout, offset, count } = place.member;
    const all = tensorFloats(present.get(place.variable.input)!);
    const own = all.subarray(offset, offset + elementCount(layout.shape));
    return floatsTensor(step.parts[part].network.state.get(key)!.shape, fromStored(own, layout, { count }));
  };
  return {
    async run(batches, { extra = {}, ...now }) {
      const feeds: Record<string, Tensor> = { ...extra, ...Object.fromEntries(present) };
      for (const [index, { network, prefix }] of step.parts.entries()) {
        const { images, labels } = batches[index];
        const shape = [step.batch, ...(network.inputs[0].shape ?? []).slice(1)] as number[];
        feeds[prefix + STEP_NAMES.images] = floatsTensor(shape, images);
        feeds[prefix + STEP_NAMES.labels] = createTensor("i64", [step.batch], labels);
      }
      for (const [index, { input, part, name, ratio }] of step.masks.entries()) {
        if (options.masks === undefined) {
          drawDropoutMask(tensorFloats(masks[index]), { seed: seedOf(part), name, step: now.step, ratio });
        }
        feeds[input] = masks[index];
      }
      const scalars = step.optimizer.scalars(step.values, now);
      for (const [name, value] of Object.entries(scalars)) {
        feeds[scalarInput(name)] = createTensor("f32", [1], [value]);
      }
      const results = await session.run(feeds);
      for (const { input, output } of step.variables) present.set(input, results[output]);
      stepsDone++;
      return step.parts.map(({ prefix }) => ({
        loss: tensorNumbers(results[prefix + STEP_NAMES.loss])[0],
        correct: tensorNumbers(results[prefix + STEP_NAMES.correct])[0],
      }));
    },
    state(part = 0) {
      const entries = [...step.parts[part].network.state].map(([key, { dtype, shape }]): [string, Tensor] => {
        if (!isCounter(key)) return [key, read(part, key) ?? states[part].get(key)!];
        const before = counters[part].get(key);
        const seen = before === undefined ? 0 : tensorNumbers(before)[0];
        return [key, createTensor(dtype, shape, [seen + stepsDone])];
      });
      return new Map(entries);
    },
    slots(part = 0) {
      const kept = new Map<string, Tensor>();
      for (const slot of step.optimizer.slots(step.values)) {
        for (const key of step.parts[part].network.state.keys()) {
          const tensor = read(part, key, slot);
          if (tensor !== undefined) kept.set(`${slot}.${key}`, tensor);
        }
      }
      return kept;
    },
    close: () => session.close(),
  };
}

const isCounter = (key: string): boolean => key.endsWith("num_batches_tracked");

/** The numbers a tensor of the step starts from, copied and brought into its order. */
function startOf(
  { members, slot, shape }: StepVariable,
  { states, slots }: { readonly states: readonly StateDict[]; readonly slots: readonly StateDict[] },
): Float32Array {
  const start = new Float32Array(elementCount(shape));
  for (const { part, key, count, layout, offset } of members) {
    const tensor = slot === undefined ? states[part].get(key) : slots[part]?.get(`${slot}.${key}`);
    if (tensor === undefined && slot !== undefined) continue;
    if (tensor === undefined || elementCount(tensor.shape) !== count) {
      const found = tensor === undefined ? "nothing" : shapeText(tensor.shape);
      throw new OnebasinError("mismatch", `Key "${key}": training needs ${count} numbers, the state has ${found}.`);
    }
    start.set(toStored(Float32Array.from(tensorNumbers(tensor)), layout), offset);
  }
  return start;
}
