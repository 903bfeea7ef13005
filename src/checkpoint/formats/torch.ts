import { defineFormat } from "../format.js";
import { latin1 } from "../pickle/machine.js";
import { layoutTorch } from "../torch/layout.js";
import { readTorch } from "../torch/read-torch.js";

/** A zip file, or a pickle of protocol 2 to 5. */
const BEGINNINGS = ["PK\x03\x04", "\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05"];
/** A pickle of protocol 0 that begins with the name of a class or function, or with arguments for one. */
const TEXT_PICKLE = /^\(*(?:[SVILF].*\n)*[ci][\w.]+\n[\w.]+\n/;

/**
 * What `torch.save` writes: a zip file since PyTorch 1.6, a row of pickles before.
 *
 * @source `torch/serialization.py` of PyTorch 2.13
 */
export const torch = defineFormat({
  id: "torch",
  title: "PyTorch",
  extensions: [".pth", ".pt", ".bin", ".ckpt"],
  nests: true,
  matches: (head) => {
    const text = latin1(head);
    return BEGINNINGS.some((beginning) => text.startsWith(beginning)) || TEXT_PICKLE.test(text);
  },
  read: readTorch,
  layout: layoutTorch,
});
