/** Colours by name, in light and in dark. Blue, green and vermilion are told apart by colour-blind readers too. */
const COLOURS: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  paper: ["#fdfcfa", "#15171a"],
  ink: ["#1c1e21", "#e9e7e2"],
  muted: ["#636870", "#9da3ab"],
  rule: ["#e2e0da", "#31353a"],
  soft: ["#f1efe9", "#212428"],
  bar: ["#b9b6ad", "#5a6068"],
  "bar-merged": ["#e3a178", "#8f5233"],
  accent: ["#bf4a0b", "#ff935a"],
  a: ["#0067a5", "#66b5ee"],
  b: ["#00795a", "#4fc79c"],
};

/** Rules of the style sheet for the colours: as the reader's system has it, as chosen by the button, and on paper. */
export function themeRules(): string {
  const variables = (which: 0 | 1): string =>
    Object.entries(COLOURS)
      .map(([name, pair]) => `--${name}:${pair[which]}`)
      .join(";");
  const light = `color-scheme:light;${variables(0)}`;
  const dark = `color-scheme:dark;${variables(1)}`;
  return `:root{${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
:root[data-theme="light"]{${light}}
:root[data-theme="dark"]{${dark}}
@media print{:root,:root[data-theme="dark"]{${light};--paper:#fff}}
`;
}
