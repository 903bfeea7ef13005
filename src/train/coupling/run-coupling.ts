import { drain } from "../../core/drain.js";
import { type CoupleEvent, type CoupleOptions, type CoupleReport, couple } from "./couple.js";
import type { CoupledNetwork } from "./coupling-options.js";

/**
 * Trains coupled to the end, for callers who do not want each step: {@link couple} as a promise.
 *
 * @throws as {@link couple}
 */
export async function runCoupling(
  networks: readonly CoupledNetwork[],
  options: CoupleOptions & { readonly onEvent?: (event: CoupleEvent) => void },
): Promise<CoupleReport> {
  return drain(couple(networks, options), options.onEvent);
}
