import { expect, test } from "vitest";
import { checkFit } from "./check-fit.js";
import { parseArchitecture } from "./parse-architecture.js";

const source = "net.pth";
const lenet = parseArchitecture("lenet5").network;

test("a state dict that fits has no problem", () => {
  expect(checkFit(lenet, lenet.state, { source })).toEqual([]);
});

test("that of another architecture is told in a few lines, with the one that it fits", () => {
  const { state } = parseArchitecture("vgg16:width=0.25,classes=4").network;
  const [problem, ...more] = checkFit(lenet, state, { source });
  expect(more).toEqual([]);
  expect(problem.problems.length).toBeGreaterThan(20);
  expect(`${problem.message}\n${problem.hint}`).toMatchInlineSnapshot(`
    "net.pth does not fit lenet5; 86 differences:
      - net.pth lacks key "conv1.weight" [6, 1, 5, 5] of lenet5.
      - net.pth lacks key "conv1.bias" [6] of lenet5.
      - net.pth lacks key "conv2.weight" [16, 6, 5, 5] of lenet5.
      … and 83 more
    The keys and shapes of net.pth are those of vgg16:width=0.25,classes=4 (--arch vgg16:width=0.25,classes=4)."
  `);
});

test("so is one of the same architecture with other options", () => {
  const { state } = parseArchitecture("lenet5:classes=4").network;
  const [problem] = checkFit(lenet, state, { source });
  expect(problem.message).toContain("net.pth does not fit lenet5; 2 differences:");
  expect(problem.hint).toBe("The keys and shapes of net.pth are those of lenet5:classes=4 (--arch lenet5:classes=4).");
});

test("where no architecture fits, one difference is the whole problem, and several come with their hints", () => {
  const state = new Map(lenet.state);
  const bias = state.get("conv1.bias")!;
  state.delete("conv1.bias");
  const [single] = checkFit(lenet, state, { source });
  expect(single.message).toBe('net.pth lacks key "conv1.bias" [6] of lenet5.');
  state.set("conv1.bais", bias);
  const [both] = checkFit(lenet, state, { source });
  expect(`${both.message}\n${both.hint}`).toMatchInlineSnapshot(`
    "net.pth does not fit lenet5; 2 differences:
      - net.pth lacks key "conv1.bias" [6] of lenet5.
      - net.pth has a key "conv1.bais" that lenet5 does not have.
    The nearest key that it has is "conv1.bias"."
  `);
});
