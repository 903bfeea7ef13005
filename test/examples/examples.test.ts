import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { runExample } from "../support/run-example.js";

/** Runs every program of `examples/`: it must print what the gallery shows, but for numbers, and show what it claims. */

const examples = fileURLToPath(new URL("../../examples", import.meta.url));
const gallery = await readFile(join(examples, "README.md"), "utf8");
const scratch = await mkdtemp(join(tmpdir(), "onebasin-examples-"));
afterAll(() => rm(scratch, { recursive: true }));

/** Percent right on both kinds of digits, and of both together. */
interface Row {
  readonly name: string;
  readonly pen: number;
  readonly plate: number;
  readonly both: number;
}

/** The rows of the tables that a program printed. */
function rowsOf(output: string): Row[] {
  return [...output.matchAll(/^(.*?) +(\d+) % +(\d+) %$/gm)].map(([, name, pen, plate]) => ({
    name: name.trim(),
    pen: Number(pen),
    plate: Number(plate),
    both: Number(pen) + Number(plate),
  }));
}

const numbersAfter = (output: string, words: string): number[] =>
  [...output.matchAll(new RegExp(`${words} (\\d+(?:\\.\\d+)?)`, "g"))].map(([, number]) => Number(number));

/** Training differs in the last places from processor to processor, and so do results by a few points. */
const masked = (output: string): string =>
  output
    .replaceAll(/\d+(\.\d+)?/g, "#")
    .replaceAll(/█+/g, "█")
    .replaceAll(/ +/g, " ")
    .trim();

/** What each program shows, with room for other processors. */
const claims: Readonly<Record<string, (rows: readonly Row[], output: string) => void>> = {
  "01-add-parameters.ts"(rows) {
    const [a, apart, byHand, fresh, , summed, tuned, ...ofTuned] = rows;
    expect(a.pen).toBeGreaterThan(90);
    expect(apart.plate).toBeGreaterThan(50);
    expect({ ...fresh, name: "" }).toEqual({ ...byHand, name: "" });
    expect(summed.pen).toBeLessThan(60);
    expect(tuned.plate).toBeGreaterThan(65);
    expect({ ...ofTuned[1], name: "" }).toEqual({ ...ofTuned[0], name: "" });
    expect(ofTuned[3].both).toBeGreaterThan(ofTuned[0].both + 10);
  },
  "02-sum-mean-slerp.ts"(rows, output) {
    const [, , ...apart] = rows.slice(0, 5);
    const related = rows.slice(6);
    expect(related).toHaveLength(3);
    for (const [i, { both }] of related.entries()) expect(both).toBeGreaterThan(apart[i].both + 50);
    expect(output).toMatch(/Trained apart.*\n[\s\S]*Fine to average/);
  },
  "03-formula-and-rules.ts"(rows) {
    const [digits, , ...merged] = rows;
    expect(merged).toHaveLength(3);
    for (const { both } of merged.slice(0, 2)) expect(both).toBeGreaterThan(digits.both + 15);
  },
  "04-why-it-fails.ts"(rows, output) {
    const [a, reordered, ofReordered, , ofStrangers, , ofRelatives] = rows;
    expect(reordered).toMatchObject({ pen: a.pen, plate: a.plate });
    expect(ofReordered.pen).toBeLessThan(50);
    expect(ofStrangers.pen).toBeLessThan(50);
    expect(ofRelatives.both).toBeGreaterThan(110);
    expect(output).toContain("fc1 (64 units): fc1.weight, fc1.bias, fc2.weight");
  },
  "05-align.ts"(rows, output) {
    const [, b, plain, aligned, byWeights, , byActivations] = rows;
    expect(aligned).toMatchObject({ pen: b.pen, plate: b.plate });
    expect(byWeights.both).toBeGreaterThan(plain.both + 10);
    expect(byActivations.both).toBeGreaterThan(plain.both + 15);
    expect(numbersAfter(output, "before,")[0]).toBeLessThan(numbersAfter(output, "b:")[0]);
    expect(output.match(/to rounding: true/g)).toHaveLength(2);
  },
  "06-repair.ts"(rows) {
    const [, , plain, repaired, , aligned, alignedRepaired, perDataset] = rows;
    expect(repaired.both).toBeGreaterThan(plain.both + 10);
    expect(alignedRepaired.both).toBeGreaterThan(aligned.both);
    expect(alignedRepaired.both).toBeGreaterThan(repaired.both + 20);
    expect(perDataset.both).toBeGreaterThan(aligned.both + 5);
  },
  async "07-path-and-barrier.ts"(_, output) {
    const [plain, repaired, aligned, alignedRepaired] = numbersAfter(output, "barrier");
    expect(alignedRepaired).toBeLessThan(plain - 0.4);
    expect(alignedRepaired).toBeLessThan(repaired - 0.3);
    expect(alignedRepaired).toBeLessThan(aligned);
    const [, chart] = /Drawn in (\S+)/.exec(output)!;
    expect(await readFile(join(scratch, chart), "utf8")).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  },
  "08-couple.ts"(rows, output) {
    const apart = numbersAfter(output, "networks are");
    expect(apart.toSorted((x, y) => y - x)).toEqual(apart);
    expect(apart[3]).toBe(0);
    const means = rows.filter(({ name }) => name === "mean").map(({ both }) => both);
    expect(means).toHaveLength(4);
    expect(means[2]).toBeGreaterThan(means[0] + 20);
  },
  "09-one-trunk-two-heads.ts"(rows, output) {
    const [pen, plate] = numbersAfter(output, "on \\w+:");
    expect([pen, plate]).toEqual([rows[0].pen, rows[1].plate]);
    expect(plate).toBeGreaterThan(60);
    expect(output).toContain("bn3.bias\n");
  },
  "10-zip.ts"(rows, output) {
    const [, , mean, all, , , first] = rows;
    expect(all.both).toBeGreaterThan(mean.both + 25);
    expect(first.both).toBeGreaterThan(all.both);
    const sizes = numbersAfter(output, "layers,");
    expect(sizes).toHaveLength(4);
    expect(sizes.toSorted((x, y) => x - y)).toEqual(sizes);
  },
};

describe("each example prints what the gallery shows, and shows what it claims", async () => {
  const programs = (await readdir(examples)).filter((name) => name.endsWith(".ts")).sort();

  test.each(programs)("%s", { timeout: 300_000 }, async (name) => {
    const { stdout, stderr } = await runExample(name, { cwd: scratch });
    expect(stderr).toBe("");
    const shown = gallery.split(/^## \[/m).find((section) => section.startsWith(`${name}]`));
    const [, block] = /^```text\n([\s\S]*?)^```/m.exec(shown ?? "") ?? [];
    expect(masked(stdout)).toBe(masked(block ?? ""));
    await claims[name](rowsOf(stdout), stdout);
  });
});
