import { createGraphBuilder } from "../network/graph-builder.js";
import { serializeOnnx } from "../network/onnx/serialize-onnx.js";
import type { Runtime, RuntimeOptions } from "../network/runtime.js";
import { floatsTensor, tensorFloats } from "../tensor/float32.js";

/** Products of matrices in f32, by the runtime. Owns its memory until closed. */
export interface MatrixProduct {
  /**
   *     out = aᵀ · b
   *
   * Cost: 2 · rows · aColumns · bColumns operations.
   *
   * @param a [rows, aColumns]
   * @param b [rows, bColumns]
   * @returns [aColumns, bColumns]
   */
  transposed(
    a: Float32Array,
    b: Float32Array,
    size: { readonly rows: number; readonly aColumns: number; readonly bColumns: number },
  ): Promise<Float32Array>;
  close(): Promise<void>;
}

export async function createMatrixProduct(runtime: Runtime, options: RuntimeOptions = {}): Promise<MatrixProduct> {
  const build = createGraphBuilder("product");
  const [a, b] = [build.input("a", "f32", ["rows", "i"]), build.input("b", "f32", ["rows", "j"])];
  build.output(build.node("Gemm", [a, b], { transA: { int: 1 } }), "f32", { as: "out" });
  const session = await runtime.createSession(serializeOnnx(build.build()), options);
  return {
    async transposed(left, right, { rows, aColumns, bColumns }) {
      const { out } = await session.run({
        a: floatsTensor([rows, aColumns], left),
        b: floatsTensor([rows, bColumns], right),
      });
      return tensorFloats(out);
    },
    close: () => session.close(),
  };
}
