import type { GraphBuilder } from "./graph-builder.js";

export interface CrossEntropyOptions {
  /** i64 [n], each in [0, classes) */
  readonly labels: string;
  /** Of the logits: [n, classes] */
  readonly shape: readonly [number, number];
  /** In [0, 1); share of the target that is spread evenly over all classes; default 0. */
  readonly labelSmoothing?: number;
}

export interface CrossEntropy {
  /** Mean over the batch, in nats; a scalar. */
  readonly loss: string;
  /** Number of images whose largest logit is that of their label; a scalar. */
  readonly correct: string;
  /** Of the loss with respect to the logits: (softmax − target) / n. */
  readonly gradient: string;
}

/**
 * Adds softmax and cross-entropy, with the gradient:
 *
 *     loss = −(1/n) Σ target · log softmax(logits),  target = (1 − s)·onehot(label) + s/classes
 *
 * @source agrees with PyTorch's `cross_entropy(…, label_smoothing=s)`
 */
export function emitCrossEntropy(build: GraphBuilder, logits: string, options: CrossEntropyOptions): CrossEntropy {
  const { labels, shape, labelSmoothing = 0 } = options;
  const [n, classes] = shape;
  const spread = labelSmoothing / classes;
  const levels = build.floats(spread, 1 - labelSmoothing + spread);
  const target = build.node("OneHot", [labels, build.ints(classes), levels]);
  const logSoftmax = build.node("LogSoftmax", [logits], { axis: { int: 1 } });
  const products = build.node("Mul", [logSoftmax, target]);
  const total = build.node("ReduceSum", [products], { keepdims: { int: 0 } });
  const difference = build.node("Sub", [build.node("Exp", [logSoftmax]), target]);
  const best = build.node("ArgMax", [logits], { axis: { int: 1 }, keepdims: { int: 0 } });
  const hits = build.node("Cast", [build.node("Equal", [best, labels])], { to: { int: ONNX_FLOAT } });
  return {
    loss: build.node("Mul", [total, build.scalar(-1 / n)]),
    correct: build.node("ReduceSum", [hits], { keepdims: { int: 0 } }),
    gradient: build.node("Mul", [difference, build.scalar(1 / n)]),
  };
}

/** ONNX's number for f32. */
const ONNX_FLOAT = 1;
