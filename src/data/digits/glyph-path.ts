/**
 * One line of a glyph: cubic Bézier curves, end to end. Coordinates are in heights of the glyph: y from 0 (top) to 1,
 * x from 0 to about 0.6.
 */
export interface Stroke {
  /** x and y of the start, then of two control points and an end for each curve. */
  readonly points: readonly number[];
  /** For each curve whether it is a straight line. */
  readonly straight: readonly boolean[];
}

const DEGREE = Math.PI / 180;

/**
 * Reads strokes from text: `M x y` starts a stroke, `L x y` draws a line, `C x1 y1 x2 y2 x y` a curve, and
 * `A cx cy rx ry from to` the arc of an ellipse between two angles in degrees (0 is right, 90 down), which starts a
 * stroke when it comes first.
 */
export function parseGlyphPath(text: string): Stroke[] {
  const strokes: { points: number[]; straight: boolean[] }[] = [];
  for (const part of text.match(/[MLCA][^MLCA]*/g) ?? []) {
    const values = part.slice(1).trim().split(/\s+/).map(Number);
    const stroke = strokes[strokes.length - 1];
    if (part[0] === "M") {
      strokes.push({ points: values, straight: [] });
    } else if (part[0] === "A") {
      const arc = arcCurves(values);
      if (stroke === undefined) strokes.push({ points: arc, straight: [] });
      else stroke.points.push(...arc.slice(2));
      strokes[strokes.length - 1].straight.push(...new Array((arc.length - 2) / 6).fill(false));
    } else if (part[0] === "C") {
      stroke.points.push(...values);
      stroke.straight.push(false);
    } else {
      const [x0, y0] = stroke.points.slice(-2);
      const [x, y] = values;
      stroke.points.push(x0 + (x - x0) / 3, y0 + (y - y0) / 3, x0 + (2 * (x - x0)) / 3, y0 + (2 * (y - y0)) / 3, x, y);
      stroke.straight.push(true);
    }
  }
  return strokes;
}

/** Points of an elliptic arc as curves of at most a quarter turn. */
function arcCurves([cx, cy, rx, ry, from, to]: readonly number[]): number[] {
  const count = Math.ceil(Math.abs(to - from) / 90);
  const step = ((to - from) / count) * DEGREE;
  const handle = (4 / 3) * Math.tan(step / 4);
  const points = [cx + rx * Math.cos(from * DEGREE), cy + ry * Math.sin(from * DEGREE)];
  for (let i = 0; i < count; i++) {
    const a = from * DEGREE + i * step;
    const b = a + step;
    points.push(
      cx + rx * (Math.cos(a) - handle * Math.sin(a)),
      cy + ry * (Math.sin(a) + handle * Math.cos(a)),
      cx + rx * (Math.cos(b) + handle * Math.sin(b)),
      cy + ry * (Math.sin(b) - handle * Math.cos(b)),
      cx + rx * Math.cos(b),
      cy + ry * Math.sin(b),
    );
  }
  return points;
}
