import { defineFormat } from "../format.js";
import { readOnnx } from "../onnx/read.js";

/** The tags that follow `ir_version` in a model: producer, domain, version, graph, opset, metadata. */
const SECOND_TAGS: ReadonlySet<number> = new Set([0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72]);

/**
 * The initialisers of an ONNX model. Only read: writing one takes the graph as well.
 *
 * @source `onnx.proto` of ONNX 1.23
 */
export const onnx = defineFormat({
  id: "onnx",
  title: "ONNX",
  extensions: [".onnx"],
  // No magic number: the field `ir_version`, a small number, and then one of the others.
  matches: (head) => head[0] === 0x08 && head[1] > 0 && head[1] < 0x80 && SECOND_TAGS.has(head[2]),
  read: readOnnx,
});
