import { stateDictCheckpoint } from "../checkpoint/state-dict-checkpoint.js";
import { throwProblems } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import { rolesOf } from "../merge/roles.js";
import { checkFit } from "../network/check-fit.js";
import type { Network } from "../network/graph.js";
import { toFloat32 } from "../network/inference.js";
import type { Runtime } from "../network/runtime.js";
import { tensorFloats } from "../tensor/float32.js";
import { sameShape } from "../tensor/shape.js";
import type { StateDict, Tensor } from "../tensor/tensor.js";
import { findMatcher } from "./find-matcher.js";
import { imagesNeeded, type MatchData } from "./matcher.js";
import { matcherParams } from "./matcher-params.js";
import { createMatrixProduct } from "./matrix-product.js";
import { checkUnmapped } from "./spec/check-unmapped.js";
import { derivePermutationSpec } from "./spec/derive-spec.js";
import { incomingAxes, usualIncoming } from "./spec/incoming-axes.js";
import { inferChainSpec } from "./spec/infer-chain-spec.js";
import { checkSpec, type PermutationSpec } from "./spec/permutation-spec.js";
import { proveSpec } from "./spec/prove-spec.js";
import { resizeSpec } from "./spec/resize-spec.js";
import { applyPermutation } from "./unit-maps/apply-permutation.js";
import { applyUnitMaps } from "./unit-maps/apply-unit-maps.js";
import { countMoved, type MovedUnits } from "./unit-maps/count-moved.js";
import { isPermutation, type UnitMaps } from "./unit-maps/unit-maps.js";

export interface AlignOptions {
  readonly runtime: Runtime;
  /** Which matcher; default `activations` with data, else `weights`. */
  readonly using?: string;
  /** The matcher's parameters. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** What the state dicts belong to; without it, they must be a plain chain of layers. */
  readonly network?: Network;
  /** One for each model, where their widths differ and the matcher can do with that. */
  readonly networks?: readonly Network[];
  /** Instead of the one that follows from the network. */
  readonly spec?: PermutationSpec;
  /** For matchers that look at activations. */
  readonly data?: MatchData;
  /** What the models are called in messages; default a, b, c, …. */
  readonly names?: readonly string[];
  readonly threads?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface Alignment {
  /** The state dicts, the first as it was, the units of the others in its order, or as mixed from theirs. */
  readonly models: readonly StateDict[];
  /** What was done to each model after the first. */
  readonly maps: readonly UnitMaps[];
  /** Whether each model after the first computes what it did before: it does when its units only moved. */
  readonly isKept: readonly boolean[];
  /** Of the first model. */
  readonly spec: PermutationSpec;
  readonly matcher: string;
  /** Largest change of an output under a random order, as a share of the largest output; absent without a network. */
  readonly proof?: number;
  /** ‖first − other‖ over the parameters, for each model after the first; NaN before where the shapes differ. */
  readonly distances: readonly { readonly before: number; readonly after: number }[];
  /** How many units moved, for each model after the first. */
  readonly moved: readonly MovedUnits[];
  /** How alike matched units are, by group, in the matcher's own measure. */
  readonly similarity?: ReadonlyMap<string, number>;
  readonly facts: Readonly<Record<string, number>>;
}

/**
 * Finds out which unit of one network does the work of which unit of another, and puts the units of all in the order
 * of the first. What each network computes stays the same: tried on random inputs where the network is known. A matcher
 * that mixes units, as between networks of different widths, changes what they compute; `isKept` says so.
 *
 * @param models at least two of one structure; any float dtypes, which they keep
 * @throws `mismatch` for models or a spec that do not fit (all problems at once), `missing-data` where the matcher needs
 * data, `unknown-name`, `bad-argument`, `unsupported`, `aborted`
 */
export async function align(models: readonly StateDict[], options: AlignOptions): Promise<Alignment> {
  const { network, data, runtime, threads, seed = 0, signal, onProgress } = options;
  const names = models.map((_, i) => options.names?.[i] ?? String.fromCharCode(97 + i));
  const matcher = findMatcher(options.using ?? (data === undefined ? "weights" : "activations"));
  const params = matcherParams(matcher, { params: options.params, models: models.length });
  const networks =
    matcher.widths === "any" ? (options.networks ?? repeated(network, models)) : repeated(network, models);
  if (matcher.needs === "data" && (data === undefined || networks === undefined)) {
    throw imagesNeeded(matcher.id, "--using weights");
  }
  if (networks !== undefined) {
    const wrong = models.flatMap((state, i) => checkFit(networks[i], state, { source: names[i] }));
    throwProblems(wrong, "the models to align");
  }
  const spec =
    options.spec ??
    (networks === undefined ? inferChainSpec(models[0], { source: names[0] }) : derivePermutationSpec(networks[0]));
  const specs = models.map((state) => (matcher.widths === "any" ? resizeSpec(spec, state) : spec));
  if (matcher.widths === "any") checkUnmapped(models, { spec, names });
  for (const [i, state] of models.entries()) checkSpec(specs[i], state, { source: names[i] });
  const proof =
    networks === undefined
      ? undefined
      : await proveSpec({ network: networks[0], state: models[0] }, spec, { runtime, threads, seed });
  const f32 = models.map((state) => new Map([...state].map(([key, tensor]) => [key, toFloat32(tensor)])));
  const parameters = parametersOf(models[0], networks?.[0]);
  const match = await matcher.match({
    spec,
    specs,
    models: f32,
    parameters,
    networks,
    data: networks === undefined ? undefined : data,
    params,
    runtime,
    threads,
    seed,
    signal,
    onProgress,
  });
  const [aligned, alignedF32] = [await mapAll(models), await mapAll(f32)];
  return {
    models: aligned,
    maps: match.maps,
    isKept: match.maps.map(isPermutation),
    spec,
    matcher: matcher.id,
    proof,
    distances: match.maps.map((_, i) => ({
      before: distance(f32[0], f32[i + 1], parameters),
      after: distance(f32[0], alignedF32[i + 1], parameters),
    })),
    moved: match.maps.map(countMoved),
    similarity: match.similarity,
    facts: match.facts,
  };

  async function mapAll(states: readonly StateDict[]): Promise<StateDict[]> {
    const result = [states[0]];
    for (const [i, maps] of match.maps.entries()) {
      const state = states[i + 1];
      result.push(
        isPermutation(maps)
          ? applyPermutation(state, maps, { spec, source: names[i + 1] })
          : await mixUnits(state, maps, { from: specs[i + 1], to: spec }),
      );
    }
    return result;
  }

  async function mixUnits(
    state: StateDict,
    maps: UnitMaps,
    specsOf: { readonly from: PermutationSpec; readonly to: PermutationSpec },
  ): Promise<StateDict> {
    const product = await createMatrixProduct(runtime, { threads });
    const isIncoming =
      networks === undefined ? usualIncoming((key) => state.get(key)?.shape ?? []) : incomingAxes(networks[0]);
    try {
      return await applyUnitMaps(state, maps, { specs: specsOf, isIncoming, product });
    } finally {
      await product.close();
    }
  }
}

const repeated = (network: Network | undefined, models: readonly StateDict[]): readonly Network[] | undefined =>
  network === undefined ? undefined : models.map(() => network);

/** Keys of what is trained: by the network where it is known, else by name. */
function parametersOf(state: StateDict, network: Network | undefined): string[] {
  if (network !== undefined) {
    return [...network.state].filter(([key, { kind }]) => kind === "parameter" && state.has(key)).map(([key]) => key);
  }
  const roles = rolesOf(stateDictCheckpoint("model", state).entries);
  return [...state.keys()].filter((key) => roles.get(key) === "parameter");
}

function distance(a: StateDict, b: StateDict, keys: readonly string[]): number {
  let sum = 0;
  for (const key of keys) {
    const [first, second] = [a.get(key) as Tensor, b.get(key) as Tensor];
    if (!sameShape(first.shape, second.shape)) return Number.NaN;
    const [x, y] = [tensorFloats(first), tensorFloats(second)];
    for (let i = 0; i < x.length; i++) sum += (x[i] - y[i]) ** 2;
  }
  return Math.sqrt(sum);
}
