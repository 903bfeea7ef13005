import fc from "fast-check";
import { expect, test } from "vitest";
import { assembleOutput } from "../../test/support/assemble-output.js";
import { sampleTensor } from "../../test/support/sample-state-dict.js";
import { OnebasinError } from "../core/errors.js";
import { DTYPES, dtypeBytes } from "../tensor/dtype.js";
import { elementCount } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { bytesSource } from "./byte-source.js";
import { formats } from "./formats.gen.js";
import type { OutputTensor } from "./layout.js";
import { openCheckpoint } from "./open-checkpoint.js";
import { readTensor } from "./read-tensor.js";

const written = formats.flatMap(({ id, layout, extensions }) =>
  layout === undefined ? [] : [{ id, layout, fileName: `m${extensions[0]}` }],
);

test("ids and titles differ, and extensions begin with a dot", () => {
  expect(new Set(formats.map(({ id }) => id)).size).toBe(formats.length);
  expect(new Set(formats.map(({ title }) => title)).size).toBe(formats.length);
  expect(formats.flatMap(({ extensions }) => extensions)).toSatisfy((all: string[]) =>
    all.every((e) => /^\.\w+$/.test(e)),
  );
});

/** State dicts of any keys, shapes and dtypes, a few of them tied. */
const stateDicts = (dtypes: readonly (typeof DTYPES)[number][]) =>
  fc.uniqueArray(
    fc.record({
      key: fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: "binary", maxLength: 6 })),
      dtype: fc.constantFrom(...dtypes),
      shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }),
      tied: fc.boolean(),
    }),
    { selector: ({ key }) => key, maxLength: 12 },
  );

test.each(written)("$id: any state dict is read back bit for bit", async ({ layout, fileName }) => {
  const dtypes = DTYPES.filter((dtype) => isWritable(() => layout([{ key: "k", dtype, shape: [1] }], { fileName })));
  const property = fc.asyncProperty(stateDicts(dtypes), async (described) => {
    const tensors = new Map(described.map((it, i) => [it.key, sampleTensor(it.dtype, it.shape, it.tied ? 7 : i)]));
    const outputs = described.map((it): OutputTensor => ({ ...it, tie: it.tied ? "t" : undefined }));
    const bytes = assembleOutput(layout(outputs, { fileName }), tensors).get(fileName)!;
    const checkpoint = await openCheckpoint(bytesSource(fileName, bytes));
    const read = new Map<string, Tensor>();
    for (const key of checkpoint.entries.keys()) read.set(key, await readTensor(checkpoint, key));
    expect([...read]).toEqual([...tensors]);
  });
  await fc.assert(property, { numRuns: 150 });
});

test.each(written)(
  "$id: everything has its own place in the file, and all of the file is planned",
  ({ layout, fileName }) => {
    const outputs = Array.from({ length: 5 }, (_, i): OutputTensor => ({ key: `k${i}`, dtype: "f32", shape: [i, 3] }));
    const { files, placements } = layout(outputs, { fileName });
    const spans = outputs.map(({ key, shape, dtype }) => {
      const begin = placements.get(key)!.position;
      return { begin, end: begin + elementCount(shape) * dtypeBytes(dtype) };
    });
    for (const { position, bytes } of files[0].segments) spans.push({ begin: position, end: position + bytes.length });
    spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
    let reached = 0;
    for (const { begin, end } of spans) {
      expect(begin).toBe(reached);
      reached = end;
    }
    expect(reached).toBe(files[0].size);
  },
);

test.each(written)("$id: dtypes that cannot be written are refused all at once", ({ layout, fileName }) => {
  const refused = DTYPES.filter((dtype) => !isWritable(() => layout([{ key: "k", dtype, shape: [1] }], { fileName })));
  const outputs = refused.map((dtype): OutputTensor => ({ key: dtype, dtype, shape: [1] }));
  let problems = 0;
  try {
    layout(outputs, { fileName });
  } catch (error) {
    expect(error).toMatchObject({ code: "unsupported" });
    problems = Math.max(1, (error as OnebasinError).problems.length);
  }
  expect(problems).toBe(refused.length);
});

function isWritable(plan: () => unknown): boolean {
  try {
    plan();
    return true;
  } catch (error) {
    if (error instanceof OnebasinError && error.code === "unsupported") return false;
    throw error;
  }
}
