import { OnebasinError } from "../core/errors.js";

/** One character of a pattern, and how often it may stand. */
interface Atom {
  readonly takes: (character: string) => boolean;
  readonly isOptional: boolean;
  readonly isRepeated: boolean;
}

/**
 * A test for modules by the patterns of an adapter's configuration: a name, or a regular expression that the module or
 * what stands behind one of its dots must match. Of regular expressions, characters, `.`, `\d`, `\w`, lists such as
 * `[0-9]`, the marks `*`, `+` and `?`, alternatives `|` and a leading `^` are known.
 *
 * Cost: O(pattern · module), whatever the pattern.
 *
 * @param owner how messages name the file
 * @throws `unsupported` for other expressions
 */
export function parseModulePattern(pattern: string, owner: string): (module: string) => boolean {
  const alternatives = splitAlternatives(pattern).map((text) => {
    const isAnchored = text.startsWith("^");
    return { isAnchored, atoms: parseAtoms(text.replace(/^\^/, "").replace(/(?<!\\)\$$/, ""), { pattern, owner }) };
  });
  return (module) =>
    alternatives.some(({ isAnchored, atoms }) =>
      isAnchored ? matches(atoms, module) : endsOf(module).some((end) => matches(atoms, end)),
    );
}

const splitAlternatives = (pattern: string): string[] => {
  const inner = /^\(([^()]*)\)$/.exec(pattern)?.[1] ?? pattern;
  return inner.split("|");
};

/** The module, and what stands behind each of its dots. */
function endsOf(module: string): string[] {
  const ends = [module];
  for (let dot = module.indexOf("."); dot >= 0; dot = module.indexOf(".", dot + 1)) ends.push(module.slice(dot + 1));
  return ends;
}

const CLASSES: Readonly<Record<string, (character: string) => boolean>> = {
  d: (character) => /[0-9]/.test(character),
  w: (character) => /\w/.test(character),
};

function parseAtoms(text: string, { pattern, owner }: { readonly pattern: string; readonly owner: string }): Atom[] {
  const atoms: Atom[] = [];
  const unsupported = (): never => {
    throw new OnebasinError("unsupported", `${owner} has the pattern "${pattern}", which is more than is understood.`, {
      hint: "Write the names of modules in full.",
    });
  };
  for (let at = 0; at < text.length; ) {
    const [piece] = /^(?:\\.|\[\^?[^\]\\]+\]|[^\\[\](){}*+?|^$])/.exec(text.slice(at)) ?? unsupported();
    at += piece.length;
    const mark = "*+?".includes(text[at] ?? " ") ? text[at++] : "";
    atoms.push({
      takes: takerOf(piece),
      isOptional: mark === "*" || mark === "?",
      isRepeated: "*+".includes(mark || " "),
    });
  }
  return atoms;
}

function takerOf(piece: string): (character: string) => boolean {
  if (piece === ".") return () => true;
  if (piece.length === 1) return (character) => character === piece;
  if (piece.startsWith("\\")) return CLASSES[piece[1]] ?? ((character) => character === piece[1]);
  const list = new RegExp(piece);
  return (character) => list.test(character);
}

/** Whether the atoms stand for the whole text: all places that they can have come to, moved on letter by letter. */
function matches(atoms: readonly Atom[], text: string): boolean {
  let places = reach(new Set([0]), atoms);
  for (const character of text) {
    const next = new Set<number>();
    for (const place of places) {
      if (place === atoms.length || !atoms[place].takes(character)) continue;
      next.add(place + 1);
      if (atoms[place].isRepeated) next.add(place);
    }
    places = reach(next, atoms);
  }
  return places.has(atoms.length);
}

/** The places, and those behind atoms that may be left out. A repeated atom that was taken once may be left. */
function reach(places: Set<number>, atoms: readonly Atom[]): Set<number> {
  for (const place of places) if (place < atoms.length && atoms[place].isOptional) places.add(place + 1);
  return places;
}
