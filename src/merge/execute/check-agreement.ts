import { OnebasinError, throwProblems } from "../../core/errors.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import { elementCount } from "../../tensor/shape.js";
import type { PlannedTensor, TensorPlan } from "../plan.js";
import { inputRefOf } from "./input-ref.js";
import { GRANULE } from "./job.js";
import { readRangeInto } from "./read-range-into.js";
import { sourceIO } from "./source-io.js";

/**
 * Compares the tensors that are copied from the first model on the condition that all models hold the same.
 *
 * @throws `mismatch`, all such keys together
 */
export async function checkAgreement(plan: TensorPlan): Promise<void> {
  const problems: OnebasinError[] = [];
  for (const tensor of plan.tensors) {
    if (!tensor.mustAgree) continue;
    const other = await firstDifferent(tensor, plan);
    if (other === undefined) continue;
    const [first, second] = [0, other].map((i) => plan.sourceNames[tensor.inputs[i].source]);
    problems.push(
      new OnebasinError("mismatch", `Key "${tensor.key}" (${tensor.dtype}) differs between ${first} and ${second}.`, {
        hint: `Whole numbers are never averaged. Take them from one model: --rule '${tensor.key}: copy NAME'`,
      }),
    );
  }
  throwProblems(problems, "the merge");
}

async function firstDifferent(tensor: PlannedTensor, plan: TensorPlan): Promise<number | undefined> {
  const io = sourceIO(plan.sources);
  const elements = elementCount(tensor.shape);
  const bytes = dtypeBytes(tensor.dtype);
  for (let start = 0; start < elements; start += GRANULE) {
    const end = Math.min(elements, start + GRANULE);
    const pieces = tensor.inputs.map(() => new Uint8Array((end - start) * bytes));
    for (const [i, input] of tensor.inputs.entries()) {
      await readRangeInto(io, inputRefOf(input), { start, end, target: pieces[i] });
    }
    const other = pieces.findIndex((piece) => piece.some((byte, at) => byte !== pieces[0][at]));
    if (other >= 0) return other;
  }
  return undefined;
}
