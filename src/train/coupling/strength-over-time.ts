/** How the strength of the coupling changes during a run. */
export type StrengthOverTime = "constant" | "ramp" | "anneal";

export const STRENGTHS_OVER_TIME: readonly StrengthOverTime[] = ["constant", "ramp", "anneal"];

/**
 * What λ is multiplied with in a step: 1 throughout, or rising in a straight line to 1 in the last step, or falling
 * from 1 in the first.
 *
 * @param step counts from 0
 * @returns in (0, 1]
 */
export function strengthFactor(
  over: StrengthOverTime,
  { step, steps }: { readonly step: number; readonly steps: number },
): number {
  if (over === "ramp") return (step + 1) / steps;
  return over === "anneal" ? 1 - step / steps : 1;
}
