import { defineDrawnDataset } from "../define-drawn-dataset.js";

export const plate = defineDrawnDataset({
  id: "plate",
  title: "Plate",
  doc: "Built-in house numbers, drawn on demand: 32 × 32 in colour, of many shapes, with textured walls, cut-off neighbours, blur and shadows.",
  channels: 3,
});
