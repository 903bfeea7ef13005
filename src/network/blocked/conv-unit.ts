import { floatAttribute } from "../attributes.js";
import { USUAL_EPSILON, USUAL_MOMENTUM } from "../batch-norm-defaults.js";
import type { GraphNode } from "../graph.js";
import type { GraphBuilder } from "../graph-builder.js";
import { type StateLayout, vectorLayout } from "../state-layout.js";
import type { Unit, UnitContext } from "../unit.js";
import { type BatchNormForward, batchNormBackward, batchNormForward } from "./batch-norm.js";
import { channelMean, isPositive, perFold, zeroVector } from "./channels.js";
import { convForward, convInputGradient, convWeightGradient } from "./conv.js";
import { type BlockedConv, convWeightLayout } from "./conv-weight.js";
import { type BlockedLayout, narrowFold, wideChannels, widenFold } from "./layout.js";
import type { ConvStage } from "./match-stages.js";
import { type MaxPoolForward, maxPoolBackward, maxPoolForward } from "./max-pool.js";

export interface ConvUnitOptions {
  readonly from: BlockedLayout;
  /** After the convolution, before the pool. */
  readonly to: BlockedLayout;
}

/** The layout behind a stage. */
export const pooledLayout = (layout: BlockedLayout, pool: boolean): BlockedLayout =>
  pool ? { ...layout, height: layout.height / 2, width: layout.width / 2 } : layout;

/** Computed in the fold of the input, then moved to that of the output. */
function blockedConv({ window }: ConvStage, { from, to }: ConvUnitOptions): BlockedConv {
  const kernel = [window.kernel[0], window.kernel[1]] as const;
  return { from, out: { ...to, fold: from.fold }, kernel, padding: [window.padsBegin[0], window.padsBegin[1]] };
}

/** How the unit wants its state to be stored. */
export function convStateLayouts(stage: ConvStage, options: ConvUnitOptions): ReadonlyMap<string, StateLayout> {
  const [, weight, ...biases] = stage.conv.inputs;
  const vector = vectorLayout(options.to.channels, options.to.padded);
  const vectors = [...biases, ...(stage.norm?.inputs.slice(1) ?? [])].map((key) => [key, vector] as const);
  return new Map([[weight, convWeightLayout(blockedConv(stage, options))], ...vectors]);
}

/**
 * A convolution and what follows it as one unit. There is no gradient with respect to plain images of few channels,
 * which are the network's.
 */
export function convUnit(stage: ConvStage, { from, to }: ConvUnitOptions): Unit {
  const { conv: node, norm, relu, pool } = stage;
  const [, weightKey, biasKey] = node.inputs;
  const conv = blockedConv(stage, { from, to });
  const wide = conv.out;
  const out = pooledLayout(to, pool);
  const count = to.images * to.height * to.width;

  let x = "";
  let weight = "";
  let z = "";
  let y = "";
  let normal: { readonly forward: BatchNormForward; readonly keys: NormKeys } | undefined;
  let pooled: MaxPoolForward | undefined;
  return {
    inputs: [stage.input, ...node.inputs.slice(1), ...(norm?.inputs.slice(1) ?? [])],
    outputs: [stage.output],
    forward(context) {
      const { build, read } = context;
      x = read(stage.input, from);
      weight = read(weightKey);
      const keys = norm && normKeys(norm);
      const start = biasOf(context, { biasKey, keys });
      const bias = start === undefined ? undefined : perFold(build, start, from);
      z = convForward(build, conv, { x, weight, bias, relu: relu && norm === undefined && !pool });
      z = narrowFold(build, z, { from: wide, to });
      y = z;
      if (keys !== undefined) {
        const forward = batchNormForward(build, z, {
          ...normParameters(context, norm!),
          layout: to,
          relu: relu && !pool,
        });
        const kept = floatAttribute(norm!, "momentum", USUAL_MOMENTUM);
        // Counted from the running mean until here.
        const mean = build.node("Add", [read(keys.mean), forward.mean]);
        context.updateRunning(keys.mean, mean, { old: kept, now: 1 - kept });
        const unbiased = ((1 - kept) * count) / Math.max(1, count - 1);
        context.updateRunning(keys.variance, forward.variance, { old: kept, now: unbiased });
        normal = { forward, keys };
        y = forward.y;
      }
      if (pool) {
        pooled = maxPoolForward(build, y, { from: to, out, relu });
        y = pooled.y;
      }
      context.write(stage.output, y, out);
    },
    backward(context) {
      const { build, wants, addGradient } = context;
      let gradient = context.gradientOf(stage.output, out)!;
      if (relu) gradient = build.node("Mul", [gradient, isPositive(build, y, wideChannels(out))]);
      let mean = channelMean(build, gradient, out);
      if (pooled !== undefined) {
        mean = build.node("Mul", [mean, build.floats(1 / 4)]);
        gradient = maxPoolBackward(build, { gradient, forward: pooled, from: to });
      }
      if (normal !== undefined) {
        const { forward, keys } = normal;
        const found = batchNormBackward(build, { z, gradient, forward, layout: to, count, gradientMean: mean });
        addGradient(keys.scale, found.scale);
        addGradient(keys.shift, found.shift);
        gradient = found.z;
      }
      if (biasKey !== undefined)
        addGradient(biasKey, biasGradient(build, { mean, count, normal: norm !== undefined, to }));
      gradient = widenFold(build, gradient, { from: wide, to });
      if (wants(weightKey)) addGradient(weightKey, convWeightGradient(build, conv, { x, gradient }));
      if (wants(stage.input)) addGradient(stage.input, convInputGradient(build, conv, { gradient, weight }), from);
    },
  };
}

interface NormKeys {
  readonly scale: string;
  readonly shift: string;
  readonly mean: string;
  readonly variance: string;
}

const normKeys = ({ inputs: [, scale, shift, mean, variance] }: GraphNode): NormKeys => ({
  scale,
  shift,
  mean,
  variance,
});

const normParameters = ({ read }: UnitContext, norm: GraphNode) => ({
  scale: read(normKeys(norm).scale),
  shift: read(normKeys(norm).shift),
  epsilon: floatAttribute(norm, "epsilon", USUAL_EPSILON),
});

/** What the convolution adds: its bias, less the running mean where batch normalisation follows. */
function biasOf(
  { build, read }: UnitContext,
  { biasKey, keys }: { readonly biasKey: string | undefined; readonly keys: NormKeys | undefined },
): string | undefined {
  const bias = biasKey === undefined ? undefined : read(biasKey);
  if (keys === undefined) return bias;
  const mean = read(keys.mean);
  return bias === undefined ? build.node("Neg", [mean]) : build.node("Sub", [bias, mean]);
}

/** Under batch normalisation a bias has no effect, so its gradient is 0, without the rounding errors of a sum. */
function biasGradient(
  build: GraphBuilder,
  at: { readonly mean: string; readonly count: number; readonly normal: boolean; readonly to: BlockedLayout },
): string {
  return at.normal ? zeroVector(build, at.to.padded) : build.node("Mul", [at.mean, build.floats(at.count)]);
}
