import type { YamlReader } from "../../merge/recipe-file/yaml-reader.js";

/** A value as the user gave it, and where: `lab.yml:3:7`, or the flag. */
export interface Given {
  readonly place: string;
  /** A number, text, truth value or null; absent for the two below. */
  readonly scalar?: unknown;
  readonly items?: readonly Given[];
  readonly members?: ReadonlyMap<string, Given>;
}

/** A node of a YAML file with all that is below it. Problems go to the reader. */
export function givenNode(reader: YamlReader, node: unknown): Given {
  const place = reader.place(node);
  if (reader.isMap(node)) {
    const members = [...reader.members(node, "The file")].map(
      ([name, { value }]) => [name, givenNode(reader, value)] as const,
    );
    return { place, members: new Map(members) };
  }
  if (reader.isList(node))
    return { place, items: reader.items(node, "The file").map((item) => givenNode(reader, item)) };
  return { place, scalar: reader.scalar(node) };
}

/** A value of the command line or of a program: lists and objects of plain values. */
export function givenValue(value: unknown, place: string): Given {
  if (Array.isArray(value)) return { place, items: value.map((item) => givenValue(item, place)) };
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).flatMap(([name, it]) =>
      it === undefined ? [] : [[name, givenValue(it, place)] as const],
    );
    return { place, members: new Map(members) };
  }
  return { place, scalar: value };
}

/** The later of two where both say something; sections are joined member by member. */
export function givenOver(base: Given, over: Given): Given {
  if (base.members === undefined || over.members === undefined) return over;
  const members = new Map(base.members);
  for (const [name, value] of over.members) {
    const held = members.get(name);
    members.set(name, held === undefined ? value : givenOver(held, value));
  }
  return { place: over.place, members };
}

/** The plain value: what the file says without its places. */
export function plainValue({ scalar, items, members }: Given): unknown {
  if (items !== undefined) return items.map(plainValue);
  if (members !== undefined) return Object.fromEntries([...members].map(([name, value]) => [name, plainValue(value)]));
  return scalar;
}
