/** How one axis is resampled: output `i` is the sum over k < taps of `weights[i · taps + k] · input[starts[i] + k]`. */
interface Axis {
  readonly taps: number;
  readonly starts: Int32Array;
  readonly weights: Float64Array;
}

/** A resize between two fixed shapes, ready to be used on any number of planes. Owns a row buffer. */
export type Resample = (out: Float32Array, plane: Float32Array) => void;

interface Shape {
  readonly height: number;
  readonly width: number;
}

/**
 * Prepares a bilinear resize, pixel centres at halves; shrinking averages over all pixels that fall into one.
 *
 * Planes are `[height, width]`, row-major; the edge pixel stands for what lies beyond it.
 *
 * @source agrees with PyTorch's `interpolate(mode="bilinear", align_corners=False, antialias=True)`, which for
 * growing images is the same without `antialias`
 */
export function createResample(from: Shape, to: Shape): Resample {
  const across = triangleAxis(from.width, to.width);
  const down = triangleAxis(from.height, to.height);
  const rows = new Float32Array(from.height * to.width);
  return (out, plane) => {
    for (let row = 0; row < from.height; row++) {
      resampleRowInto(rows, plane, { axis: across, to: row * to.width, from: row * from.width });
    }
    out.fill(0, 0, to.height * to.width);
    for (let row = 0; row < to.height; row++) {
      for (let k = 0; k < down.taps; k++) {
        const weight = down.weights[row * down.taps + k];
        const start = (down.starts[row] + k) * to.width;
        if (weight !== 0) addScaledInto(out, rows, { weight, to: row * to.width, from: start, length: to.width });
      }
    }
  };
}

// Places are passed as numbers: a subarray for each row would cost more than the row.

function resampleRowInto(
  out: Float32Array,
  plane: Float32Array,
  { axis, to, from }: { axis: Axis; to: number; from: number },
): void {
  const { starts, weights, taps } = axis;
  for (let i = 0, weight = 0; i < starts.length; i++) {
    let sum = 0;
    for (let at = from + starts[i], end = at + taps; at < end; at++) sum += weights[weight++] * plane[at];
    out[to + i] = sum;
  }
}

/** `out[to + i] += weight · rows[from + i]` */
function addScaledInto(
  out: Float32Array,
  rows: Float32Array,
  { weight, to, from, length }: { weight: number; to: number; from: number; length: number },
): void {
  for (let i = 0; i < length; i++) out[to + i] += weight * rows[from + i];
}

function triangleAxis(from: number, to: number): Axis {
  const scale = from / to;
  const support = Math.max(1, scale);
  const taps = Math.min(from, Math.ceil(2 * support) + 1);
  const starts = new Int32Array(to);
  const weights = new Float64Array(to * taps);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.floor(centre - support + 0.5));
    // Near the end the taps start earlier, with weights of 0, so that all lie inside.
    starts[i] = Math.min(start, from - taps);
    const raw = Array.from({ length: taps }, (_, k) =>
      Math.max(0, 1 - Math.abs(starts[i] + k + 0.5 - centre) / support),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    for (let k = 0; k < taps; k++) weights[i * taps + k] = raw[k] / sum;
  }
  return { taps, starts, weights };
}
