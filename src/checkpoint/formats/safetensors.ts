import { defineFormat } from "../format.js";
import { layoutSafetensors } from "../safetensors/layout.js";
import { readSafetensors } from "../safetensors/read.js";

/**
 * A JSON header and the tensors after it, without gaps.
 *
 * @source the format's description in the safetensors repository
 */
export const safetensors = defineFormat({
  id: "safetensors",
  title: "safetensors",
  extensions: [".safetensors"],
  // No magic number: the header's length as a 64-bit number, of which the upper half is 0, then its brace.
  matches: (head) => head.length > 8 && head[8] === 0x7b && head.subarray(4, 8).every((byte) => byte === 0),
  read: readSafetensors,
  layout: layoutSafetensors,
  shards: true,
});
