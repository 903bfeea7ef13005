import { stateDictCheckpoint } from "../checkpoint/state-dict-checkpoint.js";
import { OnebasinError, throwProblems } from "../core/errors.js";
import { type Params, type ParamValues, resolveParams } from "../core/params.js";
import type { OnProgress } from "../core/progress.js";
import { unknownName } from "../core/suggest.js";
import { rolesOf } from "../merge/roles.js";
import { checkStateDict } from "../network/check-state-dict.js";
import type { Network } from "../network/graph.js";
import { toFloat32 } from "../network/inference.js";
import type { Runtime } from "../network/runtime.js";
import { tensorFloats } from "../tensor/float32.js";
import type { StateDict, Tensor } from "../tensor/tensor.js";
import { applyPermutation } from "./apply-permutation.js";
import { derivePermutationSpec } from "./derive-spec.js";
import { inferChainSpec } from "./infer-chain-spec.js";
import type { MatchData, Matcher } from "./matcher.js";
import { matchers } from "./matchers.gen.js";
import { checkSpec, type Permutation, type PermutationSpec } from "./permutation-spec.js";
import { proveSpec } from "./prove-spec.js";

export interface AlignOptions {
  readonly runtime: Runtime;
  /** Which matcher; default `activations` with data, else `weights`. */
  readonly using?: string;
  /** The matcher's parameters. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** What the state dicts belong to; without it, they must be a plain chain of layers. */
  readonly network?: Network;
  /** Instead of the one that follows from the network. */
  readonly spec?: PermutationSpec;
  /** For matchers that look at activations. */
  readonly data?: Omit<MatchData, "network">;
  /** What the models are called in messages; default a, b, c, …. */
  readonly names?: readonly string[];
  readonly threads?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface Alignment {
  /** The state dicts, the first as it was, the units of the others in its order. */
  readonly models: readonly StateDict[];
  /** What was done to each model after the first. */
  readonly permutations: readonly Permutation[];
  readonly spec: PermutationSpec;
  readonly matcher: string;
  /** Largest change of an output under a random order, as a share of the largest output; absent without a network. */
  readonly proof?: number;
  /** ‖first − other‖ over the parameters, for each model after the first. */
  readonly distances: readonly { readonly before: number; readonly after: number }[];
  /** How many units moved, of how many, by group; for each model after the first. */
  readonly moved: readonly ReadonlyMap<string, { readonly units: number; readonly moved: number }>[];
  /** How alike matched units are, by group, in the matcher's own measure. */
  readonly similarity?: ReadonlyMap<string, number>;
  readonly facts: Readonly<Record<string, number>>;
}

/**
 * Finds out which unit of one network does the work of which unit of another, and puts the units of all in the order
 * of the first. What each network computes stays the same: tried on random inputs where the network is known.
 *
 * @param models at least two of one structure; any float dtypes, which they keep
 * @throws `mismatch` for models or a spec that do not fit (all problems at once), `missing-data` where the matcher needs
 * data, `unknown-name`, `bad-argument`, `unsupported`, `aborted`
 */
export async function align(models: readonly StateDict[], options: AlignOptions): Promise<Alignment> {
  const { network, data, runtime, threads, seed = 0, signal, onProgress } = options;
  const names = models.map((_, i) => options.names?.[i] ?? String.fromCharCode(97 + i));
  const matcher = findMatcher(options.using ?? (data === undefined ? "weights" : "activations"));
  const params = matcherParams(matcher, options.params, models.length);
  if (matcher.needs === "data" && (data === undefined || network === undefined)) {
    throw new OnebasinError(
      "missing-data",
      `Matcher "${matcher.id}" compares what units do on images; none were given.`,
      {
        hint: "Give the network and images: --arch vgg16:width=0.25 --data mnist. Without images, use --using weights.",
      },
    );
  }
  if (network !== undefined) {
    const wrong = models.flatMap((state, i) => checkStateDict(network, state, { source: names[i] }));
    throwProblems(wrong, "the models to align");
  }
  const spec =
    options.spec ??
    (network === undefined ? inferChainSpec(models[0], { source: names[0] }) : derivePermutationSpec(network));
  for (const [i, state] of models.entries()) checkSpec(spec, state, { source: names[i] });
  const proof =
    network === undefined
      ? undefined
      : await proveSpec({ network, state: models[0] }, spec, { runtime, threads, seed });
  const f32 = models.map((state) => new Map([...state].map(([key, tensor]) => [key, toFloat32(tensor)])));
  const parameters = parametersOf(models[0], network);
  const match = await matcher.match({
    spec,
    models: f32,
    parameters,
    data: data === undefined || network === undefined ? undefined : { ...data, network },
    params,
    runtime,
    threads,
    seed,
    signal,
    onProgress,
  });
  const aligned = models.map((state, i) =>
    i === 0 ? state : applyPermutation(state, match.permutations[i - 1], { spec, source: names[i] }),
  );
  return {
    models: aligned,
    permutations: match.permutations,
    spec,
    matcher: matcher.id,
    proof,
    distances: match.permutations.map((permutation, i) => ({
      before: distance(f32[0], f32[i + 1], parameters),
      after: distance(f32[0], applyPermutation(f32[i + 1], permutation, { spec }), parameters),
    })),
    moved: match.permutations.map(countMoved),
    similarity: match.similarity,
    facts: match.facts,
  };
}

function findMatcher(id: string): Matcher {
  const known = matchers.map((matcher) => matcher.id);
  const found = matchers.find((matcher) => matcher.id === id);
  if (found === undefined) throw unknownName("matcher called", id, known);
  return found;
}

function matcherParams(matcher: Matcher, given: AlignOptions["params"], count: number): ParamValues<Params> {
  const owner = `matcher "${matcher.id}"`;
  const { values, problems } = resolveParams(owner, matcher.params, given ?? {});
  const { min, max = Number.POSITIVE_INFINITY } = matcher.models;
  if (count >= min && count <= max) {
    throwProblems(problems, owner);
    return values;
  }
  const wanted = min === max ? `${min}` : max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
  const wrong = new OnebasinError("bad-argument", `The ${owner} takes ${wanted} models, ${count} given.`, {
    hint: count > max ? 'Align three and more with "frank-wolfe" or "merge-many".' : undefined,
  });
  throwProblems([wrong, ...problems], owner);
  return values;
}

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
    const [x, y] = [tensorFloats(a.get(key) as Tensor), tensorFloats(b.get(key) as Tensor)];
    for (let i = 0; i < x.length; i++) sum += (x[i] - y[i]) ** 2;
  }
  return Math.sqrt(sum);
}

const countMoved = (permutation: Permutation): Alignment["moved"][number] =>
  new Map(
    [...permutation].map(([group, order]) => [
      group,
      { units: order.length, moved: order.reduce((sum, place, i) => sum + (place === i ? 0 : 1), 0) },
    ]),
  );
