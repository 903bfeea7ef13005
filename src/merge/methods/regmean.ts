import { OnebasinError } from "../../core/errors.js";
import { number } from "../../core/params.js";
import { addScaled } from "../../linear-algebra/add-scaled.js";
import { type Matrix, zeros } from "../../linear-algebra/matrix.js";
import { solveSymmetric } from "../../linear-algebra/solve-symmetric.js";
import { elementCount } from "../../tensor/shape.js";
import { weightedMean } from "../formulas/weighted-mean.js";
import { defineMergeMethod } from "../method.js";

/**
 * Of the largest inner product: the first pull towards the mean with which the sum of all Gram matrices, as files round
 * it, is positive definite. None is needed unless alpha is 1 and the inputs say too little.
 */
const PULLS = [0, 1e-10, 1e-8, 1e-6];
/** Of the largest inner product: by how much two that should be one may differ, as files round them. */
const SKEW = 1e-2;

export const regmean = defineMergeMethod({
  id: "regmean",
  title: "RegMean",
  doc: "Makes of each layer the one whose answers are nearest to what each model's layer answers to its own inputs.",
  formula:
    "W = (Σ Wᵢ·Ĝᵢ)·(Σ Ĝᵢ)⁻¹,   Ĝᵢ = α·Gᵢ + (1−α)·diag(Gᵢ),   Gᵢ = mean of x·xᵀ over the inputs x of the layer in model i",
  use: "Models of one ancestor, and some images of each one's own task (onebasin statistics --kind gram). Weights without a Gram matrix, biases and normalisation get the mean; where no input ever reached a weight, so does that.",
  paper: "Jin et al., “Dataless Knowledge Fusion by Merging Weights of Language Models”, ICLR 2023",
  models: { min: 2 },
  base: "none",
  statistics: {
    kind: "gram",
    title: "Gram matrix",
    shapeFor: (shape) => {
      if (shape.length < 2) return undefined;
      const inputs = elementCount(shape.slice(1));
      return [inputs, inputs];
    },
    isRequired: false,
    isNonNegative: false,
  },
  gives: "model",
  params: {
    alpha: number({
      doc: "What is left of the inner products of different inputs; 0 leaves only their squares.",
      min: 0,
      max: 1,
      default: 0.9,
    }),
  },
  combine: ({ models }) =>
    weightedMean(
      models,
      models.map(() => 1),
    ),
  matrix: {
    others: "mean",
    takes: ({ rows, cols }) => rows * cols > 0,
    numbers: ({ rows, cols }) => 4 * cols * cols + 7 * rows * cols,
    combine: async (context) => {
      const { rows, cols, models, multiply, params } = context;
      const total = zeros(cols, cols);
      const sides = zeros(rows, cols);
      const mean = zeros(rows, cols);
      for (let i = 0; i < models; i++) {
        const gram = await context.statistic(i);
        checkGram(gram, context.key, context.statisticsName(i));
        for (let at = 0; at < gram.values.length; at++) if (at % (cols + 1) !== 0) gram.values[at] *= params.alpha;
        addScaled(total, gram, 1);
        const model = await context.model(i);
        addScaled(sides, multiply(model, gram), 1);
        addScaled(mean, model, 1 / models);
      }
      const most = largestSquare(total) || 1;
      // An input that never was anything but 0 says nothing of its weights: they get the mean.
      for (let k = 0; k < cols; k++) if (total.values[k * (cols + 1)] === 0) pull({ total, sides, mean }, k, most);
      let pulled = 0;
      for (const share of PULLS) {
        for (let k = 0; k < cols; k++) pull({ total, sides, mean }, k, (share - pulled) * most);
        pulled = share;
        const solved = solveSymmetric(total, sides, multiply);
        if (solved !== undefined) return solved;
      }
      throw new OnebasinError(
        "bad-file",
        `Key "${context.key}": the statistics are no Gram matrices: their sum has directions of negative length.`,
        {
          hint: "Measure them again: onebasin statistics MODEL --kind gram …",
        },
      );
    },
  },
  cases: [
    {
      name: "solves for both models' inputs",
      shape: [1, 2],
      models: [
        [1, 2],
        [3, 4],
      ],
      statistics: [
        [1, 0, 0, 1],
        [1, 0, 0, 1],
      ],
      expected: [2, 3],
    },
    {
      name: "weighs each input by how strong it is in each model",
      shape: [2, 2],
      models: [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
      statistics: [
        [3, 0, 0, 1],
        [1, 0, 0, 1],
      ],
      expected: [2, 4, 4, 6],
    },
    {
      name: "takes the mean where no input ever was",
      shape: [2, 2],
      models: [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
      statistics: [
        [0, 0, 0, 1],
        [0, 0, 0, 3],
      ],
      expected: [3, 5, 5, 7],
    },
    {
      name: "keeps what both models say of inputs that always come together",
      shape: [2, 2],
      models: [
        [1, 2, 3, 4],
        [1, 2, 3, 4],
      ],
      statistics: [
        [1, 1, 1, 1],
        [1, 1, 1, 1],
      ],
      params: { alpha: 0.5 },
      expected: [1, 2, 3, 4],
    },
    { name: "takes the mean of vectors", models: [[1], [3]], statistics: [[1], [1]], expected: [2] },
  ],
});

/** Adds to what is solved for that column k should be near the mean. */
function pull(
  { total, sides, mean }: { readonly total: Matrix; readonly sides: Matrix; readonly mean: Matrix },
  k: number,
  strength: number,
): void {
  total.values[k * (total.cols + 1)] += strength;
  for (let at = k; at < sides.values.length; at += sides.cols) sides.values[at] += strength * mean.values[at];
}

const largestSquare = ({ rows, values }: Matrix): number => {
  let most = 0;
  for (let k = 0; k < rows; k++) most = Math.max(most, values[k * (rows + 1)]);
  return most;
};

/** @throws `bad-file` when a matrix cannot hold inner products */
function checkGram(gram: Matrix, key: string, file: string): void {
  const { rows, values } = gram;
  const refuse = (what: string): OnebasinError =>
    new OnebasinError("bad-file", `Key "${key}" of ${file} is no Gram matrix: ${what}.`, {
      hint: "Measure it again: onebasin statistics MODEL --kind gram …",
    });
  const most = largestSquare(gram);
  for (let i = 0; i < rows; i++) {
    const square = values[i * (rows + 1)];
    if (square < 0) throw refuse(`element (${i}, ${i}) is ${square}, and a square is not negative`);
    for (let j = 0; j < i; j++) {
      const [one, other] = [values[i * rows + j], values[j * rows + i]];
      if (Math.abs(one - other) <= SKEW * most) continue;
      throw refuse(`elements (${i}, ${j}) and (${j}, ${i}) are ${one} and ${other}, and should be equal`);
    }
  }
}
