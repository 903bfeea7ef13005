import { decodeIdxPair } from "../decode/idx-pair.js";
import { decodeLibsvmImages } from "../decode/libsvm-images.js";
import { defineFileDataset } from "../define-file-dataset.js";

/** @source J. Hull: "A Database for Handwritten Text Recognition Research" (1994) */
export const usps = defineFileDataset({
  id: "usps",
  title: "USPS",
  doc: "Handwritten digits of zip codes, 16 × 16, light on dark.",
  licence: "unstated",
  classes: 10,
  shape: { channels: 1, height: 16, width: 16 },
  counts: { train: 7291, test: 2007 },
  packings: [
    {
      mirror: "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/",
      decode: decodeLibsvmImages,
      files: {
        train: [{ name: "usps.bz2", md5: "ec16c51db3855ca6c91edd34d0e9b197", megabytes: 6.6 }],
        test: [{ name: "usps.t.bz2", md5: "8ea070ee2aca1ac39742fdd1ef5ed118", megabytes: 1.8 }],
      },
    },
    {
      decode: decodeIdxPair,
      files: {
        train: [{ name: "usps-train-images-idx3-ubyte.gz" }, { name: "usps-train-labels-idx1-ubyte.gz" }],
        test: [{ name: "usps-test-images-idx3-ubyte.gz" }, { name: "usps-test-labels-idx1-ubyte.gz" }],
      },
    },
  ],
});
