import { parseGlyphPath, type Stroke } from "./glyph-path.js";

/** Shapes of the digits 0 to 9, one or more for each: `[digit][variant]`. */
export type GlyphShapes = readonly (readonly (readonly Stroke[])[])[];

const parseAll = (shapes: readonly (readonly string[])[]): GlyphShapes =>
  shapes.map((variants) => variants.map(parseGlyphPath));

/** Drawn with circles and straight lines, as cast or cut numbers are. */
export const roundShapes = parseAll([
  [
    "A .3 .5 .27 .5 -90 270",
    "M .3 0 C .5 0 .56 .1 .56 .3 L .56 .7 C .56 .9 .5 1 .3 1 C .1 1 .04 .9 .04 .7 L .04 .3 C .04 .1 .1 0 .3 0",
  ],
  ["M .12 .22 L .36 0 L .36 1", "M .3 0 L .3 1", "M .12 .18 L .34 0 L .34 1 M .1 1 L .56 1"],
  [
    "M .06 .28 C .06 -.1 .55 -.08 .54 .28 C .53 .5 .05 .82 .05 1 L .57 1",
    "M .05 .2 C .16 -.08 .55 -.06 .55 .26 C .55 .44 .4 .56 .04 1 L .57 1",
  ],
  [
    "M .06 .2 C .12 -.08 .54 -.06 .53 .25 C .53 .45 .36 .48 .24 .48 C .4 .48 .57 .52 .57 .74 C .57 1.08 .08 1.08 .03 .78",
    "M .06 0 L .54 0 L .28 .38 C .5 .36 .58 .54 .57 .7 C .56 1.06 .1 1.08 .03 .8",
  ],
  [
    "M .44 1 L .44 0 L .03 .7 L .6 .7",
    "M .22 0 L .05 .66 L .6 .66 M .44 .38 L .44 1",
    "M .4 1 L .4 0 L .02 .62 L .58 .62",
  ],
  [
    "M .52 0 L .12 0 L .09 .46 C .2 .34 .57 .32 .57 .67 C .57 1.08 .08 1.08 .03 .8",
    "M .54 0 L .1 0 L .1 .42 L .3 .4 C .66 .4 .66 1 .3 1 C .18 1 .08 .94 .04 .88",
  ],
  [
    "M .5 .12 C .4 -.06 .05 -.06 .05 .62 C .05 1.12 .57 1.12 .57 .68 C .57 .3 .1 .32 .06 .64",
    "M .4 0 C .2 .2 .05 .46 .05 .68 C .05 1.1 .57 1.1 .57 .68 C .57 .3 .1 .32 .06 .64",
  ],
  ["M .03 0 L .57 0 L .24 1", "M .03 0 L .57 0 C .4 .3 .28 .6 .26 1", "M .03 .14 L .03 0 L .57 0 L .22 1"],
  [
    "A .3 .25 .22 .25 90 450 A .3 .75 .27 .25 -90 270",
    "M .3 .48 C 0 .4 .06 0 .3 0 C .54 0 .6 .4 .3 .48 C -.06 .58 -.02 1 .3 1 C .62 1 .66 .58 .3 .48",
  ],
  [
    "M .1 .88 C .2 1.06 .56 1.06 .56 .38 C .56 -.12 .04 -.12 .04 .32 C .04 .7 .51 .68 .55 .36",
    "M .21 1 C .41 .8 .56 .54 .56 .32 C .56 -.1 .04 -.1 .04 .32 C .04 .7 .51 .68 .55 .36",
  ],
]);

/** With feet and flags, for slab-like numbers. */
export const slabShapes = parseAll([
  ["A .3 .5 .26 .5 -90 270"],
  ["M .14 .14 L .34 0 L .34 1 M .1 1 L .58 1", "M .14 .04 L .34 .04 L .34 1 M .08 1 L .6 1"],
  ["M .08 .32 L .06 .2 C .14 -.08 .54 -.06 .54 .26 C .53 .5 .05 .8 .05 1 L .56 1 L .58 .8"],
  [
    "M .06 .26 L .06 .12 C .2 -.06 .53 -.04 .53 .24 C .53 .45 .36 .48 .22 .48 C .4 .48 .57 .52 .57 .74 C .57 1.06 .16 1.06 .04 .9 L .04 .76",
  ],
  ["M .42 1 L .42 0 L .03 .68 L .6 .68 M .24 1 L .58 1"],
  ["M .5 .14 L .52 0 L .12 0 L .09 .46 C .2 .34 .57 .32 .57 .67 C .57 1.06 .12 1.06 .04 .88 L .04 .76"],
  ["M .52 .24 L .5 .1 C .4 -.06 .05 -.04 .05 .62 C .05 1.12 .57 1.12 .57 .68 C .57 .3 .1 .32 .06 .64"],
  ["M .04 .2 L .04 0 L .57 0 L .28 1 M .14 1 L .42 1", "M .04 .2 L .04 0 L .57 0 C .4 .3 .3 .6 .28 1"],
  ["A .3 .25 .21 .25 90 450 A .3 .75 .26 .25 -90 270"],
  ["M .08 .76 L .1 .9 C .2 1.06 .56 1.04 .56 .38 C .56 -.12 .04 -.12 .04 .32 C .04 .7 .51 .68 .55 .36"],
]);

const SEGMENTS: Readonly<Record<string, string>> = {
  a: "M .06 0 L .54 0",
  b: "M .54 0 L .54 .5",
  c: "M .54 .5 L .54 1",
  d: "M .06 1 L .54 1",
  e: "M .06 .5 L .06 1",
  f: "M .06 0 L .06 .5",
  g: "M .06 .5 L .54 .5",
};

/** Which of seven bars are lit: top, upper right, lower right, bottom, lower left, upper left, middle. */
const LIT = [
  ["abcdef"],
  ["bc"],
  ["abged"],
  ["abgcd"],
  ["fgbc"],
  ["afgcd"],
  ["afgecd", "fgecd"],
  ["abc", "fabc"],
  ["abcdefg"],
  ["abcdfg", "abcfg"],
];

/** Of bars alone: displays and numbers cut from strips. */
export const barShapes = parseAll(
  LIT.map((variants) => variants.map((bars) => [...bars].map((bar) => SEGMENTS[bar]).join(" "))),
);

/** Of five by seven points, row by row from the top, the leftmost point in the highest of five bits. */
const POINTS: readonly (readonly number[])[] = [
  [14, 17, 19, 21, 25, 17, 14],
  [4, 12, 4, 4, 4, 4, 14],
  [14, 17, 1, 2, 4, 8, 31],
  [31, 2, 4, 2, 1, 17, 14],
  [2, 6, 10, 18, 31, 2, 2],
  [31, 16, 30, 1, 1, 17, 14],
  [6, 8, 16, 30, 17, 17, 14],
  [31, 1, 2, 4, 8, 8, 8],
  [14, 17, 17, 14, 17, 17, 14],
  [14, 17, 17, 15, 1, 2, 12],
];

/** Of separate points, as on displays. */
export const pointShapes: GlyphShapes = POINTS.map((rows) => [
  rows.flatMap((bits, row) =>
    [0, 1, 2, 3, 4]
      .filter((column) => bits & (16 >> column))
      .flatMap((column) => parseGlyphPath(`M ${column * 0.15} ${row / 6} L ${column * 0.15} ${row / 6}`)),
  ),
]);
