import { throwProblems } from "../../core/errors.js";
import { type DType, dtypeBytes } from "../../tensor/dtype.js";
import { elementCount, type Shape } from "../../tensor/shape.js";
import { quoted, unsupported } from "../file-errors.js";
import type { LayoutOptions, OutputLayout, OutputTensor } from "../layout.js";
import { layoutZip, type ZipContent } from "../zip/layout.js";
import { NPY_DTYPES } from "./npy-header.js";

/** NumPy pads headers so that the numbers begin at a multiple of this. */
const ALIGNMENT = 64;
const PREFIX = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0] as const;

const CODES = new Map(Object.entries(NPY_DTYPES).map(([code, dtype]) => [dtype, code]));

/**
 * Plans an uncompressed `.npz` file, one array per key in the order given. The format has no room for metadata,
 * and cannot share between tied tensors.
 *
 * @throws `unsupported` for dtypes that NumPy does not have
 */
export function layoutNpz(tensors: readonly OutputTensor[], options: LayoutOptions): OutputLayout {
  throwProblems(
    tensors
      .filter(({ dtype }) => !CODES.has(dtype))
      .map(({ key, dtype }) => {
        const hint = "Convert to f32 or f16, or write another format.";
        return unsupported(options.fileName, `NumPy cannot store ${quoted(key)} as ${dtype}`, hint);
      }),
    options.fileName,
  );
  const contents = tensors.map(
    ({ key, dtype, shape }): ZipContent => ({
      name: `${key}.npy`,
      head: npyHeader(dtype, shape),
      tensor: { key, bytes: elementCount(shape) * dtypeBytes(dtype) },
    }),
  );
  const { file, positions } = layoutZip(options.fileName, contents);
  return { files: [file], placements: new Map([...positions].map(([key, position]) => [key, { file: 0, position }])) };
}

function npyHeader(dtype: DType, shape: Shape): Uint8Array {
  const order = dtypeBytes(dtype) === 1 ? "|" : "<";
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${order}${CODES.get(dtype)}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((PREFIX.length + 2 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(length).fill(0x20);
  bytes.set(PREFIX);
  new DataView(bytes.buffer).setUint16(PREFIX.length, length - PREFIX.length - 2, true);
  bytes.set(new TextEncoder().encode(text), PREFIX.length + 2);
  bytes[length - 1] = 0x0a;
  return bytes;
}
