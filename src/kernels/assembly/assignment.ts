// Linear assignment by shortest augmenting paths: each of `rows` rows gets a column of its own so that the sum of the
// scores is largest. Written as the search for the smallest sum of costs, cost = −score.
// R. Jonker, A. Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment problems",
// Computing 38 (1987), with the order of its phases: column reduction, augmenting row reduction, augmentation.

/** Steps of row reduction allowed for each row: nearly equal costs can pass a column to and fro by tiny amounts. */
const STEPS_PER_ROW: i64 = 32;
const ROW_REDUCTIONS = 2;

@inline
function cost(scores: usize, columns: i32, row: i32, column: i32): f64 {
  return -(<f64>load<f32>(scores + (((<usize>row) * columns + column) << 2)));
}

@inline
function f64At(base: usize, i: i32): f64 {
  return load<f64>(base + (<usize>i << 3));
}

@inline
function setF64(base: usize, i: i32, value: f64): void {
  store<f64>(base + (<usize>i << 3), value);
}

@inline
function i32At(base: usize, i: i32): i32 {
  return load<i32>(base + (<usize>i << 2));
}

@inline
function setI32(base: usize, i: i32, value: i32): void {
  store<i32>(base + (<usize>i << 2), value);
}

/**
 * Bytes of work space that `assign_f32` needs.
 */
export function assign_work(rows: i32, columns: i32): usize {
  return ((<usize>columns) << 3) + 3 * ((<usize>columns) << 2) + ((<usize>rows) << 2) + 64;
}

/**
 * @param scores [rows, columns] f32, rows ≤ columns, all finite
 * @param duals [columns] f64: where `warm`, prices of an earlier solution to begin with (square problems only); else 0.
 * Holds the prices of this solution afterwards.
 * @param columnOf [rows] i32, written: the column of each row
 * @param rowOf [columns] i32, written: the row of each column, −1 where it has none
 * @param work `assign_work` bytes, 16-byte aligned
 */
export function assign_f32(
  scores: usize,
  rows: i32,
  columns: i32,
  duals: usize,
  warm: i32,
  columnOf: usize,
  rowOf: usize,
  work: usize,
): void {
  const distance = work;
  const pred = distance + (<usize>columns << 3);
  const list = pred + (<usize>columns << 2);
  const ready = list + (<usize>columns << 2);
  const free = ready + (<usize>columns << 2);
  for (let j = 0; j < columns; j++) setI32(rowOf, j, -1);
  for (let i = 0; i < rows; i++) setI32(columnOf, i, -1);
  if (rows == columns && warm == 0) reduceColumns(scores, rows, columns, duals, columnOf, rowOf, pred);
  let count = 0;
  for (let i = 0; i < rows; i++) if (i32At(columnOf, i) < 0) setI32(free, count++, i);
  if (columns > 1) {
    for (let sweep = 0; sweep < ROW_REDUCTIONS; sweep++) {
      count = reduceRows(scores, rows, columns, duals, columnOf, rowOf, free, count);
    }
  }
  for (let k = 0; k < count; k++) {
    augment(scores, columns, i32At(free, k), duals, columnOf, rowOf, distance, pred, list, ready);
  }
}

/** Prices each column at its smallest cost, and gives it the row of that cost if the row is still free. */
function reduceColumns(
  scores: usize,
  rows: i32,
  columns: i32,
  duals: usize,
  columnOf: usize,
  rowOf: usize,
  best: usize,
): void {
  for (let j = 0; j < columns; j++) {
    setF64(duals, j, cost(scores, columns, 0, j));
    setI32(best, j, 0);
  }
  for (let i = 1; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const c = cost(scores, columns, i, j);
      if (c < f64At(duals, j)) {
        setF64(duals, j, c);
        setI32(best, j, i);
      }
    }
  }
  for (let j = columns - 1; j >= 0; j--) {
    const i = i32At(best, j);
    if (i32At(columnOf, i) < 0) {
      setI32(columnOf, i, j);
      setI32(rowOf, j, i);
    }
  }
  // A row that has its column makes the column as cheap as its second best allows, so that others leave it alone.
  for (let i = 0; i < rows; i++) {
    const own = i32At(columnOf, i);
    if (own < 0) continue;
    let second = Infinity;
    for (let j = 0; j < columns; j++) {
      if (j == own) continue;
      const h = cost(scores, columns, i, j) - f64At(duals, j);
      if (h < second) second = h;
    }
    const first = cost(scores, columns, i, own) - f64At(duals, own);
    if (second < Infinity && second > first) setF64(duals, own, f64At(duals, own) - (second - first));
  }
}

/**
 * Each free row takes its cheapest column and pays as much as its second cheapest allows; the row that had the column
 * is free then.
 *
 * @returns how many rows are left free, their numbers first in `free`
 */
function reduceRows(
  scores: usize,
  rows: i32,
  columns: i32,
  duals: usize,
  columnOf: usize,
  rowOf: usize,
  free: usize,
  count: i32,
): i32 {
  let left = 0;
  let k = 0;
  let steps: i64 = STEPS_PER_ROW * rows;
  while (k < count) {
    const i = i32At(free, k++);
    if (steps-- <= 0) {
      setI32(free, left++, i);
      continue;
    }
    let j1 = -1;
    let j2 = -1;
    let first = Infinity;
    let second = Infinity;
    const row = scores + ((<usize>i * columns) << 2);
    for (let j = 0; j < columns; j++) {
      const h = -(<f64>load<f32>(row + (<usize>j << 2))) - f64At(duals, j);
      if (h < second) {
        if (h < first) {
          second = first;
          j2 = j1;
          first = h;
          j1 = j;
        } else {
          second = h;
          j2 = j;
        }
      }
    }
    let other = i32At(rowOf, j1);
    const paid = f64At(duals, j1) - (second - first);
    const cheaper = paid < f64At(duals, j1);
    if (cheaper) setF64(duals, j1, paid);
    else if (other >= 0 && j2 >= 0) {
      j1 = j2;
      other = i32At(rowOf, j1);
    }
    setI32(rowOf, j1, i);
    setI32(columnOf, i, j1);
    if (other >= 0) {
      setI32(columnOf, other, -1);
      if (cheaper) setI32(free, --k, other);
      else setI32(free, left++, other);
    }
  }
  return left;
}

/** Gives one more row a column, along the cheapest chain of changes (Dijkstra over columns). */
function augment(
  scores: usize,
  columns: i32,
  start: i32,
  duals: usize,
  columnOf: usize,
  rowOf: usize,
  distance: usize,
  pred: usize,
  list: usize,
  ready: usize,
): void {
  let waiting = columns;
  for (let j = 0; j < columns; j++) {
    setF64(distance, j, Infinity);
    setI32(list, j, columns - 1 - j);
  }
  let row = start;
  let shortest: f64 = 0;
  let done = 0;
  let end = -1;
  let offset: f64 = 0;
  while (end < 0) {
    let best = -1;
    let lowest = Infinity;
    const base = scores + ((<usize>row * columns) << 2);
    for (let k = 0; k < waiting; k++) {
      const j = i32At(list, k);
      const through = offset - <f64>load<f32>(base + (<usize>j << 2)) - f64At(duals, j);
      let d = f64At(distance, j);
      if (through < d) {
        d = through;
        setF64(distance, j, d);
        setI32(pred, j, row);
      }
      // Of equally near columns a free one ends the search.
      if (d < lowest || (d == lowest && i32At(rowOf, j) < 0)) {
        lowest = d;
        best = k;
      }
    }
    shortest = lowest;
    const column = i32At(list, best);
    setI32(list, best, i32At(list, --waiting));
    if (i32At(rowOf, column) < 0) end = column;
    else {
      setI32(ready, done++, column);
      row = i32At(rowOf, column);
      offset = shortest - (cost(scores, columns, row, column) - f64At(duals, column));
    }
  }
  for (let k = 0; k < done; k++) {
    const j = i32At(ready, k);
    setF64(duals, j, f64At(duals, j) + f64At(distance, j) - shortest);
  }
  let column = end;
  let i = -1;
  while (i != start) {
    i = i32At(pred, column);
    setI32(rowOf, column, i);
    const next = i32At(columnOf, i);
    setI32(columnOf, i, column);
    column = next;
  }
}
