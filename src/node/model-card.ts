import type { RecipeFile } from "../merge/recipe-file/recipe-file.js";
import { modelsOf } from "../merge/recipe-file/recipe-file.js";

/** The README of a merged model, as the Hugging Face Hub shows it: which models, which method, the recipe itself. */
export function modelCard(recipe: RecipeFile, title: string): Uint8Array {
  const models = modelsOf(recipe).map(({ value }) => value);
  const onHub = models.filter((name) => /^[\w.-]+\/[\w.-]+$/.test(name));
  const header = [
    "---",
    ...(onHub.length > 0 ? ["base_model:", ...onHub.map((name) => `- ${name}`)] : []),
    "tags:",
    "- merge",
    "- onebasin",
    "---",
  ];
  const base = recipe.base === undefined ? "" : `, with \`${recipe.base.value}\` as its base`;
  const body = [
    `# ${title}`,
    "",
    `Merged with onebasin by the method \`${recipe.method.value}\`${base}, from:`,
    "",
    ...models.map((name) => `- \`${name}\``),
    "",
    "The recipe:",
    "",
    "```yaml",
    recipe.text.trimEnd(),
    "```",
    "",
  ];
  return new TextEncoder().encode([...header, "", ...body].join("\n"));
}
