import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { OnebasinError } from "../core/errors.js";
import type { Network } from "../network/graph.js";
import { serializeOnnx } from "../network/onnx/serialize-onnx.js";
import type { StateDict } from "../tensor/tensor.js";
import { save } from "./index.js";
import { writeBytes } from "./training-files.js";

/**
 * Writes a network with several heads as `NAME.onnx` and its tensors as `NAME.safetensors`. The folder is made.
 *
 * @throws `io`
 */
export async function saveHeads(
  folder: string,
  { network, state }: { readonly network: Network; readonly state: StateDict },
  { name }: { readonly name: string },
): Promise<{ readonly network: string; readonly checkpoint: string }> {
  await mkdir(folder, { recursive: true }).catch((cause: Error) => {
    throw new OnebasinError("io", `The folder ${folder} cannot be made: ${cause.message}.`, { cause });
  });
  const files = { network: join(folder, `${name}.onnx`), checkpoint: join(folder, `${name}.safetensors`) };
  await writeBytes(files.network, serializeOnnx(network, { state }));
  await save(state, files.checkpoint, {});
  return files;
}
