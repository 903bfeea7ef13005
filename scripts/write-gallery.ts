/**
 * Runs the programs of `examples/` and writes `examples/README.md`: what each is about, and what it prints.
 *
 *     npm run gallery
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runExample } from "../test/support/run-example.js";

const folder = fileURLToPath(new URL("../examples", import.meta.url));
const scratch = await mkdtemp(join(tmpdir(), "onebasin-gallery-"));

/** The doc comment at the head of a program as plain text, without the line that says how to start it. */
function pointOf(source: string): string {
  const [, comment] = /^\/\*\*\n([\s\S]*?)\n \*\//.exec(source)!;
  return comment
    .replaceAll(/^ \* ?/gm, "")
    .replaceAll(/^ {4}.*\n?/gm, "")
    .trim();
}

const sections = [
  "# Two networks made one, in short programs",
  `Each is a short program that uses the library and nothing else, and tells one part of the story: why weights cannot just
be added, and what helps. They train a small network on the two kinds of digits that are built in, handwriting (\`pen\`)
and house numbers (\`plate\`), and print how many percent of the test images of each kind it puts into the right class.
What they share is in [support/two-tasks.ts](support/two-tasks.ts). In a clone, after \`npm ci\`:

    npm run build
    npx tsx examples/04-why-it-fails.ts

Each takes a few seconds. What is shown below is what they print; \`npm run gallery\` writes this page anew. On another
processor a percentage may differ by a few points.`,
];
try {
  for (const name of (await readdir(folder)).filter((it) => it.endsWith(".ts")).sort()) {
    console.log(name);
    const { stdout } = await runExample(name, { cwd: scratch });
    const source = await readFile(join(folder, name), "utf8");
    sections.push(`## [${name}](${name})`, pointOf(source), `\`\`\`text\n${stdout.trimEnd()}\n\`\`\``);
  }
} finally {
  await rm(scratch, { recursive: true });
}
await writeFile(join(folder, "README.md"), `${sections.map((it) => it.trim()).join("\n\n")}\n`);
