import { expect, test } from "vitest";
import { assembleOutput, crc32 as plainCrc32 } from "../../../test/support/assemble-output.js";
import { sampleTensor } from "../../../test/support/sample-state-dict.js";
import { bytesSource } from "../byte-source.js";
import { combineCrc32, crc32 } from "../crc32.js";
import { layoutZip } from "./layout.js";
import { readZipDirectory } from "./read-directory.js";
import { readZipEntry } from "./read-entry.js";

test("an entry holds its head and then its tensor, with the checksum of both", async () => {
  const tensor = sampleTensor("u8", [1000], 1);
  const head = Uint8Array.of(1, 2, 3);
  const { file, positions } = layoutZip("a.zip", [{ name: "x/é", head, tensor: { key: "t", bytes: 1000 } }]);
  const placements = new Map([["t", { file: 0, position: positions.get("t")! }]]);
  const bytes = assembleOutput({ files: [file], placements }, new Map([["t", tensor]])).get("a.zip")!;
  const directory = await readZipDirectory(bytesSource("a.zip", bytes));
  const entry = directory.entries.get("x/é")!;
  const content = await readZipEntry(directory, entry, 2000);
  expect(content).toEqual(Uint8Array.from([...head, ...tensor.bytes]));
  expect(entry.crc).toBe(plainCrc32(content));
});

test("more entries than 16 bits can count are found again", async () => {
  const contents = Array.from({ length: 65_600 }, (_, i) => ({ name: `${i}`, head: Uint8Array.of(i & 0xff) }));
  const { file } = layoutZip("a.zip", contents);
  const bytes = assembleOutput({ files: [file], placements: new Map() }, new Map()).get("a.zip")!;
  const directory = await readZipDirectory(bytesSource("a.zip", bytes));
  expect(directory.entries.size).toBe(65_600);
  expect(await readZipEntry(directory, directory.entries.get("65599")!, 10)).toEqual(Uint8Array.of(65_599 & 0xff));
});

test.each([0, 1, 2, 63, 64, 1000])("checksums are combined over %d bytes", (length) => {
  const first = sampleTensor("u8", [77], 2).bytes;
  const second = sampleTensor("u8", [length], 3).bytes;
  const whole = Uint8Array.from([...first, ...second]);
  expect(combineCrc32(crc32(first), crc32(second), length)).toBe(plainCrc32(whole));
});
