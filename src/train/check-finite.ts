import { isFloat } from "../tensor/dtype.js";
import { tensorFloats } from "../tensor/float32.js";
import type { StateDict } from "../tensor/tensor.js";
import { divergence } from "./training-settings.js";

/**
 * Refuses the weights that training ends with when they are no longer numbers: a last step too large shows in no loss.
 *
 * @param at the last step, from 1, and its learning rate
 * @throws `non-finite`
 */
export function checkFinite(states: readonly StateDict[], at: { readonly step: number; readonly rate: number }): void {
  for (const state of states) {
    for (const tensor of state.values()) {
      if (isFloat(tensor.dtype) && !tensorFloats(tensor).every((value) => Number.isFinite(value)))
        throw divergence("weights", at);
    }
  }
}
