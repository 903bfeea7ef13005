import { parseDocument, stringify } from "yaml";
import { OnebasinError, throwProblems } from "../../core/errors.js";
import { axisSize, groupsOfAxis, type PermutationSpec, type SpecAxis } from "./permutation-spec.js";

/** A spec as text is read whole; no network's spec comes near this. */
const MAX_TEXT = 2 ** 24;
/** Axes nest by flattening and concatenation; deeper is no network's. */
const MAX_DEPTH = 8;

const HEADING = `Which axes move together when units are reordered. Each key lists its axes, outermost first: a name is a group
of units, a number so many places that stay. {product: [units, 4]}: each unit is a block of 4. {concat: [a, b]}: the
units of a, then those of b. To keep a group in place, write its size wherever its name stands.`;

/** A spec as YAML that can be edited and given back, or as JSON. */
export function serializeSpec(spec: PermutationSpec, { format }: { readonly format: "yaml" | "json" }): string {
  const plain = { groups: Object.fromEntries(spec.groups), axes: Object.fromEntries(spec.axes) };
  if (format === "json") return `${JSON.stringify(plain, undefined, 2)}\n`;
  const heading = HEADING.replace(/^/gm, "# ");
  const lines = [...spec.axes].map(([key, axes]) => `  ${scalar(key)}: ${flow(axes)}`);
  const groups = [...spec.groups].map(([name, size]) => `  ${scalar(name)}: ${size}`);
  return [heading, "groups:", ...groups, "axes:", ...lines, ""].join("\n");
}

const scalar = (text: string): string => stringify(text).trim();

const flow = (axes: readonly SpecAxis[]): string => `[${axes.map(flowAxis).join(", ")}]`;

function flowAxis(axis: SpecAxis): string {
  if (typeof axis === "number") return String(axis);
  // Quoted, for a plain word with a comma or bracket would end the list.
  if (typeof axis === "string") return JSON.stringify(axis);
  return "product" in axis ? `{ product: ${flow(axis.product)} }` : `{ concat: ${flow(axis.concat)} }`;
}

/**
 * Reads a spec from YAML or JSON.
 *
 * @param source what the text is called in messages: a path
 * @throws `bad-file` with all that is wrong
 */
export function parseSpec(text: string, { source }: { readonly source: string }): PermutationSpec {
  const fail = (message: string): OnebasinError =>
    new OnebasinError("bad-file", `${source}: ${message}`, {
      hint: "Print a spec to start from with: onebasin align A B --arch ARCH --spec-only",
      details: { source },
    });
  if (text.length > MAX_TEXT) throw fail(`a permutation spec has at most ${MAX_TEXT} characters.`);
  const document = parseDocument(text, { maxAliasCount: 0 } as object);
  if (document.errors.length > 0) throw fail(document.errors[0].message.split("\n")[0]);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0, mapAsMap: true });
  } catch {
    throw fail("aliases are not read in a permutation spec.");
  }
  const top = value instanceof Map ? value : new Map<unknown, unknown>();
  const [givenGroups, givenAxes] = [top.get("groups"), top.get("axes")];
  if (!(givenGroups instanceof Map) || !(givenAxes instanceof Map)) {
    throw fail('expected "groups", a size for each group, and "axes", a list for each key.');
  }
  const problems: OnebasinError[] = [];
  const groups = new Map<string, number>();
  for (const [name, size] of givenGroups) {
    if (Number.isSafeInteger(size) && size >= 1) groups.set(String(name), size as number);
    else problems.push(fail(`group "${String(name)}" has the size ${String(size)}; expected a whole number from 1.`));
  }
  const axes = new Map<string, readonly SpecAxis[]>();
  for (const [key, list] of givenAxes) {
    const read = Array.isArray(list) ? list.map((axis) => readAxis(axis, 0)) : [undefined];
    if (read.includes(undefined)) problems.push(fail(`the axes of key "${String(key)}" are not a list of axes.`));
    else axes.set(String(key), read as SpecAxis[]);
  }
  for (const [key, list] of axes) {
    for (const group of list.flatMap(groupsOfAxis)) {
      if (!groups.has(group)) problems.push(fail(`key "${key}" names the group "${group}", which has no size.`));
    }
    if (list.some((axis) => !Number.isSafeInteger(axisSize(axis, groups))))
      problems.push(fail(`key "${key}" is too large.`));
  }
  throwProblems(problems, source);
  return { groups, axes };
}

function readAxis(value: unknown, depth: number): SpecAxis | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  if (!(value instanceof Map) || value.size !== 1 || depth >= MAX_DEPTH) return undefined;
  const [[kind, members]] = value;
  if ((kind !== "product" && kind !== "concat") || !Array.isArray(members) || members.length === 0) return undefined;
  const read = members.map((member) => readAxis(member, depth + 1));
  if (read.includes(undefined)) return undefined;
  return kind === "product" ? { product: read as SpecAxis[] } : { concat: read as SpecAxis[] };
}
