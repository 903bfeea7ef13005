import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { OnebasinError } from "../../core/errors.js";
import { nearestName } from "../../core/suggest.js";

/** Files of settings are written by hand; aliases in a longer one could stand for any amount of text. */
const MAX_CHARACTERS = 1_000_000;
/** How often an anchor may be used, against files that unfold without end. */
const MAX_ALIASES = 100;

/** A value and where it stands in the file. */
export interface Placed<T> {
  readonly value: T;
  /** `recipe.yml:3:7`. */
  readonly place: string;
}

/** Reads a YAML text node by node and collects what is wrong, each with its line and column. Owns the list of problems. */
export class YamlReader {
  readonly problems: OnebasinError[] = [];
  readonly root: Node | null;
  readonly #name: string;
  readonly #lines = new LineCounter();
  readonly #document: ReturnType<typeof parseDocument>;

  /**
   * @param options.name how messages name the file
   * @param options.what is being read: "a recipe"
   */
  constructor(text: string, { name, what }: { readonly name: string; readonly what: string }) {
    this.#name = name;
    if (text.length > MAX_CHARACTERS) {
      throw new OnebasinError("limit", `${name} has ${text.length} characters; ${what} has at most ${MAX_CHARACTERS}.`);
    }
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true });
    for (const { message, pos } of document.errors) this.#report(this.#placeOf(pos[0]), `${message}.`);
    if (this.problems.length === 0) refuseUnfolding(document, name);
    this.#document = document;
    this.root = this.problems.length > 0 ? null : (document.contents as Node | null);
  }

  place(node: unknown): string {
    return this.#placeOf(isNode(node) ? (node.range?.[0] ?? 0) : 0);
  }

  report(node: unknown, message: string, hint?: string): undefined {
    return this.#report(this.place(node), message, hint);
  }

  /** The members of a map; every name must be one of `known`, unless that is absent. */
  members(node: unknown, what: string, known?: readonly string[]): Map<string, { key: Node; value: unknown }> {
    const found = new Map<string, { key: Node; value: unknown }>();
    const target = this.#resolved(node);
    if (!isMap(target)) {
      this.report(node, `${what} must be a map of names and values.`);
      return found;
    }
    for (const { key, value } of target.items) {
      const name = isScalar(key) ? String(key.value) : "";
      if (known !== undefined && !known.includes(name)) {
        const near = nearestName(name, known);
        this.report(
          key,
          `${what} has no "${name}".`,
          near === undefined ? `It may have: ${known.join(", ")}.` : `Did you mean "${near}"?`,
        );
        continue;
      }
      const resolved = this.#resolved(value);
      if (resolved !== undefined && resolved !== null && !(isScalar(resolved) && resolved.value === null)) {
        found.set(name, { key: key as Node, value: resolved });
      }
    }
    return found;
  }

  items(node: unknown, what: string): readonly unknown[] {
    const target = this.#resolved(node);
    if (isSeq(target)) return target.items.map((item) => this.#resolved(item));
    this.report(node, `${what} must be a list.`);
    return [];
  }

  isList = (node: unknown): boolean => isSeq(this.#resolved(node));
  isMap = (node: unknown): boolean => isMap(this.#resolved(node));

  /** The plain value of a scalar. */
  scalar(node: unknown): unknown {
    const target = this.#resolved(node);
    return isScalar(target) ? target.value : undefined;
  }

  text(node: unknown, what: string): Placed<string> | undefined {
    const value = this.scalar(node);
    if (typeof value === "string" && value.trim() !== "") return { value: value.trim(), place: this.place(node) };
    // A folder may be called 2024.
    if (typeof value === "number") return { value: String(value), place: this.place(node) };
    return this.report(node, `${what} must be text.`);
  }

  whole(node: unknown, what: string): number | undefined {
    const value = this.scalar(node);
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    return this.report(node, `${what} must be a whole number of at least 0.`);
  }

  #resolved(node: unknown): unknown {
    return isAlias(node) ? (node.resolve(this.#document) ?? null) : node;
  }

  #placeOf(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#name}:${line}:${col}`;
  }

  #report(place: string, message: string, hint?: string): undefined {
    this.problems.push(new OnebasinError("bad-argument", `${place}: ${message}`, { hint, details: { place } }));
  }
}

/** Aliases of aliases could stand for any amount of text: resolved once with a bound on it. */
function refuseUnfolding(document: ReturnType<typeof parseDocument>, name: string): void {
  try {
    document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw new OnebasinError("limit", `${name} cannot be read: ${(error as Error).message}.`);
  }
}
