import type { ByteSource } from "../checkpoint/byte-source.js";
import { closeCheckpoint } from "../checkpoint/checkpoint.js";
import { type DiffReport, diff } from "../merge/diff/diff.js";
import type { JobBackend } from "../merge/execute/job.js";
import type { Workload } from "../merge/execute/workload.js";
import { asCheckpoint, type Locator, type ModelInput } from "./model-input.js";

export interface DiffServices<Address> extends Locator<Address> {
  readonly openBackend: (sources: readonly ByteSource[], work: Workload) => Promise<JobBackend>;
}

/** Opens two models, compares them and closes them. */
export async function diffModels<Address>(
  a: ModelInput<Address>,
  b: ModelInput<Address>,
  services: DiffServices<Address>,
): Promise<DiffReport> {
  const first = await asCheckpoint(a, "a", services);
  const second = await asCheckpoint(b, "b", services);
  try {
    return await diff(first, second, (work) => services.openBackend([...first.sources, ...second.sources], work));
  } finally {
    await Promise.all([closeCheckpoint(first), closeCheckpoint(second)]);
  }
}
