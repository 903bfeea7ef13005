export interface MatchFeaturesOptions {
  /** Units of each model, in the order in which they stand in the matrix. */
  readonly sizes: readonly number[];
  /** How many features are left. */
  readonly kept: number;
  /** What the similarity of a feature that was merged already is multiplied by; 0 to 1. */
  readonly alpha: number;
  /** Which share of the units that a model loses may be lost to others of its own; 0 to 1. */
  readonly beta: number;
}

/** Which units became one feature. */
export interface FeatureMatch {
  /** The feature of each unit, [units of all models]; features are numbered by their first units. */
  readonly featureOf: Uint32Array;
  readonly kept: number;
  /** How often features of one model were joined, and features of several. */
  readonly within: number;
  readonly across: number;
}

/** Puts what was merged already behind all else: a similarity is never below −1. */
const BEHIND = -4;

/**
 * Makes fewer features of many by joining the most similar pair again and again. Two features are as similar as their
 * least similar units.
 *
 * Cost: about O(units²), at worst O(units³).
 *
 * @param similarities [units, units] of all models, symmetric, −1 to 1; overwritten
 * @source Stoica, Bolya, Bjorner, Ramesh, Hearn and Hoffman, "ZipIt! Merging Models from Different Tasks without
 * Training", ICLR 2024, section 4.2
 */
export function matchFeatures(similarities: Float32Array, options: MatchFeaturesOptions): FeatureMatch {
  const { sizes, kept, alpha, beta } = options;
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const budgets = sizes.map(() => Math.floor((beta * (units - kept)) / sizes.length));
  // The model that all units of a feature belong to, or −1.
  const origin = Int32Array.from(sizes.flatMap((size, model) => new Array<number>(size).fill(model)));
  const parent = Uint32Array.from({ length: units }, (_, unit) => unit);
  const alive = Array.from(parent);
  const partner = new Int32Array(units);
  const best = new Float32Array(units);
  const mayJoin = (a: number, b: number): boolean => origin[a] < 0 || origin[a] !== origin[b] || budgets[origin[a]] > 0;
  const findPartner = (row: number): void => {
    best[row] = Number.NEGATIVE_INFINITY;
    partner[row] = row;
    for (const other of alive) {
      const similarity = similarities[row * units + other];
      if (similarity > best[row] && other !== row && mayJoin(row, other)) {
        best[row] = similarity;
        partner[row] = other;
      }
    }
  };
  const join = (first: number, second: number): void => {
    parent[second] = first;
    alive.splice(alive.indexOf(second), 1);
    for (const third of alive) {
      const least = Math.min(similarities[first * units + third], similarities[second * units + third]);
      const reused = alpha === 0 ? least + BEHIND : least > 0 ? alpha * least : least;
      similarities[first * units + third] = reused;
      similarities[third * units + first] = reused;
    }
    findPartner(first);
  };

  for (const row of alive) findPartner(row);
  let [within, across] = [0, 0];
  while (alive.length > kept) {
    let row = alive[0];
    for (const candidate of alive) if (best[candidate] > best[row]) row = candidate;
    const other = partner[row];
    // Similarities only fall: one that still holds is the best of all, any other is looked up again.
    if (parent[other] !== other || best[row] !== similarities[row * units + other] || !mayJoin(row, other)) {
      findPartner(row);
      continue;
    }
    const [first, second] = row < other ? [row, other] : [other, row];
    if (origin[first] >= 0 && origin[first] === origin[second]) {
      budgets[origin[first]]--;
      within++;
    } else {
      origin[first] = -1;
      across++;
    }
    join(first, second);
  }
  return { featureOf: featuresOf(parent), kept, within, across };
}

/** Numbers the features by their first units; a unit that was joined points to a unit before it. */
function featuresOf(parent: Uint32Array): Uint32Array {
  const featureOf = new Uint32Array(parent.length);
  let next = 0;
  for (const [unit, first] of parent.entries()) featureOf[unit] = first === unit ? next++ : featureOf[first];
  return featureOf;
}
