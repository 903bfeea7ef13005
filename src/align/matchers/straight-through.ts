import { OnebasinError } from "../../core/errors.js";
import { choice, integer, number } from "../../core/params.js";
import { floatsTensor, tensorFloats } from "../../tensor/float32.js";
import type { StateDict, Tensor } from "../../tensor/tensor.js";
import { createAssignmentSolver } from "../assignment/assignment-solver.js";
import { createMidpointLoss } from "../loss/midpoint-loss.js";
import { defineMatcher, type MatchData } from "../matcher.js";
import { createMatrixProduct } from "../matrix-product.js";
import { createGroupScores } from "../scores/group-scores.js";
import { prepareWeights, WEIGHT_MEASURES } from "../scores/prepare-weights.js";
import { createAdam } from "../search/adam.js";
import { descend } from "../search/descend.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import type { Permutation } from "../unit-maps/permutation.js";

export const straightThrough = defineMatcher({
  id: "straight-through",
  title: "Straight-through matching",
  doc: "Trains weights of its own, from those of the first network, whose nearest order of the second is taken at each step: the loss half-way between the networks pulls on the weights as if the order were not between them.",
  use: "When the loss half-way is what counts and there are labelled images and time: it begins with weight matching and is never worse on the images it sees.",
  paper: "Ainsworth, Hayase and Srinivasa: Git Re-Basin (2023), arXiv:2209.04836, section 3.3",
  needs: "data",
  widths: "equal",
  models: { min: 2, max: 2 },
  params: {
    measure: choice(WEIGHT_MEASURES, { doc: "As in weight matching.", default: "auto" }),
    epochs: integer({ doc: "Times through the batches.", default: 5, min: 1, max: 10_000 }),
    rate: number({ doc: "Learning rate of Adam.", default: 0.001, min: 0 }),
    batch: integer({ doc: "Images in a batch, shared among the datasets.", default: 64, min: 1, max: 65_536 }),
    batches: integer({ doc: "How many batches there are.", default: 30, min: 1, max: 1_000_000 }),
  },
  async match({ models, spec, networks, data, parameters, params, runtime, threads, seed, signal, onProgress }) {
    const { images, normalise } = data as MatchData;
    const [network] = networks ?? [];
    const [a, b] = models;
    const solver = await createAssignmentSolver();
    const product = await createMatrixProduct(runtime, { threads });
    const loss = await createMidpointLoss(
      { network, a, parameters },
      { images, normalise, batch: params.batch, batches: params.batches, runtime, threads, seed },
    ).catch(async (error: unknown) => {
      await product.close();
      throw error;
    });
    /** The order of the second network that is nearest to some weights. */
    const nearest = async (weights: StateDict, start?: Permutation): Promise<Permutation> => {
      const { keys, scaled } = prepareWeights([weights, b], { parameters, measure: params.measure });
      const groups = createGroupScores(scaled[0], scaled[1], { spec, keys, product });
      const order = start === undefined ? "chain" : "random";
      const found = await descend({ a: scaled[0], b: scaled[1] }, groups, {
        spec,
        keys,
        solver,
        sweeps: 100,
        order,
        seed,
        start,
        signal,
      });
      return found.permutation;
    };
    try {
      const weights = new Map(a);
      for (const key of parameters) {
        const { shape } = a.get(key) as Tensor;
        weights.set(key, floatsTensor(shape, tensorFloats(a.get(key) as Tensor).slice()));
      }
      const numbers = new Map(parameters.map((key) => [key, tensorFloats(weights.get(key) as Tensor)]));
      const adam = createAdam({ rate: params.rate });
      let permutation = await nearest(weights);
      const first = await loss.mean(applyPermutation(b, permutation, { spec }));
      let best = { permutation, loss: first };
      for (let epoch = 0; epoch < params.epochs; epoch++) {
        for (let batch = 0; batch < loss.batches; batch++) {
          if (signal?.aborted) throw new OnebasinError("aborted", "The matching was stopped.");
          const { gradients } = await loss.at(applyPermutation(b, permutation, { spec }), batch);
          adam.step(numbers, gradients);
          permutation = await nearest(weights, permutation);
          onProgress?.({
            stage: "training through the matching",
            done: epoch * loss.batches + batch + 1,
            total: params.epochs * loss.batches,
            unit: "steps",
            note: `loss ${best.loss.toFixed(4)}`,
          });
        }
        const reached = await loss.mean(applyPermutation(b, permutation, { spec }));
        if (reached < best.loss) best = { permutation, loss: reached };
      }
      return { maps: [best.permutation], facts: { loss: best.loss, "loss by weights alone": first } };
    } finally {
      await loss.close();
      await product.close();
    }
  },
});
