import { decodeMatImages } from "../decode/mat-images.js";
import { defineFileDataset } from "../define-file-dataset.js";

/** @source Ganin, Lempitsky: "Unsupervised Domain Adaptation by Backpropagation" (2015) */
export const mnistM = defineFileDataset({
  id: "mnist-m",
  title: "MNIST-M",
  doc: "MNIST digits blended into patches of photographs, 32 × 32 in colour.",
  licence: "for non-commercial research",
  classes: 10,
  shape: { channels: 3, height: 32, width: 32 },
  source:
    "MNIST-M has no mirror with fixed files: take it from the pages of its authors (Ganin and Lempitsky) and save it in SVHN's format (X [32, 32, 3, n], y 1 to 10 with 10 for zero)",
  packings: [
    {
      decode: decodeMatImages,
      files: { train: [{ name: "train_32x32.mat" }], test: [{ name: "test_32x32.mat" }] },
    },
  ],
});
