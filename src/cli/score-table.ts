import { formatTable } from "../core/format-table.js";

/** How a network, or a head of it, does on a dataset. */
export interface NamedScore {
  readonly row: string;
  readonly dataset: string;
  readonly accuracy: number;
  readonly loss: number;
}

/** Heads as results name them: one as `head`, several that were averaged as `heads`. */
export const headNames = (heads: readonly string[]): { readonly head?: string; readonly heads?: readonly string[] } =>
  heads.length === 1 ? { head: heads[0] } : { heads };

/** What a score is of: a head by its name, or several by their mean; `undefined` for a network with one output. */
export const scoreName = ({ head, heads }: { readonly head?: string; readonly heads?: readonly string[] }) =>
  heads === undefined ? head : `mean of ${heads.join(", ")}`;

/**
 * A table of rows × datasets. A dash stands where nothing was judged.
 *
 * @param what the heading of the first column
 */
export function scoreTable(
  what: string,
  {
    rows,
    datasets,
    scores,
  }: {
    readonly rows: readonly string[];
    readonly datasets: readonly string[];
    readonly scores: readonly NamedScore[];
  },
): string {
  const heading = [what, ...datasets.map((name) => `${name} (accuracy, loss)`)];
  const lines = rows.map((row) => [
    row,
    ...datasets.map((dataset) => {
      const found = scores.find((it) => it.row === row && it.dataset === dataset);
      return found === undefined ? "–" : `${found.accuracy.toFixed(2)} %  ${found.loss.toFixed(4)}`;
    }),
  ]);
  return formatTable(
    [heading, ...lines],
    datasets.map((_, i) => i + 1),
  );
}
