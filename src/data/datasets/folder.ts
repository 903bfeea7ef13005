import { integer } from "../../core/params.js";
import { defineDataset } from "../dataset.js";
import { loadPictureFolder } from "../load-picture-folder.js";

export const folder = defineDataset({
  id: "folder",
  title: "Picture folder",
  doc: "Your own PNG and JPEG pictures, one folder for each class, in train/ and test/ or all together.",
  paths: { min: 1, max: 1, form: "folder:DIR" },
  params: {
    size: integer({ doc: "Height and width that pictures are brought to, in pixels.", min: 8, max: 512, default: 32 }),
  },
  load: (request) => loadPictureFolder(request, { folder: request.paths[0], size: request.values.size }),
});
