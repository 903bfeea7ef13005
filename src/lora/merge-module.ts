import type { TensorEntry } from "../checkpoint/checkpoint.js";
import { readTensor } from "../checkpoint/read-tensor.js";
import { OnebasinError } from "../core/errors.js";
import { loadMultiply } from "../linear-algebra/load-multiply.js";
import type { Matrix } from "../linear-algebra/matrix.js";
import { type FloatDType, promoteFloats } from "../tensor/dtype.js";
import { createTensor, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { type AdapterModule, sidesOf } from "./adapter.js";
import type { AdapterMethod } from "./adapter-methods.js";
import type { AdapterPart } from "./adapter-part.js";
import type { AdapterStep } from "./adapter-plan.js";
import { combineTensors } from "./combine-tensors.js";
import { factorTensors } from "./factor-tensors.js";
import { type LowRank, lowRank, lowRankOfProduct } from "./low-rank.js";
import type { MergeAdaptersOptions } from "./merge-adapters-options.js";

interface StepOptions extends Omit<MergeAdaptersOptions, "method"> {
  readonly method: AdapterMethod;
  readonly rank: number;
}

/** The step that makes one module of the merged adapter. */
export function mergeModule(name: string, parts: readonly AdapterPart[], options: StepOptions): AdapterStep {
  const dtype =
    options.dtype ?? parts.flatMap(({ module: { a, b } }) => [a.dtype, b.dtype] as FloatDType[]).reduce(promoteFloats);
  const tensors = factorTensors(parts[0].module, { rank: options.rank, dtype });
  const finished = ({ a, b, coverage }: Partial<Pick<LowRank, "coverage">> & Pick<LowRank, "a" | "b">) => ({
    tensors: [a, b].map(({ values }, i) => createTensor(dtype, tensors[i].shape, values)),
    coverage,
  });
  const make = async (): ReturnType<AdapterStep["make"]> => {
    switch (options.method.on) {
      case "factors":
        return {
          tensors: await combineFactors(
            parts,
            tensors.map(({ key }) => key),
            { ...options, dtype },
          ),
        };
      case "stacked":
        return finished(stack(await readParts(parts)));
      case "change":
        return finished(await cutChange(name, parts, options));
    }
  };
  return { module: name, tensors, make };
}

/** The root of its weight goes to each factor, the sign to one. */
async function combineFactors(
  parts: readonly AdapterPart[],
  [keyOfA, keyOfB]: readonly string[],
  options: StepOptions,
): Promise<Tensor[]> {
  const read = (pick: (module: AdapterModule) => TensorEntry): Promise<Tensor[]> =>
    Promise.all(parts.map(({ adapter, module }) => readTensor(adapter.checkpoint, pick(module).key)));
  const given = { ...options, names: parts.map(({ adapter }) => adapter.name) };
  const strengths = parts.map(({ module, weight }) => module.scale * weight);
  const roots = strengths.map((strength) => Math.sqrt(Math.abs(strength)));
  const signed = roots.map((root, i) => (strengths[i] < 0 ? -root : root));
  return [
    await combineTensors(await read(({ a }) => a), options.method, { ...given, key: keyOfA, weights: signed }),
    await combineTensors(await read(({ b }) => b), options.method, { ...given, key: keyOfB, weights: roots }),
  ];
}

/** One adapter's factors as matrices, with what they are to be multiplied by. */
interface ReadPart {
  readonly a: Matrix;
  readonly b: Matrix;
  readonly strength: number;
}

function readParts(parts: readonly AdapterPart[]): Promise<ReadPart[]> {
  return Promise.all(
    parts.map(async ({ adapter: { checkpoint, name }, module, weight }): Promise<ReadPart> => {
      const { rows, columns } = sidesOf(module);
      const numbers = async ({ key }: TensorEntry): Promise<Float64Array> => {
        const values = tensorNumbers(await readTensor(checkpoint, key));
        const wrong = values.findIndex((value) => !Number.isFinite(value));
        if (wrong < 0) return values;
        throw new OnebasinError("non-finite", `${name} holds ${values[wrong]} in "${key}".`);
      };
      return {
        a: { rows: module.rank, cols: columns, values: await numbers(module.a) },
        b: { rows, cols: module.rank, values: await numbers(module.b) },
        strength: module.scale * weight,
      };
    }),
  );
}

/** All factors side by side, strengths in A: the product is the sum of the changes. */
function stack(parts: readonly ReadPart[]): { readonly a: Matrix; readonly b: Matrix } {
  const rank = parts.reduce((total, { a }) => total + a.rows, 0);
  const { cols: columns } = parts[0].a;
  const { rows } = parts[0].b;
  const a = new Float64Array(rank * columns);
  const b = new Float64Array(rows * rank);
  let start = 0;
  for (const { a: own, b: left, strength } of parts) {
    a.set(
      own.values.map((value) => value * strength),
      start * columns,
    );
    for (let i = 0; i < rows; i++) b.set(left.values.subarray(i * left.cols, (i + 1) * left.cols), i * rank + start);
    start += own.rows;
  }
  return { a: { rows: rank, cols: columns, values: a }, b: { rows, cols: rank, values: b } };
}

async function cutChange(name: string, parts: readonly AdapterPart[], options: StepOptions): Promise<LowRank> {
  const { method, rank } = options;
  const read = await readParts(parts);
  if (!method.thins) {
    const { a, b } = stack(read);
    return lowRankOfProduct(b, a, rank);
  }
  const multiply = await loadMultiply();
  const { rows, columns } = sidesOf(parts[0].module);
  const changes = read.map(({ a, b }, i): Tensor => {
    const { values } = multiply(b, a);
    const { scale } = parts[i].module;
    return createTensor(
      "f32",
      [rows, columns],
      values.map((value) => value * scale),
    );
  });
  const merged = await combineTensors(changes, method, {
    ...options,
    dtype: "f32",
    key: name,
    names: parts.map(({ adapter }) => adapter.name),
    weights: parts.map(({ weight }) => weight),
  });
  return lowRank({ rows, cols: columns, values: tensorNumbers(merged) }, rank);
}
