import { checkStructure } from "../align/zip/check-structure.js";
import { type ZipDepth, zipDepth } from "../align/zip/zip-depth.js";
import { OnebasinError, throwProblems } from "../core/errors.js";
import { choice, integer, number, resolveParams } from "../core/params.js";
import type { BatchSource, RunOptions } from "../data/mean-outputs.js";
import { checkFit } from "../network/check-fit.js";
import type { Network } from "../network/graph.js";
import { toFloat32 } from "../network/inference.js";
import { type Head, joinHeads } from "../network/join-heads.js";
import { layersOf } from "../network/layers-of.js";
import type { StateDict } from "../tensor/tensor.js";
import { mergeTrunk } from "./zip/merge-trunk.js";
import { planTrunk, type TrunkPlan } from "./zip/plan-trunk.js";
import { repairHead } from "./zip/repair-head.js";
import { unmergeHeads } from "./zip/unmerge-heads.js";
import { type VarianceKept, varianceKept } from "./zip/variance-kept.js";

/** How features are matched. */
export const ZIP_PARAMS = {
  alpha: number({
    doc: "What the correlation of a feature that was merged already is multiplied by: near 0, features are made of pairs; 1, of any number of units.",
    default: 0.3,
    min: 0,
    max: 1,
  }),
  beta: number({
    doc: "Which share of the units that a network loses may be merged with units of its own: 0, only across networks.",
    default: 0.5,
    min: 0,
    max: 1,
  }),
  keep: number({
    doc: "Which share of the units of all networks the trunk keeps: 0.5 is the size of one of two, 1 loses nothing.",
    default: 0.5,
    min: 0.01,
    max: 1,
  }),
  unmerge: choice(["fit", "copy"], {
    doc: "How units are read from features: by least squares on images, layer by layer, or each as the feature that it became (as ZipIt! does).",
    default: "fit",
  }),
  ridge: number({
    doc: "How strongly the fit is held to the feature that each unit became, as a share of the features' mean square.",
    default: 0.01,
    min: 1e-9,
  }),
  batch: integer({ doc: "Images in a batch, shared among the datasets.", default: 64, min: 1, max: 65_536 }),
  batches: integer({ doc: "How many batches are looked at.", default: 30, min: 1, max: 1_000_000 }),
} as const;

export interface ZipOptions extends RunOptions {
  /** Images that matching and repair look at, without labels. As many datasets as models: each is its model's own. */
  readonly data?: Pick<BatchSource, "images" | "normalise">;
  /**
   * How far the networks are merged: a number of layers, a share of them (0.5, or "1.0"), "all", or the name of the last
   * layer that is; default half of them.
   */
  readonly depth?: ZipDepth;
  /** Values of `ZIP_PARAMS`. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Whether statistics are put right afterwards; default true. */
  readonly repair?: boolean;
}

/** A layer of the trunk. */
export interface ZippedLayer extends VarianceKept {
  readonly layer: string;
  /** Units of each network. */
  readonly before: readonly number[];
  readonly after: number;
  /** How often features of one network were joined, and features of several. */
  readonly within: number;
  readonly across: number;
  /** Mean correlation of the units that became one. */
  readonly correlation: number;
}

export interface Zipped {
  /** One network with an output for each model. */
  readonly network: Network;
  /** In f32; of the trunk under the models' keys, of the heads as `HEAD.KEY`. */
  readonly state: StateDict;
  /** Names of the outputs: those of the models. */
  readonly heads: readonly string[];
  /** Keys that all heads share. */
  readonly shared: readonly string[];
  readonly report: {
    /** Layers of the trunk, of how many. */
    readonly depth: number;
    readonly of: number;
    readonly layers: readonly ZippedLayer[];
  };
}

/**
 * Merges networks of one structure that were trained apart, also for different tasks: their first layers become one
 * trunk, in which units that do the same become one, of different networks or of the same; above it each keeps its own
 * layers as a head. Then batch-norm statistics are recomputed, of the trunk on all images and of each head on its own; in
 * networks without batch normalisation units are rescaled instead.
 *
 * Cost: a forward pass of each network over `batch · batches` images for matching, some more for repair.
 *
 * @param models two or more; numbers of units and of classes may differ. Names are those of the heads.
 * @throws `mismatch` for networks of different structure (all problems at once), `missing-data` without images,
 * `bad-argument`, `unknown-name`, `unsupported`, `non-finite`, `aborted`
 * @source Stoica, Bolya, Bjorner, Ramesh, Hearn and Hoffman, "ZipIt! Merging Models from Different Tasks without
 * Training", ICLR 2024
 */
export async function zip(models: readonly Head[], options: ZipOptions): Promise<Zipped> {
  const { data } = options;
  const params = checkedParams(models, options);
  const [{ network }] = models;
  const depth = zipDepth(network, options.depth);
  if (depth > 0 && (data === undefined || data.images.length === 0)) {
    throw new OnebasinError("missing-data", "Zip compares what units do on images; none were given.", {
      hint: "Give images of what each network was trained on: --data mnist svhn. They need no labels.",
    });
  }
  const f32 = models.map((model) => ({
    ...model,
    state: new Map([...model.state].map(([key, tensor]) => [key, toFloat32(tensor)])),
  }));
  const of = layersOf(network).length;
  if (depth === 0 || data === undefined) return zipped(f32, { depth, of, layers: [] });
  const repair = options.repair !== false;
  const run = { ...options, ...data, ...params, repair };
  const plan = await planTrunk(f32, depth, run);
  const trunk = await mergeTrunk(plan, run);
  const imagesOf = (model: number) => (data.images.length === models.length ? [data.images[model]] : data.images);
  const heads = await unmergeHeads(plan, trunk, { ...run, imagesOf });
  const repaired: Head[] = [];
  for (const [model, head] of heads.entries()) {
    const own = { ...run, images: imagesOf(model) };
    repaired.push(repair ? await repairHead({ head, original: f32[model] }, trunk.state, own) : head);
  }
  return zipped(repaired, { depth, of, layers: describeLayers(plan, await varianceKept(plan, trunk, run)) });
}

function zipped(heads: readonly Head[], report: Zipped["report"]): Zipped {
  const { network, state, shared } = joinHeads(heads);
  return { network, state, shared, heads: heads.map(({ name }) => name), report };
}

function checkedParams(models: readonly Head[], { params = {} }: ZipOptions) {
  const [first, ...others] = models;
  const { values, problems } = resolveParams("zip", ZIP_PARAMS, params);
  const wrong: OnebasinError[] = [...problems];
  if (models.length < 2) {
    wrong.push(new OnebasinError("bad-argument", `Zip takes two models or more, ${models.length} given.`));
  }
  const names = models.map(({ name }) => name);
  for (const name of new Set(names.filter((it, i) => names.indexOf(it) < i))) {
    wrong.push(new OnebasinError("bad-argument", `Two heads are called "${name}".`));
  }
  for (const model of models) {
    wrong.push(...checkFit(model.network, model.state, { source: model.name }));
    if (model.network.outputs.length > 1) {
      const outputs = model.network.outputs.map(({ name }) => name).join(", ");
      wrong.push(new OnebasinError("unsupported", `${model.name} has several outputs: ${outputs}.`));
    }
  }
  for (const other of others) wrong.push(...checkStructure(first, other));
  throwProblems(wrong, "the models to zip");
  return values;
}

function describeLayers({ layers, parts }: TrunkPlan, kept: readonly VarianceKept[]): ZippedLayer[] {
  return layers.map(({ name, group }, index) => {
    const { before, after, within, across, correlation } = group ?? singleUnits(parts.length);
    return { layer: name, before, after, within, across, correlation, ...kept[index] };
  });
}

/** A layer of one unit in each network, which become one. */
const singleUnits = (models: number) => ({
  before: new Array<number>(models).fill(1),
  after: 1,
  within: 0,
  across: models - 1,
  correlation: Number.NaN,
});
