import { availableParallelism } from "node:os";
import type * as Ort from "onnxruntime-node";
import { OnebasinError } from "../core/errors.js";
import type { Runtime, RuntimeSession } from "../network/runtime.js";
import type { DType } from "../tensor/dtype.js";
import { shapeText } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";

/** The runtime that onnxruntime-node brings, on the CPU. The package is loaded when the first model is. */
export const onnxRuntime: Runtime = {
  async createSession(model, { threads = availableParallelism() } = {}) {
    const ort = await loadOnnxRuntime();
    try {
      const session = await ort.InferenceSession.create(model, {
        executionProviders: ["cpu"],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: "all",
        // Errors only: it warns about initialisers that no node reads.
        logSeverityLevel: 3,
        // Gradients that fade into denormals would slow every operation on them down.
        extra: { session: { set_denormal_as_zero: "1" } },
      });
      return createRuntimeSession(ort, session);
    } catch (cause) {
      throw new OnebasinError("bad-file", `ONNX Runtime refuses the graph: ${firstLine(cause)}`, { cause });
    }
  },
};

async function loadOnnxRuntime(): Promise<typeof Ort> {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    throw new OnebasinError("missing-data", `The package onnxruntime-node cannot be loaded: ${firstLine(cause)}`, {
      hint: "It is what runs networks. Install it with: npm install onnxruntime-node",
      cause,
    });
  }
}

function createRuntimeSession(ort: typeof Ort, session: Ort.InferenceSession): RuntimeSession {
  let closed = false;
  return {
    async run(feeds) {
      const inputs: Record<string, Ort.Tensor> = {};
      for (const [name, tensor] of Object.entries(feeds)) inputs[name] = toOrt(ort, name, tensor);
      let results: Ort.InferenceSession.OnnxValueMapType;
      try {
        results = await session.run(inputs);
      } catch (cause) {
        throw new OnebasinError("bad-argument", `ONNX Runtime cannot run the graph: ${firstLine(cause)}`, { cause });
      }
      return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, fromOrt(value as Ort.Tensor)]));
    },
    async close() {
      if (closed) return;
      closed = true;
      await session.release();
    },
  };
}

type NumberArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

/** The dtypes that go in and out of graphs. */
const KINDS: readonly {
  readonly dtype: DType;
  readonly ort: "float32" | "float64" | "int32" | "int64" | "uint8" | "int8" | "bool";
  readonly array: new (buffer: ArrayBufferLike, offset: number, length: number) => NumberArray;
  readonly bytes: number;
}[] = [
  { dtype: "f32", ort: "float32", array: Float32Array, bytes: 4 },
  { dtype: "f64", ort: "float64", array: Float64Array, bytes: 8 },
  { dtype: "i32", ort: "int32", array: Int32Array, bytes: 4 },
  { dtype: "i64", ort: "int64", array: BigInt64Array, bytes: 8 },
  { dtype: "u8", ort: "uint8", array: Uint8Array, bytes: 1 },
  { dtype: "i8", ort: "int8", array: Int8Array, bytes: 1 },
  { dtype: "bool", ort: "bool", array: Uint8Array, bytes: 1 },
];

function toOrt(ort: typeof Ort, name: string, { dtype, shape, bytes }: Tensor): Ort.Tensor {
  const kind = KINDS.find((it) => it.dtype === dtype);
  if (kind === undefined) {
    throw new OnebasinError(
      "unsupported",
      `"${name}" ${shapeText(shape)} is ${dtype}, which networks are not run in.`,
      {
        hint: "Convert it to f32 first.",
      },
    );
  }
  // Typed arrays start at a multiple of their element's size.
  const { buffer, byteOffset } = bytes.byteOffset % kind.bytes === 0 ? bytes : bytes.slice();
  const data = new kind.array(buffer, byteOffset, bytes.byteLength / kind.bytes);
  return new ort.Tensor(kind.ort, data as Float32Array, shape) as Ort.Tensor;
}

function fromOrt(value: Ort.Tensor): Tensor {
  const kind = KINDS.find((it) => it.ort === value.type);
  if (kind === undefined) {
    throw new OnebasinError("unsupported", `A graph gave an output of type ${value.type}, which onebasin cannot read.`);
  }
  const { buffer, byteOffset, byteLength } = value.data as NumberArray;
  return { dtype: kind.dtype, shape: [...value.dims], bytes: new Uint8Array(buffer, byteOffset, byteLength) };
}

const firstLine = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split("\n", 1)[0].trim();
