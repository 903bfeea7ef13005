import { OnebasinError } from "../../core/errors.js";
import { checkFinite } from "./check-finite.js";

/** The table of more than this would take a gigabyte. */
const MAX_SCORES = 2 ** 28;

/**
 * Exact optimal transport between units that all weigh the same on their side, by shortest augmenting paths.
 *
 *     maximise  Σ shares[i, j] · scores[i, j]   with row sums 1/rows, column sums 1/columns
 *
 * Cost: O((rows + columns) · rows · columns) at worst.
 *
 * @param scores [rows, columns], all finite
 * @returns the shares, [rows, columns]; at most rows + columns − 1 are not 0
 * @throws `non-finite`, `limit`
 * @source the transportation problem as in Ahuja, Magnanti and Orlin, "Network Flows" (1993), section 9.7
 */
export function solveTransport(
  scores: Float32Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): Float32Array {
  if (scores.length > MAX_SCORES) {
    throw new OnebasinError("limit", `${rows} × ${columns} units are too many to transport; at most ${MAX_SCORES}.`);
  }
  checkFinite(scores, { columns });
  // Whole numbers of parts, so that nothing is lost by rounding.
  const divisor = greatestDivisor(rows, columns);
  const [supply, demand] = [columns / divisor, rows / divisor];
  const flow = new Int32Array(rows * columns);
  const lacks = new Int32Array(columns).fill(demand);
  const rowPrice = new Float64Array(rows);
  const columnPrice = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    rowPrice[row] = -scores.subarray(row * columns, (row + 1) * columns).reduce((a, b) => Math.max(a, b), -Infinity);
  }
  for (let row = 0; row < rows; row++) {
    for (let left = supply; left > 0; ) left -= augment(row, left);
  }
  const total = supply * rows;
  return Float32Array.from(flow, (parts) => parts / total);

  /** Takes parts of one row along the cheapest path to a column that lacks some; gives how many. */
  function augment(start: number, most: number): number {
    const distance = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
    const reachedFrom = new Int32Array(columns);
    const isDone = new Uint8Array(columns);
    /** Of each row on the way: how far it is, and the column whose parts it can give away instead. */
    const rowDistance = new Float64Array(rows).fill(-1);
    const rowVia = new Int32Array(rows).fill(-1);
    const doneColumns: number[] = [];
    const doneRows: number[] = [];
    const visit = (row: number, far: number, via: number): void => {
      rowDistance[row] = far;
      rowVia[row] = via;
      doneRows.push(row);
      const base = far - rowPrice[row];
      for (let column = 0; column < columns; column++) {
        if (isDone[column]) continue;
        const reach = base - scores[row * columns + column] - columnPrice[column];
        if (reach < distance[column]) {
          distance[column] = reach;
          reachedFrom[column] = row;
        }
      }
    };
    visit(start, 0, -1);
    let end = -1;
    while (end === -1) {
      let nearest = -1;
      for (let column = 0; column < columns; column++) {
        if (!isDone[column] && (nearest === -1 || distance[column] < distance[nearest])) nearest = column;
      }
      if (lacks[nearest] > 0) end = nearest;
      else {
        isDone[nearest] = 1;
        doneColumns.push(nearest);
        for (let row = 0; row < rows; row++) {
          if (flow[row * columns + nearest] > 0 && rowDistance[row] < 0) visit(row, distance[nearest], nearest);
        }
      }
    }
    for (const row of doneRows) rowPrice[row] += distance[end] - rowDistance[row];
    for (const column of doneColumns) columnPrice[column] -= distance[end] - distance[column];
    let parts = Math.min(most, lacks[end]);
    for (let row = reachedFrom[end]; row !== start; row = reachedFrom[rowVia[row]]) {
      parts = Math.min(parts, flow[row * columns + rowVia[row]]);
    }
    lacks[end] -= parts;
    let into = end;
    for (let row = reachedFrom[end]; ; row = reachedFrom[into]) {
      flow[row * columns + into] += parts;
      if (row === start) return parts;
      into = rowVia[row];
      flow[row * columns + into] -= parts;
    }
  }
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
