import type { TensorEntry } from "../checkpoint/checkpoint.js";
import { readTensor } from "../checkpoint/read-tensor.js";
import { OnebasinError } from "../core/errors.js";
import { type Adapter, KEY_PREFIX } from "./adapter.js";
import type { AdapterStep } from "./adapter-plan.js";

/**
 * Steps that take over the weights which adapters hold whole: those of modules trained in full, of which only one
 * adapter may have each; and the base's own weights that some store beside the factors of a table, which must be the
 * same in all.
 *
 * @param isAdapted whether a module has factors
 * @returns the steps, and what is wrong
 */
export function wholeSteps(
  adapters: readonly Adapter[],
  isAdapted: (module: string) => boolean,
): { readonly steps: readonly AdapterStep[]; readonly problems: readonly OnebasinError[] } {
  const owners = new Map<string, Adapter[]>();
  for (const adapter of adapters) {
    for (const key of adapter.whole.keys()) owners.set(key, [...(owners.get(key) ?? []), adapter]);
  }
  const problems: OnebasinError[] = [];
  const steps = [...owners].map(([key, owning]): AdapterStep => {
    const [, module = key, name = ""] = /^(.*)\.([^.]+)$/.exec(key) ?? [];
    const isBase = isAdapted(module);
    if (owning.length > 1 && !isBase) problems.push(trainedTwice(key, owning));
    const entry = owning[0].whole.get(key) as TensorEntry;
    const stored = isBase ? `${module}.base_layer.${name}` : key;
    return {
      module,
      tensors: [{ key: KEY_PREFIX + stored, dtype: entry.dtype, shape: entry.shape }],
      make: async () => ({ tensors: [await readSame(key, owning)] }),
    };
  });
  return { steps, problems };
}

function trainedTwice(key: string, owning: readonly Adapter[]): OnebasinError {
  return new OnebasinError(
    "mismatch",
    `${owning.map(({ name }) => name).join(" and ")} each replace "${key}" as a whole.`,
    {
      hint: "Merge each adapter into the base, and then the models, by a recipe of base+adapter.",
    },
  );
}

async function readSame(key: string, owning: readonly Adapter[]) {
  const read = ({ checkpoint, whole }: Adapter) => readTensor(checkpoint, (whole.get(key) as TensorEntry).key);
  const [first, ...others] = await Promise.all(owning.map(read));
  for (const [i, { bytes }] of others.entries()) {
    if (bytes.byteLength === first.bytes.byteLength && bytes.every((byte, at) => byte === first.bytes[at])) continue;
    throw new OnebasinError(
      "mismatch",
      `${owning[0].name} and ${owning[i + 1].name} store "${key}" of their base, and it is not the same.`,
      { hint: "Only adapters of one base model can be merged." },
    );
  }
  return first;
}
