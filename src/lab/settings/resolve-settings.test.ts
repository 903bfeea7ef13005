import { describe, expect, test } from "vitest";
import { givenOver, givenValue } from "./given.js";
import { readLabFile } from "./read-lab-file.js";
import { resolveSettings } from "./resolve-settings.js";

const read = (text: string) => resolveSettings(readLabFile(text, { name: "lab.yml" }));

describe("settings of the experiment", () => {
  test("are those of the quick preset where nothing is said", () => {
    const settings = read("");
    expect(settings).toMatchObject({ preset: "quick", data: ["pen", "plate"], seeds: 1, arch: "vgg16:width=0.125" });
    expect(settings.path.points).toBeLessThan(25);
  });

  test("take every knob from the file", () => {
    const settings = read(`
preset: full
data: [mnist, usps]
seeds: 2
training: { epochs: 5, lr: 0.1, optimizer: adam }
methods:
  - sum
  - slerp: { t: 0.3 }
align:
  - weights: { starts: 3 }
couple: { lambda: [inf, 0, 0.5, 0.5], depth-schedule: linear }
zip: { depths: [1, 0.5], alpha: 0.1 }
heads: { cut: block_4.0 }
`);
    expect(settings).toMatchObject({
      preset: "full",
      data: ["mnist", "usps"],
      seeds: 2,
      arch: "vgg16:width=0.25",
      training: { epochs: 5, lr: 0.1, optimizer: "adam", batch: 64 },
      methods: [
        { id: "sum", params: {} },
        { id: "slerp", params: { t: 0.3 } },
      ],
      align: [{ id: "weights", params: { starts: 3 } }],
      couple: { lambda: [0, 0.5, "inf"], "depth-schedule": "linear", tied: "mean" },
      zip: { depths: [0.5, 1], params: { alpha: 0.1 } },
      heads: { cut: "block_4.0", train: true },
    });
  });

  test("of the command line go before those of the file", () => {
    const file = readLabFile("seeds: 3\ntraining: { epochs: 5, batch: 32 }\n", { name: "lab.yml" });
    const told = givenValue({ seeds: "2", training: { epochs: "1" }, arch: undefined }, "the command line");
    const settings = resolveSettings(givenOver(file, told));
    expect(settings).toMatchObject({ seeds: 2, training: { epochs: 1, batch: 32 }, arch: "vgg16:width=0.125" });
  });

  test("that are wrong are told all at once, each with its place", () => {
    const text = [
      "data: [mnist]",
      "seed: many",
      "epochs: 3",
      "training: { epochs: 0, optimizer: sgdd }",
      "methods: [slurp, slerp: { q: 1 }]",
      "couple: { lambda: [-1] }",
      "zip: { depths: [2] }",
    ].join("\n");
    expect(() => read(text)).toThrowErrorMatchingInlineSnapshot(`
      [OnebasinError: 9 problems with the settings of the experiment:
        - lab.yml:3:9: There is no setting called "epochs".
        - lab.yml:2:7: Parameter "seed" of the experiment is "many"; expected integer in [0, 2147483648]; default 0.
        - lab.yml:1:7: The experiment takes two different datasets; 1 given.
        - lab.yml:4:21: Parameter "epochs" of "training" is 0; expected integer in [1, 100000]; default 3.
        - lab.yml:5:11: There is no merge method called "slurp".
        - lab.yml:5:25: There is no parameter of merge method "slerp" called "q".
        - lab.yml:7:16: A depth is a share of the layers, above 0 and at most 1.
        - lab.yml:6:20: A strength of coupling is a number from 0 up, or inf.
        - lab.yml:4:11: There is no optimizer called "sgdd".]
    `);
  });

  test("that are no names and values are refused, not passed over", () => {
    const read = (text: string) => () => givenOver(readLabFile(text, { name: "lab.yml" }), givenValue({}, "--seeds"));
    expect(read("hello\n")).toThrowError("lab.yml:1:1: Settings are names and values, such as seeds: 3.");
    expect(read("- seeds\n")).toThrowError("lab.yml:1:1: Settings are names and values, such as seeds: 3.");
    expect(read("# nothing\n")).not.toThrow();
  });

  test("of a file that is too long are not read, and are not called a recipe", () => {
    expect(() => read(`# ${"x".repeat(1_000_000)}`)).toThrowError(
      "lab.yml has 1000002 characters; a file of the lab's settings has at most 1000000.",
    );
  });

  test("that are no YAML are told with line and column", () => {
    expect(() => read("data: [mnist\nseeds: 1")).toThrowError(/lab\.yml:2:/);
  });
});
