import { fileURLToPath } from "node:url";

/** A committed checkpoint that PyTorch, NumPy, safetensors or onnx wrote. */
export const fixtureCheckpoint = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/checkpoints/${name}`, import.meta.url));
