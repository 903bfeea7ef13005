import { decodeIdxPair } from "../decode/idx-pair.js";
import { defineFileDataset } from "../define-file-dataset.js";

/** @source Xiao, Rasul, Vollgraf: "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms" (2017) */
export const fashionMnist = defineFileDataset({
  id: "fashion-mnist",
  title: "Fashion-MNIST",
  doc: "Photographs of clothes in ten kinds, 28 × 28, light on dark.",
  licence: "MIT",
  classes: 10,
  shape: { channels: 1, height: 28, width: 28 },
  counts: { train: 60_000, test: 10_000 },
  packings: [
    {
      mirror: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      decode: decodeIdxPair,
      files: {
        train: [
          { name: "train-images-idx3-ubyte.gz", md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d", megabytes: 26.4 },
          { name: "train-labels-idx1-ubyte.gz", md5: "25c81989df183df01b3e8a0aad5dffbe", megabytes: 0.03 },
        ],
        test: [
          { name: "t10k-images-idx3-ubyte.gz", md5: "bef4ecab320f06d8554ea6380940ec79", megabytes: 4.4 },
          { name: "t10k-labels-idx1-ubyte.gz", md5: "bb300cfdad3c16e7a12a480ee83cd310", megabytes: 0.005 },
        ],
      },
    },
  ],
});
