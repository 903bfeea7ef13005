import { OnebasinError } from "../../core/errors.js";
import { choice, integer, number } from "../../core/params.js";
import { floatsTensor, tensorFloats } from "../../tensor/float32.js";
import type { StateDict, Tensor } from "../../tensor/tensor.js";
import { createAssignmentSolver } from "../assignment/assignment-solver.js";
import { sinkhornGradient } from "../assignment/sinkhorn-gradient.js";
import { sinkhornScaling } from "../assignment/sinkhorn-scaling.js";
import { createMidpointLoss } from "../loss/midpoint-loss.js";
import { defineMatcher, imagesNeeded } from "../matcher.js";
import { createMatrixProduct } from "../matrix-product.js";
import { innerProduct } from "../scores/inner-product.js";
import { prepareWeights, WEIGHT_MEASURES } from "../scores/prepare-weights.js";
import { createAdam } from "../search/adam.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import { type GroupMatrices, nearestPermutation } from "../unit-maps/group-matrices.js";
import { identityPermutation, type Permutation } from "../unit-maps/permutation.js";
import { type MatrixOf, mapGradients, mappedTensors, mapTensor } from "../unit-maps/soft-maps.js";

/** Rounds of scaling in a step, which go on from those of the step before. */
const ROUNDS = 20;

export const sinkhorn = defineMatcher({
  id: "sinkhorn",
  title: "Sinkhorn re-basin",
  doc: "Learns soft permutations by gradient descent: scores are scaled by Sinkhorn to rows and columns that sum to 1, the second network is mixed by them, and the loss is differentiated through it all, implicitly. Ends at the nearest permutations.",
  use: "When a loss of your choice is to be small: the distance of the weights, or what the network half-way does on labelled images.",
  paper: "Peña et al.: Re-basin via Implicit Sinkhorn Differentiation (2023), arXiv:2212.12042",
  needs: "weights",
  widths: "equal",
  models: { min: 2, max: 2 },
  params: {
    loss: choice(["weights", "data"], {
      doc: "What is to be small: the distance between the weights, or the cross-entropy of the network half-way on labelled images.",
      default: "weights",
    }),
    measure: choice(WEIGHT_MEASURES, { doc: "How weights are compared; as in weight matching.", default: "auto" }),
    temperature: number({ doc: "What scores are divided by; small is hard.", default: 1, min: 1e-4, max: 1e4 }),
    rate: number({ doc: "Learning rate of Adam on the scores.", default: 1, min: 0 }),
    steps: integer({ doc: "Most steps.", default: 100, min: 1, max: 100_000 }),
    batch: integer({ doc: "Images in a batch, shared among the datasets.", default: 64, min: 1, max: 65_536 }),
    batches: integer({ doc: "How many batches there are.", default: 30, min: 1, max: 1_000_000 }),
  },
  async match(context) {
    const { models, spec, networks, data, parameters, params, runtime, threads, seed, signal, onProgress } = context;
    const isByData = params.loss === "data";
    if (isByData && (data === undefined || networks === undefined)) throw imagesNeeded("sinkhorn", "loss=weights");
    const { keys, scaled } = isByData
      ? { keys: parameters, scaled: models }
      : prepareWeights(models, { parameters, measure: params.measure });
    const [a, b] = scaled;
    const tensors = mappedTensors(keys, (key) => (a.get(key) as Tensor).shape, { from: spec, to: spec });
    const solver = await createAssignmentSolver();
    const product = await createMatrixProduct(runtime, { threads });
    const midpoint =
      isByData && data !== undefined && networks !== undefined
        ? await createMidpointLoss(
            { network: networks[0], a, parameters },
            { ...data, batch: params.batch, batches: params.batches, runtime, threads, seed },
          )
        : undefined;
    /** How good a permutation is; larger is better. */
    const judge = async (permutation: Permutation): Promise<number> => {
      const moved = applyPermutation(b, permutation, { spec });
      return midpoint === undefined ? innerProduct(a, moved, keys) : -(await midpoint.mean(moved));
    };
    const adam = createAdam({ rate: params.rate });
    const scores = new Map([...spec.groups].map(([group, units]) => [group, new Float32Array(units * units)]));
    const starts = new Map([...spec.groups].map(([group, units]) => [group, new Float64Array(units)]));
    try {
      let best = { permutation: identityPermutation(spec), value: await judge(identityPermutation(spec)) };
      for (let step = 0; step < params.steps; step++) {
        if (signal?.aborted) throw new OnebasinError("aborted", "The matching was stopped.");
        const soft = softPermutations(scores, { temperature: params.temperature, starts });
        const matrixOf: MatrixOf = ({ group }) => (group === undefined ? undefined : soft.get(group));
        const mixed = new Map(b);
        for (const tensor of tensors) {
          const values = await mapTensor(tensorFloats(b.get(tensor.key) as Tensor), tensor, { matrixOf, product });
          mixed.set(tensor.key, floatsTensor(tensor.shape, values));
        }
        const pulls =
          midpoint === undefined ? undefined : (await midpoint.at(mixed, step % midpoint.batches)).gradients;
        const gradients = new Map<string, Float32Array>();
        for (const tensor of tensors) {
          const gradient = pulls === undefined ? difference(mixed, a, tensor.key) : pulls.get(tensor.key);
          if (gradient === undefined) continue;
          const given = { values: tensorFloats(b.get(tensor.key) as Tensor), gradient };
          for (const { atom, gradient: own } of await mapGradients(given, tensor, { matrixOf, product })) {
            const known = gradients.get(atom.group as string);
            if (known === undefined) gradients.set(atom.group as string, own);
            else for (let i = 0; i < known.length; i++) known[i] += own[i];
          }
        }
        for (const [group, gradient] of gradients) {
          const units = spec.groups.get(group) ?? 0;
          gradients.set(
            group,
            sinkhornGradient(soft.get(group) as Float32Array, gradient, { units, temperature: params.temperature }),
          );
        }
        adam.step(scores, gradients);
        const isLooked = (step + 1) % LOOK === 0 || step + 1 === params.steps;
        if (isLooked) {
          const permutation = nearestPermutation(scores, solver);
          const value = await judge(permutation);
          if (value > best.value) best = { permutation, value };
        }
        onProgress?.({
          stage: "learning permutations",
          done: step + 1,
          total: params.steps,
          unit: "steps",
          note: `${isByData ? "loss" : "objective"} ${Math.abs(best.value).toPrecision(5)}`,
        });
      }
      const facts: Record<string, number> = isByData ? { loss: -best.value } : { objective: best.value };
      return { maps: [best.permutation], facts };
    } finally {
      await midpoint?.close();
      await product.close();
    }
  },
});

/** Steps between two looks at the nearest permutation. */
const LOOK = 10;

function softPermutations(
  scores: ReadonlyMap<string, Float32Array>,
  { temperature, starts }: { readonly temperature: number; readonly starts: ReadonlyMap<string, Float64Array> },
): GroupMatrices {
  return new Map(
    [...scores].map(([group, own]) => {
      const units = Math.sqrt(own.length);
      const size = { rows: units, columns: units };
      const shares = sinkhornScaling(own, { ...size, temperature, rounds: ROUNDS, start: starts.get(group) });
      return [group, shares.map((share) => share * units)];
    }),
  );
}

function difference(first: StateDict, second: StateDict, key: string): Float32Array {
  const other = tensorFloats(second.get(key) as Tensor);
  return tensorFloats(first.get(key) as Tensor).map((value, i) => value - other[i]);
}
