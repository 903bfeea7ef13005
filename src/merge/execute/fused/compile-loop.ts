import { encodeModule } from "../../../kernels/wasm/encode-module.js";
import type { Loop, LoopBinding } from "./loop.js";
import { bufferName, inputName, OUTPUT_NAME, scalarName } from "./loop-writer.js";
import { writeLoop } from "./write-loop.js";

/** A loop that runs on the memory of its compiler. */
export interface CompiledLoop {
  /** Goes over `n` elements, a multiple of `TURN` above 0, from `at` elements into the granule, `to` into the output. */
  readonly run: (at: number, to: number, n: number) => void;
  /** Sets what the job says, as far as the loop uses it. */
  readonly bind: (binding: LoopBinding) => void;
}

export type LoopCompiler = (loop: Loop) => Promise<CompiledLoop>;

/** Loops kept; a merge has a few, one for each kind of formula and shape of rows. */
const MAX_KEPT = 256;

/** Makes a function that compiles loops, each once however many jobs have it. */
export function createLoopCompiler(memory: WebAssembly.Memory): LoopCompiler {
  const kept = new Map<string, Promise<CompiledLoop>>();
  return (loop) => {
    const key = JSON.stringify(loop);
    let compiled = kept.get(key);
    if (compiled === undefined) {
      if (kept.size >= MAX_KEPT) kept.clear();
      compiled = compileLoop(loop, memory);
      kept.set(key, compiled);
    }
    return compiled;
  };
}

async function compileLoop(loop: Loop, memory: WebAssembly.Memory): Promise<CompiledLoop> {
  const { instance } = await WebAssembly.instantiate(encodeModule(writeLoop(loop)), { env: { memory } });
  const { run, ...globals } = instance.exports as { run: CompiledLoop["run"] } & Record<string, WebAssembly.Global>;
  return {
    run,
    bind: ({ scalars, inputs, output, buffers }) => {
      const set = (name: string, value: number): void => {
        if (globals[name] !== undefined) globals[name].value = value;
      };
      for (const [i, value] of scalars.entries()) set(scalarName(i), value);
      for (const [i, address] of inputs.entries()) set(inputName(i), address);
      for (const [i, address] of buffers.entries()) set(bufferName(i), address);
      set(OUTPUT_NAME, output);
    },
  };
}
