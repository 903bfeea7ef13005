import { throwProblems } from "../../core/errors.js";
import { YamlReader } from "../../merge/recipe-file/yaml-reader.js";
import { type Given, givenNode } from "./given.js";

/**
 * Reads a `lab.yml`; what the settings mean is not looked at yet.
 *
 * @param options.name of the file, for messages
 * @throws `bad-argument` where it is not YAML, with line and column; `limit`
 */
export function readLabFile(text: string, { name }: { readonly name: string }): Given {
  const reader = new YamlReader(text, { name, what: "a file of the lab's settings" });
  const { root } = reader;
  if (root !== null && !reader.isMap(root)) {
    reader.report(root, "Settings are names and values, such as seeds: 3.", "docs/lab.md tells what there is.");
  }
  const given = root === null ? { place: name, members: new Map() } : givenNode(reader, root);
  throwProblems(reader.problems, name);
  return given;
}
