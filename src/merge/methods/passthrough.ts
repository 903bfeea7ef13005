import { number } from "../../core/params.js";
import { mul } from "../expression/expression.js";
import { defineMergeMethod } from "../method.js";

export const passthrough = defineMergeMethod({
  id: "passthrough",
  title: "Passthrough",
  doc: "Takes one model's tensors as they are, or scaled.",
  formula: "x · scale",
  use: "To stack layers of several models in a recipe with slices; each slice names one model.",
  models: { min: 1, max: 1 },
  base: "none",
  gives: "model",
  params: {},
  perModel: { scale: number({ doc: "Factor of all elements.", default: 1 }) },
  combine: ({ models: [model], each: [{ scale }] }) => mul(model, scale),
  cases: [
    { name: "returns the model", models: [[1, -2]], expected: [1, -2] },
    { name: "scales the model", models: [[1, -2]], params: { scale: 0.5 }, expected: [0.5, -1] },
  ],
});
