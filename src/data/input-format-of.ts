import { OnebasinError } from "../core/errors.js";
import type { Network } from "../network/graph.js";
import type { InputFormat } from "./input-format.js";

/**
 * The form in which a network wants its images: channels and size are its input's; pixels run from −1 to 1 unless
 * told otherwise.
 *
 * @throws `unsupported` when its input is not [n, 1 or 3, size, size]
 */
export function inputFormatOf(
  network: Network,
  { normalise = "[-1,1]" }: { readonly normalise?: InputFormat["normalise"] } = {},
): InputFormat {
  const [{ name, shape = [] }] = network.inputs;
  const [, channels, height, width] = shape;
  if (shape.length === 4 && (channels === 1 || channels === 3) && typeof height === "number" && height === width) {
    return { channels, size: height, normalise };
  }
  throw new OnebasinError(
    "unsupported",
    `${network.name} takes "${name}" [${shape.join(", ")}]; images are [n, 1 or 3, size, size].`,
  );
}
