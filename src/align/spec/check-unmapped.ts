import { OnebasinError, throwProblems } from "../../core/errors.js";
import { sameShape, shapeText } from "../../tensor/shape.js";
import type { StateDict } from "../../tensor/tensor.js";
import type { PermutationSpec } from "./permutation-spec.js";

/**
 * Checks that models of other widths differ only in what the spec maps.
 *
 * @throws `mismatch` with every key that only one of two models has, or that differs and is not mapped
 */
export function checkUnmapped(
  [first, ...others]: readonly StateDict[],
  { spec, names }: { readonly spec: PermutationSpec; readonly names: readonly string[] },
): void {
  const problems: OnebasinError[] = [];
  for (const [i, other] of others.entries()) {
    for (const key of new Set([...first.keys(), ...other.keys()])) {
      const [one, two] = [first.get(key)?.shape, other.get(key)?.shape];
      if (one !== undefined && two !== undefined && (spec.axes.has(key) || sameShape(one, two))) continue;
      const [has, lacks] = [one, two].map((shape) => (shape === undefined ? "nothing" : shapeText(shape)));
      problems.push(
        new OnebasinError("mismatch", `Key "${key}": ${names[0]} has ${has}, ${names[i + 1]} has ${lacks}.`, {
          hint: "Widths may differ; layers, inputs and outputs may not.",
          details: { key },
        }),
      );
    }
  }
  throwProblems(problems, "the models to align");
}
