import { OnebasinError, throwProblems } from "../../core/errors.js";
import { classProblems } from "../class-problems.js";
import type { CoupledNetwork, CouplingOptions } from "./coupling-options.js";
import { type CoupledParameter, type CouplingPlan, planCoupling } from "./coupling-plan.js";
import { type CouplingStep, LARGEST_STABLE_SHARE, pullShare, type TiedStep } from "./coupling-pull.js";
import { strengthFactor } from "./strength-over-time.js";

/**
 * Checks what can be checked before anything is planned.
 *
 * @throws `bad-argument`, `mismatch`
 */
export function checkCoupling(networks: readonly CoupledNetwork[], { lambda, over, step }: CouplingOptions): void {
  if (networks.length < 2) {
    throw new OnebasinError("bad-argument", `Coupling takes two networks or more; got ${networks.length}.`);
  }
  if (!(lambda >= 0)) {
    throw new OnebasinError("bad-argument", `Coupling: lambda is ${lambda}; expected a number from 0 up to infinity.`);
  }
  if (lambda === Number.POSITIVE_INFINITY && over !== undefined && over !== "constant") {
    throw new OnebasinError("bad-argument", `An infinite lambda cannot ${over}.`, {
      hint: "Give a finite one, or leave the strength constant.",
    });
  }
  if (lambda === Number.POSITIVE_INFINITY && step === "explicit") throw unstable("infinite", "any finite lambda");
  throwProblems(
    networks.flatMap(({ network, images }) => classProblems(network, [images])),
    "networks and datasets",
  );
}

/** A coupling with everything filled in. */
export interface ResolvedCoupling {
  readonly plan: CouplingPlan;
  /** As the plan's, with what λ = 0 and λ = ∞ make of strengths. */
  readonly parameters: readonly CoupledParameter[];
  readonly step: CouplingStep;
  readonly tied: TiedStep;
  /** λ of a step, which counts from 0. */
  readonly lambdaAt: (step: number) => number;
}

/**
 * Plans the coupling of a run.
 *
 * @throws `bad-argument` when an explicit step would not be stable, naming the largest λ that is; and as `planCoupling`
 */
export function resolveCoupling(
  networks: readonly CoupledNetwork[],
  options: CouplingOptions & { readonly steps: number; readonly rateAt: (step: number) => number },
): ResolvedCoupling {
  const { lambda, depth = { kind: "constant" }, over = "constant", step = "proximal", tied = "mean" } = options;
  const { steps, rateAt } = options;
  const plan = planCoupling(
    networks.map(({ network }) => network),
    depth,
  );
  const parameters = plan.parameters.map((it) => ({ ...it, strength: effectiveStrength(it.strength, lambda) }));
  const factorAt = (at: number): number => strengthFactor(over, { step: at, steps });
  if (step === "explicit") {
    const strongest = Math.max(...parameters.map(({ strength }) => strength));
    const largest = largestStableLambda(networks.length, { strongest, steps, rateAt, factorAt });
    if (lambda > largest) throw unstable(lambda, `at most ${largest.toPrecision(3)}`);
  }
  const lambdaAt = (at: number): number => (lambda === Number.POSITIVE_INFINITY ? lambda : lambda * factorAt(at));
  return { plan, parameters, step, tied, lambdaAt };
}

function effectiveStrength(strength: number, lambda: number): number {
  if (lambda === 0 || strength === 0) return 0;
  return lambda === Number.POSITIVE_INFINITY ? lambda : strength;
}

/** The λ at which the strongest step of the run goes exactly twice the way to the mean. */
function largestStableLambda(
  count: number,
  run: {
    readonly strongest: number;
    readonly steps: number;
    readonly rateAt: (step: number) => number;
    readonly factorAt: (step: number) => number;
  },
): number {
  let steepest = 0;
  for (let at = 0; at < run.steps; at++) steepest = Math.max(steepest, run.rateAt(at) * run.factorAt(at));
  return LARGEST_STABLE_SHARE / pullShare(2 * steepest * run.strongest, { count, step: "explicit" });
}

function unstable(lambda: number | string, stable: string): OnebasinError {
  return new OnebasinError(
    "bad-argument",
    `The explicit step is not stable with a lambda of ${lambda}: for this learning rate and depth schedule, ${stable} is.`,
    { hint: "Lower it, or take the proximal step, which is stable for all." },
  );
}
