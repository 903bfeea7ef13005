import type { GraphBuilder } from "../../network/graph-builder.js";
import { createTensor, type Tensor } from "../../tensor/tensor.js";
import type { TrainingStepOptions, Updated } from "../training-step.js";
import { bundleParameters } from "./bundle-parameters.js";
import type { CoupledParameter } from "./coupling-plan.js";

/**
 * How the coupling is stepped: `proximal` solves it exactly after the task's step; `explicit` follows its gradient at
 * the weights before the step.
 */
export const COUPLING_STEPS = ["proximal", "explicit"] as const;

export type CouplingStep = (typeof COUPLING_STEPS)[number];

/** What tied parameters step by: the mean of the networks' own steps, or their sum. */
export const TIED_STEPS = ["mean", "sum"] as const;

export type TiedStep = (typeof TIED_STEPS)[number];

export interface PullOptions {
  /** Number of networks; from 2. */
  readonly count: number;
  readonly parameters: readonly CoupledParameter[];
  readonly step: CouplingStep;
  readonly tied: TiedStep;
}

/** The pull between networks, as nodes after the optimizer of a training step that has them as its parts. */
export interface Pull {
  /** For `buildTrainingStep`. */
  readonly adjust: NonNullable<TrainingStepOptions["adjust"]>;
  /** What those nodes are fed in a step: `lambda` in [0, ∞), `rate` > 0. */
  readonly feeds: (at: { readonly lambda: number; readonly rate: number }) => Readonly<Record<string, Tensor>>;
}

/**
 * The share of its way to the mean that each of N networks goes in a step, for s = 2·λ·c·rate. Network i is pulled to
 * the mean of the others: the loss added to its own is λ·c·‖wᵢ − mean of the others‖². The others lie N/(N − 1) times
 * as far away as the mean m of all, and an implicit step, which leaves m in its place, is
 *
 *     wᵢ = uᵢ − p·(wᵢ − m),   so   wᵢ = uᵢ + p/(1 + p)·(m − uᵢ),   p = s·N/(N − 1)
 *
 * The explicit step goes the share p of the way that there was before it. For two networks p = 2s, and the implicit
 * step is w_A = u_A + s/(1 + 2s)·(u_B − u_A).
 */
export function pullShare(s: number, { count, step }: { readonly count: number; readonly step: CouplingStep }): number {
  const pull = (s * count) / (count - 1);
  return step === "explicit" ? pull : 1 / (1 + 1 / pull);
}

/** An explicit step that goes further than twice the way overshoots more with every step. */
export const LARGEST_STABLE_SHARE = 2;

const shareInput = (index: number): string => `@pull${index}`;

/**
 * Builds the pull. Parameters of strength 0 are left alone, without a node; those of infinite strength are set to one
 * and the same value. All of it works element by element.
 *
 * Cost: for two networks four passes over each parameter, two where they are tied.
 */
export function createPull({ count, parameters, step, tied }: PullOptions): Pull {
  const strengths = [...new Set(parameters.map(({ strength }) => strength))].filter(
    (strength) => strength > 0 && strength < Number.POSITIVE_INFINITY,
  );
  return {
    adjust(build, updated: readonly Updated[]) {
      const shares = strengths.map((_, index) => build.input(shareInput(index), "f32", [1]));
      const bundled = bundleParameters(build, updated, { count, parameters });
      for (const { strength, before, after, replace } of bundled.bundles) {
        if (strength === 0) continue;
        if (strength === Number.POSITIVE_INFINITY) {
          const one = tied === "sum" ? sumOfSteps(build, after, before()[0]) : mean(build, after);
          replace(after.map(() => one));
          continue;
        }
        const share = shares[strengths.indexOf(strength)];
        replace(pullTogether(build, after, { from: step === "explicit" ? before() : after, share }));
      }
      return bundled.replaced();
    },
    feeds({ lambda, rate }) {
      const feed = (strength: number): Tensor => {
        const share = pullShare(2 * lambda * strength * rate, { count, step });
        // Two networks go half of it along the line between them.
        return createTensor("f32", [1], [count === 2 ? share / 2 : share]);
      };
      return Object.fromEntries(strengths.map((strength, index) => [shareInput(index), feed(strength)]));
    },
  };
}

/** Moves every value of `stepped` by a share of the way from its own place among `from` to the mean of those. */
function pullTogether(
  build: GraphBuilder,
  stepped: readonly string[],
  { from, share }: { readonly from: readonly string[]; readonly share: string },
): readonly string[] {
  if (stepped.length === 2) {
    const pull = build.node("Mul", [build.node("Sub", [from[1], from[0]]), share]);
    return [build.node("Add", [stepped[0], pull]), build.node("Sub", [stepped[1], pull])];
  }
  const middle = mean(build, from);
  return stepped.map((value, index) => {
    const way = build.node("Sub", [middle, from[index]]);
    return build.node("Add", [value, build.node("Mul", [way, share])]);
  });
}

const sum = (build: GraphBuilder, values: readonly string[]): string =>
  values.reduce((sofar, value) => build.node("Add", [sofar, value]));

const mean = (build: GraphBuilder, values: readonly string[]): string =>
  build.node("Mul", [sum(build, values), build.scalar(1 / values.length)]);

/** Where all steps together lead from one place. */
function sumOfSteps(build: GraphBuilder, stepped: readonly string[], old: string): string {
  const steps = stepped.map((value) => build.node("Sub", [value, old]));
  return build.node("Add", [old, sum(build, steps)]);
}
