import { OnebasinError } from "../../core/errors.js";
import { formatTable } from "../../core/format-table.js";
import { parsePairs } from "../../core/parse-named.js";
import type { Network } from "../../network/graph.js";
import { type CliCall, defineCommand } from "../command.js";
import {
  type LoadedNetwork,
  loadImages,
  loadStates,
  NETWORK_OPTIONS,
  networksOf,
  runOptions,
  withSharedStatistics,
} from "../load-networks.js";
import { parseMatcher } from "../parse-matcher.js";

export const align = defineCommand({
  name: "align",
  args: "<models...>",
  doc: "Put the units of networks trained apart in the order of the first, so that they can be merged. What each computes stays the same, unless a matcher mixes units.",
  options: [
    {
      flags: "-o, --output <path>",
      doc: "file to write, one for each model after the first (repeatable)",
      repeatable: true,
    },
    {
      flags: "--using <matcher>",
      doc: "weights, activations, transport:entropy=0.01, … (default: activations with --data, else weights)",
    },
    { flags: "--param <name=value>", doc: "a parameter of the matcher (repeatable)", repeatable: true },
    { flags: "--spec <file>", doc: "which axes move together, as YAML or JSON (default: derived from the network)" },
    { flags: "--spec-only", doc: "print which axes move together, as YAML to edit, and do nothing else" },
    ...NETWORK_OPTIONS,
  ],
  examples: [
    "onebasin align a.pth b.pth -o b-aligned.pth --data mnist",
    "onebasin align a.pth b.pth -o b-aligned.pth --using weights --param starts=10",
    "onebasin align a.pth --spec-only > spec.yml",
  ],
  run: async (call) => {
    const { args, options, output } = call;
    const paths = (options.output as string[] | undefined) ?? [];
    if (options.specOnly !== true && paths.length !== args.length - 1) {
      const others = args.length - 1;
      const needed = others === 0 ? "two models or more" : `-o for each of these, ${others}, and has ${paths.length}`;
      throw new OnebasinError("usage", `align writes each model after the first: it needs ${needed}.`, {
        hint: "onebasin align a.pth b.pth -o b-aligned.pth",
      });
    }
    const using = await parseMatcher("--using", options.using);
    const { checkOutputCheckpoint } = await import("../../node/check-output.js");
    for (const path of options.specOnly === true ? [] : paths) await checkOutputCheckpoint(path);
    const loaded = await loadStates(options.specOnly === true ? args.slice(0, 1) : args, call);
    const known = await networksIfKnown(loaded, call);
    const models = known === undefined ? loaded : await withSharedStatistics(loaded, known.networks, call);
    const network = known?.networks[0];
    const spec = await specOf(options.spec as string | undefined);
    if (options.specOnly === true) {
      output.result(...(await describeSpec(models[0], network, spec)));
      return;
    }
    const library = await import("../../align/align.js");
    const { save } = await import("../../node/checkpoints.js");
    const images = await loadImages(call, { split: "train" });
    const found = await library.align(
      models.map(({ state }) => state),
      {
        ...(await runOptions(call)),
        using: using?.id,
        params: { ...using?.params, ...parsePairs("--param", options.param) },
        network,
        networks: known?.networks,
        spec,
        data: images.length === 0 ? undefined : { images },
        names: args,
      },
    );
    const { ARCHITECTURE_KEY } = await import("../../node/load-architecture.js");
    const [first, ...others] = models.map(({ checkpoint }) => checkpoint.metadata);
    for (const [i, path] of paths.entries()) {
      // Whatever width it had, it now has that of the first.
      const architecture = known?.name ?? first[ARCHITECTURE_KEY];
      const metadata = architecture === undefined ? others[i] : { ...others[i], [ARCHITECTURE_KEY]: architecture };
      await save(found.models[i + 1], path, { metadata });
    }
    if (found.proof === undefined) {
      output.note(
        "The network is not known, so the spec could not be tried out; give it with --arch to have it proven.",
      );
    }
    for (const [i, isKept] of found.isKept.entries()) {
      if (isKept) continue;
      output.note(
        `${args[i + 1]} was mixed by ${found.matcher}: the result computes something else, and wants a repair.`,
      );
    }
    const lines = paths.map((path, i) => {
      const { before, after } = found.distances[i];
      const rows = [...found.moved[i]].map(([group, { units, moved }]) => [
        group,
        String(units),
        String(moved),
        found.similarity?.get(group)?.toFixed(4) ?? "",
      ]);
      const table = formatTable([["units of", "units", "moved", "similarity"], ...rows], [1, 2, 3]);
      const was = Number.isNaN(before) ? "" : `${before.toFixed(4)} before, `;
      return `${table}\n${path}: ‖${args[0]} − ${args[i + 1]}‖ ${was}${after.toFixed(4)} now`;
    });
    output.result(lines.join("\n"), {
      matcher: found.matcher,
      proof: found.proof,
      facts: found.facts,
      models: paths.map((path, i) => ({
        output: path,
        model: args[i + 1],
        ...found.distances[i],
        kept: found.isKept[i],
        groups: [...found.moved[i]].map(([group, moved]) => ({
          group,
          ...moved,
          similarity: found.similarity?.get(group),
        })),
      })),
    });
  },
});

/** A plain chain of layers can be aligned without knowing the network. */
async function networksIfKnown(models: readonly LoadedNetwork[], call: CliCall) {
  try {
    return await networksOf(models, call);
  } catch (error) {
    const isUnknown =
      error instanceof OnebasinError && error.code === "bad-argument" && call.options.arch === undefined;
    if (isUnknown) return undefined;
    throw error;
  }
}

async function specOf(path: string | undefined) {
  if (path === undefined) return undefined;
  const { readFile } = await import("node:fs/promises");
  const { parseSpec } = await import("../../align/spec/serialize-spec.js");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new OnebasinError("missing-data", `The permutation spec ${path} cannot be read.`, { cause });
  });
  return parseSpec(text, { source: path });
}

async function describeSpec(
  { path, state }: LoadedNetwork,
  network: Network | undefined,
  given: Awaited<ReturnType<typeof specOf>>,
): Promise<[string, object]> {
  const { derivePermutationSpec } = await import("../../align/spec/derive-spec.js");
  const { inferChainSpec } = await import("../../align/spec/infer-chain-spec.js");
  const { checkSpec } = await import("../../align/spec/permutation-spec.js");
  const { serializeSpec } = await import("../../align/spec/serialize-spec.js");
  const spec =
    given ?? (network === undefined ? inferChainSpec(state, { source: path }) : derivePermutationSpec(network));
  checkSpec(spec, state, { source: path });
  return [serializeSpec(spec, { format: "yaml" }).trimEnd(), JSON.parse(serializeSpec(spec, { format: "json" }))];
}
