import type { Kernels } from "../../kernels/load-kernels.js";
import type { DType } from "../../tensor/dtype.js";
import { BLOCK } from "./job-buffers.js";

/** From stored bytes to a register; gives the count of elements that are not finite. */
type Loader = (to: number, from: number, n: number) => number;

/** Narrow formats reach f64 by way of f32, which holds them exactly. */
export function loader(dtype: DType, precision: "f32" | "f64", { functions }: Kernels): Loader {
  if (precision === "f32") return functions[`load_${dtype}`];
  if (dtype === "f64") return functions.loadWide_f64;
  const narrow = functions[`load_${dtype}`];
  const widen = functions.store_f64;
  return (to, from, n) => {
    // The f32 values go to the upper half of the f64 register: each is read before its place is written.
    const upper = to + BLOCK * 4;
    const count = narrow(upper, from, n);
    widen(to, upper, n);
    return count;
  };
}
