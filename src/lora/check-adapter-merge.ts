import { OnebasinError } from "../core/errors.js";
import { type Shape, sameShape, shapeText } from "../tensor/shape.js";
import type { Adapter } from "./adapter.js";
import type { AdapterMethod } from "./adapter-methods.js";
import type { AdapterPart } from "./adapter-part.js";
import type { MergeAdaptersOptions } from "./merge-adapters-options.js";

/** What is wrong with the options of a merge of adapters, all of it. */
export function optionProblems(
  adapters: readonly Adapter[],
  method: AdapterMethod,
  { weights, density, rank, election }: MergeAdaptersOptions,
): OnebasinError[] {
  const problems: OnebasinError[] = [];
  const wrong = (message: string, hint?: string): void => {
    problems.push(new OnebasinError("bad-argument", message, { hint }));
  };
  if (adapters.length === 0) wrong("There is no adapter to merge.");
  if (weights !== undefined && (weights.length !== adapters.length || !weights.every(Number.isFinite))) {
    wrong(`The weights are ${weights.join(", ")}; expected one number for each of ${adapters.length} adapters.`);
  }
  if (method.thins && density === undefined) {
    wrong(
      `The method "${method.id}" needs a density, the share of elements that stay.`,
      "0.5 keeps half: --density 0.5",
    );
  }
  if (!method.thins && density !== undefined) wrong(`The method "${method.id}" makes no use of a density.`);
  if (density !== undefined && !(density > 0 && density <= 1)) wrong(`The density is ${density}; expected 0 to 1.`);
  if (rank !== undefined && method.on !== "change") {
    wrong(
      `The method "${method.id}" makes no use of a rank.`,
      "Methods that cut to a rank are svd and those that end in _svd.",
    );
  }
  if (rank !== undefined && !(Number.isSafeInteger(rank) && rank > 0))
    wrong(`The rank is ${rank}; expected 1 or more.`);
  if (election !== undefined && !method.by.endsWith("ties")) {
    wrong(`The method "${method.id}" elects no signs.`, "Those with ties in their names do.");
  }
  return problems;
}

/** Why the factors that adapters have for one module cannot be merged; `undefined` when they can. */
export function partsProblem(
  name: string,
  parts: readonly AdapterPart[],
  method: AdapterMethod,
): OnebasinError | undefined {
  const [first, ...others] = parts;
  const withoutRank = ({ module: { kind, a, b } }: AdapterPart): Shape => [
    kind === "embedding" ? 1 : 0,
    b.shape[0],
    ...b.shape.slice(2),
    ...a.shape.slice(1),
  ];
  const other = others.find((part) => !sameShape(withoutRank(part), withoutRank(first)));
  const shapes = ({ module: { a, b } }: AdapterPart): string => `${shapeText(b.shape)} · ${shapeText(a.shape)}`;
  if (other !== undefined) {
    return new OnebasinError(
      "mismatch",
      `Module "${name}": ${first.adapter.name} has ${shapes(first)}, ${other.adapter.name} has ${shapes(other)}.`,
      { hint: "Only adapters of one base model can be merged." },
    );
  }
  const longer = others.find(({ module }) => module.rank !== first.module.rank);
  if (longer === undefined || method.on !== "factors") return undefined;
  return new OnebasinError(
    "mismatch",
    `Module "${name}": ${first.adapter.name} has rank ${first.module.rank}, ${longer.adapter.name} ${longer.module.rank}; "${method.id}" needs equal ranks.`,
    { hint: `Take cat or ${method.id === "linear" ? "svd" : `${method.id}_svd`}, which take any.` },
  );
}
