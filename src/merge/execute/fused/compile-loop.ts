import { encodeModule } from "../../../kernels/wasm/encode-module.js";
import type { Loop } from "./loop.js";
import { scalarName } from "./loop-writer.js";
import { writeLoop } from "./write-loop.js";

/** A loop that runs on the memory of its compiler. */
export interface CompiledLoop {
  /** Goes over `n` elements, a multiple of `TURN` above 0, from `at` elements into the granule, `to` into the output. */
  readonly run: (at: number, to: number, n: number) => void;
  /** Sets the scalars of the pass, as far as the loop uses them. */
  readonly setScalars: (scalars: readonly number[]) => void;
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
    setScalars: (scalars) => {
      for (const [i, value] of scalars.entries()) {
        const variable = globals[scalarName(i)];
        if (variable !== undefined) variable.value = value;
      }
    },
  };
}
