import type { Tensor } from "../tensor/tensor.js";

/** Runs ONNX models: onnxruntime-node in a program, onnxruntime-web in a page. Loaded only when first used. */
export interface Runtime {
  /** @throws `bad-file` when the runtime refuses the model */
  createSession(model: Uint8Array, options?: RuntimeOptions): Promise<RuntimeSession>;
}

export interface RuntimeOptions {
  /** ≥ 1; how many threads one run may use. Default: as many as the machine has cores. */
  readonly threads?: number;
}

/** A loaded model. Owns the runtime's memory until closed. */
export interface RuntimeSession {
  /** Runs the whole graph; gives every output by name. Inputs are not copied and must not change meanwhile. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
  /** Safe to call twice. */
  close(): Promise<void>;
}
