import { integer } from "../core/params.js";
import { type Dataset, defineDataset } from "./dataset.js";
import { type DigitStyle, drawDigits } from "./digits/draw-digits.js";

/** Images in the test split for each one in the training split, when nobody says how many. */
const TEST_SHARE = 1 / 5;

const params = {
  seed: integer({ doc: "Which drawing of the digits; -1 takes the seed that the call gives.", min: -1, default: -1 }),
  count: integer({
    doc: "Images in the training split where no limit is given; the test split has a fifth of it.",
    min: 1,
    max: 1_000_000,
    default: 10_000,
  }),
};

/** A dataset that is drawn from a seed and needs no file: as many images as are asked for. */
export function defineDrawnDataset(spec: {
  readonly id: DigitStyle;
  readonly title: string;
  readonly doc: string;
  readonly channels: 1 | 3;
}): Dataset {
  const { id, title, doc, channels } = spec;
  return defineDataset({
    id,
    title,
    doc,
    classes: 10,
    shape: { channels, height: 32, width: 32 },
    params,
    load: async ({ name, split, limit, seed, values }) =>
      drawDigits({
        style: id,
        name,
        split,
        count: limit ?? (split === "train" ? values.count : Math.ceil(values.count * TEST_SHARE)),
        seed: values.seed === -1 ? seed : values.seed,
      }),
  });
}
