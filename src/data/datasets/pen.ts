import { defineDrawnDataset } from "../define-drawn-dataset.js";

export const pen = defineDrawnDataset({
  id: "pen",
  title: "Pen",
  doc: "Built-in handwritten digits, drawn on demand: 32 × 32, light on dark, with random slant, width and wobble.",
  channels: 1,
});
