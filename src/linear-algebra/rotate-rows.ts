import type { Matrix } from "./matrix.js";

/** Two rows (a, b) become (cosine·a − sine·b, sine·a + cosine·b). */
export function rotateRows(
  { cols, values }: Matrix,
  [first, second]: readonly [number, number],
  { cosine, sine }: { readonly cosine: number; readonly sine: number },
): void {
  // By place: views of a million pairs of rows would be work for the garbage collector.
  let a = first * cols;
  let b = second * cols;
  for (const end = a + cols; a < end; a++, b++) {
    const x = values[a];
    const y = values[b];
    values[a] = cosine * x - sine * y;
    values[b] = sine * x + cosine * y;
  }
}
