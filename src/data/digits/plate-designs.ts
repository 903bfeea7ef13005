import type { Random } from "../../core/random.js";
import type { Nib } from "./distance-field.js";
import { between, chance, pick } from "./draw-numbers.js";
import { penGlyphs } from "./pen-glyphs.js";
import { barShapes, type GlyphShapes, pointShapes, roundShapes, slabShapes } from "./plate-glyphs.js";

/** How all digits on one plate look. */
export interface Design {
  readonly shapes: GlyphShapes;
  readonly nib: Nib;
  /** Half the width of a stroke, in heights of the digit. */
  readonly radius: number;
  /** Width of the digit, in its usual widths. */
  readonly aspect: number;
  /** Share of each bar that is left out at both ends, so that bars stand apart. */
  readonly gap: number;
  /** Width of the line when only the outline is drawn, in pixels. */
  readonly outline: number | undefined;
}

const ROUND: Nib = { stretch: 1, square: false };
const SQUARE: Nib = { stretch: 1, square: true };

type Draw = (random: Random) => Partial<Design> & Pick<Design, "shapes">;

/** The families of numbers that hang on houses. */
const FAMILIES: readonly Draw[] = [
  // Plain, from thin to bold.
  (random) => ({ shapes: roundShapes, radius: between(random, 0.045, 0.1) }),
  (random) => ({ shapes: roundShapes, radius: between(random, 0.09, 0.13), aspect: between(random, 0.9, 1.3) }),
  // Narrow.
  (random) => ({ shapes: roundShapes, radius: between(random, 0.04, 0.07), aspect: between(random, 0.55, 0.8) }),
  // Thick and thin strokes, with feet.
  (random) => ({
    shapes: slabShapes,
    radius: between(random, 0.035, 0.06),
    nib: { stretch: between(random, 1.4, 2.2), square: chance(random, 0.5) },
  }),
  (random) => ({ shapes: slabShapes, radius: between(random, 0.05, 0.09) }),
  // Cut from square stock.
  (random) => ({ shapes: roundShapes, nib: SQUARE, radius: between(random, 0.05, 0.1) }),
  (random) => ({ shapes: barShapes, nib: SQUARE, radius: between(random, 0.07, 0.12) }),
  // Painted or bent by hand.
  (random) => ({ shapes: penGlyphs, radius: between(random, 0.045, 0.08) }),
  // Displays.
  (random) => ({ shapes: barShapes, radius: between(random, 0.05, 0.08), gap: between(random, 0.1, 0.2) }),
  (random) => ({ shapes: pointShapes, nib: pick(random, [ROUND, SQUARE]), radius: between(random, 0.05, 0.08) }),
  // Hollow.
  (random) => ({ shapes: roundShapes, radius: between(random, 0.09, 0.13), outline: between(random, 0.9, 1.4) }),
];

export function drawDesign(random: Random): Design {
  const family = pick(random, FAMILIES)(random);
  return { nib: ROUND, radius: 0.08, aspect: between(random, 0.8, 1.2), gap: 0, outline: undefined, ...family };
}
