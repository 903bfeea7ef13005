import { decodeIdxPair } from "../decode/idx-pair.js";
import { defineFileDataset } from "../define-file-dataset.js";

/** @source LeCun, Bottou, Bengio, Haffner: "Gradient-based learning applied to document recognition" (1998) */
export const mnist = defineFileDataset({
  id: "mnist",
  title: "MNIST",
  doc: "Handwritten digits, 28 × 28, light on dark.",
  licence: "CC BY-SA 3.0",
  classes: 10,
  shape: { channels: 1, height: 28, width: 28 },
  counts: { train: 60_000, test: 10_000 },
  packings: [
    {
      mirror: "https://ossci-datasets.s3.amazonaws.com/mnist/",
      decode: decodeIdxPair,
      files: {
        train: [
          { name: "train-images-idx3-ubyte.gz", md5: "f68b3c2dcbeaaa9fbdd348bbdeb394fc", megabytes: 9.9 },
          { name: "train-labels-idx1-ubyte.gz", md5: "d53e105ee54ea40749a09fcbcd1e9432", megabytes: 0.03 },
        ],
        test: [
          { name: "t10k-images-idx3-ubyte.gz", md5: "9fb629c4189551a2d022fa330f9573f3", megabytes: 1.6 },
          { name: "t10k-labels-idx1-ubyte.gz", md5: "ec29112dd5afa0611ce80d1b7f02629c", megabytes: 0.005 },
        ],
      },
    },
  ],
});
