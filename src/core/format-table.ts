/**
 * Lines of columns with two spaces between them; the columns named in `right` stand flush right. A column in which no
 * row has anything is left out.
 *
 * @param rows the first is the heading
 */
export function formatTable(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => width(row[column]))));
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const padding = " ".repeat(widths[column] - width(cell));
          return right.includes(column) ? padding + cell : cell + padding;
        })
        .filter((_, column) => widths[column] > 0)
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const width = (text: string): number => [...text].length;
