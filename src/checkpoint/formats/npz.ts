import { defineFormat } from "../format.js";
import { layoutNpz } from "../npz/layout.js";
import { readNpz } from "../npz/read.js";
import { LOCAL_HEADER, viewOf } from "../zip/records.js";

/**
 * A zip file of `.npy` arrays, as `numpy.savez` and `numpy.savez_compressed` write it.
 *
 * @source NumPy's description of the format, `numpy.lib.format`
 */
export const npz = defineFormat({
  id: "npz",
  title: "NumPy (.npz)",
  extensions: [".npz"],
  matches: (head, source) => {
    if (head.length < LOCAL_HEADER.bytes || viewOf(head).getUint32(0, true) !== LOCAL_HEADER.signature) return false;
    if (source.name.toLowerCase().endsWith(".npz")) return true;
    const nameEnd = LOCAL_HEADER.bytes + viewOf(head).getUint16(26, true);
    return new TextDecoder().decode(head.subarray(LOCAL_HEADER.bytes, nameEnd)).endsWith(".npy");
  },
  read: readNpz,
  layout: layoutNpz,
});
