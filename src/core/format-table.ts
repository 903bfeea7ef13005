import { visibleText } from "./visible-text.js";

/**
 * Lines of columns with two spaces between them; the columns named in `right` stand flush right. A column in which no
 * row has anything is left out. Control characters are spelled out.
 *
 * @param rows the first is the heading
 */
export function formatTable(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const cells = rows.map((row) => row.map((cell) => visibleText(cell)));
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => width(row[column]))));
  return cells
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
