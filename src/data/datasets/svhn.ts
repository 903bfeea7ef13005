import { decodeMatImages } from "../decode/mat-images.js";
import { defineFileDataset } from "../define-file-dataset.js";

/** @source Netzer, Wang, Coates, Bissacco, Wu, Ng: "Reading Digits in Natural Images with Unsupervised Feature Learning" (2011) */
export const svhn = defineFileDataset({
  id: "svhn",
  title: "SVHN",
  doc: "Street View House Numbers, cropped digits: 32 × 32 in colour, with neighbours at the edges.",
  licence: "for non-commercial use",
  classes: 10,
  shape: { channels: 3, height: 32, width: 32 },
  counts: { train: 73_257, test: 26_032 },
  packings: [
    {
      mirror: "http://ufldl.stanford.edu/housenumbers/",
      decode: decodeMatImages,
      files: {
        train: [{ name: "train_32x32.mat", md5: "e26dedcc434d2e4c54c9b2d4a06d8373", megabytes: 182 }],
        test: [{ name: "test_32x32.mat", md5: "eb5a983be6a315427106f1b164d9cef3", megabytes: 64 }],
      },
    },
  ],
});
