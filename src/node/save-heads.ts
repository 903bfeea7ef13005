import { join } from "node:path";
import type { Network } from "../network/graph.js";
import { serializeOnnx } from "../network/onnx/serialize-onnx.js";
import type { StateDict } from "../tensor/tensor.js";
import { save } from "./index.js";
import { makeFolder } from "./make-folder.js";
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
  await makeFolder(folder);
  const files = { network: join(folder, `${name}.onnx`), checkpoint: join(folder, `${name}.safetensors`) };
  await writeBytes(files.network, serializeOnnx(network, { state }));
  await save(state, files.checkpoint, {});
  return files;
}
