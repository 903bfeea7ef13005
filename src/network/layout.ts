/** How a value lies in memory while a graph runs. `plain` is the network's own: row by row, [n, c, h, w]. */
export type Layout = "plain";
