import { tensorFloats } from "../tensor/float32.js";
import { createTensor } from "../tensor/tensor.js";
import { nchwc } from "./blocked/nchwc.js";
import { createGraphBuilder } from "./graph-builder.js";
import { serializeOnnx } from "./onnx/serialize-onnx.js";
import type { Runtime } from "./runtime.js";

const known = new WeakMap<Runtime, Promise<number | undefined>>();

/**
 * How many channels the runtime's blocked operators hold in a block on this machine, or `undefined` when it does not
 * have them. Asked once per runtime.
 */
export function findChannelBlock(runtime: Runtime): Promise<number | undefined> {
  const asked = known.get(runtime) ?? probe(runtime);
  known.set(runtime, asked);
  return asked;
}

/** Four channels of one place come back as one block. */
async function probe(runtime: Runtime): Promise<number | undefined> {
  const build = createGraphBuilder("probe");
  const x = build.input("x", "f32", [1, 4, 1, 1]);
  build.output(nchwc(build, "ReorderInput", [x]), "f32", { as: "y" });
  try {
    const session = await runtime.createSession(serializeOnnx(build.build()), { threads: 1 });
    const { y } = await session.run({ x: createTensor("f32", [1, 4, 1, 1], [1, 2, 3, 4]) });
    await session.close();
    const block = y.shape[1];
    return tensorFloats(y).length === block && block >= 8 ? block : undefined;
  } catch {
    return undefined;
  }
}
