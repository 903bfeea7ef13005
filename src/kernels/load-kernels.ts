import { kernelsBase64 } from "./kernels.wasm.js";

/** Bytes of one page of WebAssembly memory. */
const PAGE_BYTES = 65536;

/** Arithmetic on blocks in WebAssembly memory; addresses are byte positions in `memory`. */
export interface Kernels {
  readonly memory: WebAssembly.Memory;
  /** First byte free for use. */
  readonly heapBase: number;
  /** By exported name: `add_f32`, `load_bf16`, `sum_f64`, … */
  readonly functions: Readonly<Record<string, (...args: number[]) => number>>;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** The kernels without memory, compiled once for each thread; may be called ahead of time. */
export function compileKernels(): Promise<WebAssembly.Module> {
  compiled ??= WebAssembly.compile(decodeBase64(kernelsBase64));
  return compiled;
}

/**
 * Instantiates the kernels with a memory of their own.
 *
 * @param bytes room needed beyond the module's own data
 */
export async function loadKernels(bytes: number): Promise<Kernels> {
  const memory = new WebAssembly.Memory({ initial: OWN_PAGES + Math.ceil(bytes / PAGE_BYTES) });
  const instance = await WebAssembly.instantiate(await compileKernels(), { env: { memory } });
  const functions = instance.exports as Record<string, (...args: number[]) => number>;
  return { memory, functions, heapBase: align(functions.heapBase()) };
}

/** A plain loop: these are some of the first milliseconds of every command and thread. */
function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** Pages that cover the module's own data (the checksum tables). */
const OWN_PAGES = 1;

/** Rounds an address up to a whole number of vectors. */
export function align(address: number): number {
  return Math.ceil(address / 16) * 16;
}
