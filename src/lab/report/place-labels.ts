/** A point, and the size of its label in the same units. */
export interface Labelled {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Placed {
  /** Where the text begins, or where it ends if `isLeft`; its middle in height. */
  readonly x: number;
  readonly y: number;
  readonly isLeft: boolean;
}

export interface PlaceLabelsOptions {
  /** Points that labels should leave free, the labelled ones among them. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Labels stay in the square from 0 to this. */
  readonly side: number;
  /** From a point to its label. */
  readonly distance: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/** How many heights of a label it may move up or down. */
const MOST_STEPS = 6;
/** What it costs to lie on a point, on another label, or beside the square, in steps of moving away. */
const ON_POINT = 3;
const ON_LABEL = 20;
const OUTSIDE = 40;

/**
 * Finds a place for each label in turn: left or right of its point, as near its height as points and labels placed
 * before allow. Cost: O(labels · (labels + points)).
 */
export function placeLabels(labels: readonly Labelled[], { points, side, distance }: PlaceLabelsOptions): Placed[] {
  const taken: Box[] = [];
  return labels.map((label) => {
    let best: { placed: Placed; box: Box; cost: number } | undefined;
    for (let step = -MOST_STEPS; step <= MOST_STEPS; step++) {
      for (const isLeft of [true, false]) {
        const x = label.x + (isLeft ? -distance : distance);
        const y = label.y + step * label.height;
        const box = {
          left: isLeft ? x - label.width : x,
          right: isLeft ? x : x + label.width,
          bottom: y - label.height / 2,
          top: y + label.height / 2,
        };
        const outside = box.left < 0 || box.right > side || box.bottom < 0 || box.top > side;
        const cost =
          Math.abs(step) +
          ON_POINT * points.filter((point) => holds(box, point)).length +
          ON_LABEL * taken.filter((other) => overlaps(box, other)).length +
          (outside ? OUTSIDE : 0);
        if (best === undefined || cost < best.cost) best = { placed: { x, y, isLeft }, box, cost };
      }
    }
    taken.push(best!.box);
    return best!.placed;
  });
}

const holds = ({ left, right, bottom, top }: Box, { x, y }: { readonly x: number; readonly y: number }): boolean =>
  x >= left && x <= right && y >= bottom && y <= top;

const overlaps = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.bottom < other.top && other.bottom < one.top;
