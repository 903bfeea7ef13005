import { integer } from "../../core/params.js";
import { defineDataset } from "../dataset.js";
import { decodeMatImages } from "../decode/mat-images.js";
import { loadOwnFiles } from "../load-own-files.js";

const FORM = "mat:TRAIN,TEST";

export const mat = defineDataset({
  id: "mat",
  title: "MATLAB files",
  doc: "Your own files in SVHN's format: X [h, w, 3, n] or [h, w, n] in bytes, y from 1 with the last class standing for 0.",
  paths: { min: 1, max: 2, form: FORM },
  params: { classes: integer({ doc: "How many classes there are.", min: 1, max: 65_536, default: 10 }) },
  load: (request) =>
    loadOwnFiles(request, {
      paths: [request.split === "train" ? request.paths[0] : request.paths[1]],
      form: FORM,
      classes: request.values.classes,
      decode: decodeMatImages,
    }),
});
