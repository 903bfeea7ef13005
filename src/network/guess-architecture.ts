import type { Shape } from "../tensor/shape.js";
import { architectures } from "./architectures.gen.js";
import { checkStateDict } from "./check-state-dict.js";
import { type ChosenArchitecture, chooseArchitecture } from "./parse-architecture.js";

/**
 * The built-in architecture whose keys and shapes a state dict has, or `undefined`. What leaves no trace in the
 * shapes (the size of the images of a network with global pooling) is at its default.
 *
 * @param entries by key, in any order
 */
export function guessArchitecture(
  entries: ReadonlyMap<string, { readonly shape: Shape }>,
): ChosenArchitecture | undefined {
  const shapes = new Map([...entries].map(([key, { shape }]) => [key, shape]));
  for (const architecture of architectures) {
    const values = architecture.guess(shapes);
    if (values === undefined) continue;
    const chosen = tryToChoose(() => chooseArchitecture(architecture, values));
    if (chosen === undefined) continue;
    if (checkStateDict(chosen.network, entries, { source: "the state dict" }).length === 0) return chosen;
  }
  return undefined;
}

/** Guessed options may be out of range, which only means that the guess was wrong. */
function tryToChoose(choose: () => ChosenArchitecture): ChosenArchitecture | undefined {
  try {
    return choose();
  } catch {
    return undefined;
  }
}
