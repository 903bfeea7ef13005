import type { TensorEntry } from "../../checkpoint/checkpoint.js";
import { OnebasinError } from "../../core/errors.js";
import { type LayerStacks, layerOf, layerStacks, standsBeforeLayers, tiedEmbedding } from "./layers.js";
import type { RecipeModule, RecipeSlice, RecipeSource } from "./recipe-file.js";
import type { KeyPlace } from "./recipe-parameters.js";

/** One output tensor before its formula is known: which models it comes from, and under which key. */
export interface Wanted {
  readonly key: string;
  readonly place: KeyPlace;
  readonly module: RecipeModule;
  readonly slice: RecipeSlice;
  /** By model name in the recipe: the entry, under its output key. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
}

/** The models of a recipe, as far as their keys go. */
export interface RecipeEntries {
  readonly entriesOf: (model: string) => ReadonlyMap<string, TensorEntry>;
  /** The models that a slice is made of, each once, a base that the method uses among them. */
  readonly namesIn: (slice: RecipeSlice) => readonly string[];
}

/** Finds every tensor of a recipe's output, and what it is made of. Owns the list of problems. */
export class TensorCollector {
  readonly problems: OnebasinError[] = [];
  readonly #modules: readonly RecipeModule[];
  readonly #models: RecipeEntries;

  constructor(modules: readonly RecipeModule[], models: RecipeEntries) {
    this.#modules = modules;
    this.#models = models;
  }

  /** Every tensor of the output, in the order of the first model, stacked layers in their new order. */
  collect(): { readonly wanted: readonly Wanted[]; readonly layers?: number } {
    const found = new Map<string, Wanted>();
    let stacked: number | undefined;
    for (const module of this.#modules) {
      const isMine = moduleFilter(module, this.#modules);
      const isStacked = module.slices.some(({ sources }) => sources.some(({ layers }) => layers !== undefined));
      if (isStacked) stacked = (stacked ?? 0) + this.#stack(module, isMine, found);
      else this.#whole(module, isMine, found);
    }
    return { wanted: [...found.values()], layers: stacked };
  }

  #whole(module: RecipeModule, isMine: (key: string) => boolean, found: Map<string, Wanted>): void {
    for (const slice of module.slices) {
      const names = this.#models.namesIn(slice);
      const stacks = layerStacks(names.flatMap((name) => [...this.#models.entriesOf(name).keys()]));
      for (const key of new Set(names.flatMap((name) => [...this.#models.entriesOf(name).keys()]))) {
        if (!isMine(key)) continue;
        const entries = new Map<string, TensorEntry>();
        for (const name of names) {
          const entry = this.#find(name, key);
          if (entry !== undefined) entries.set(name, entry);
        }
        found.set(key, { key, place: { key, depth: depthOf(key, stacks) }, module, slice, entries });
      }
    }
  }

  /** The layers of a module's slices one after the other; gives their count. */
  #stack(module: RecipeModule, isMine: (key: string) => boolean, found: Map<string, Wanted>): number {
    let next = 0;
    const last = module.slices.length - 1;
    for (const [i, slice] of module.slices.entries()) {
      const names = this.#models.namesIn(slice);
      const count = rangeOf(slice.sources[0]).to - rangeOf(slice.sources[0]).from;
      const ranges = new Map(slice.sources.map((source) => [source.model.value, rangeOf(source)]));
      for (const name of names) this.#checkRange(name, ranges.get(name), { slice, isMine });
      for (const name of names) {
        const { from } = ranges.get(name) ?? rangeOf(slice.sources[0]);
        const { main } = layerStacks([...this.#models.entriesOf(name).keys()].filter(isMine));
        for (const [key, entry] of this.#models.entriesOf(name)) {
          if (!isMine(key)) continue;
          const layer = layerOf(key);
          const inStack = layer !== undefined && layer.stack === main;
          if (inStack && (layer.layer < from || layer.layer >= from + count)) continue;
          if (!inStack && i !== (standsBeforeLayers(key) ? 0 : last)) continue;
          const outKey = inStack ? `${layer.stack}.${next + layer.layer - from}.${layer.rest}` : key;
          const depth = inStack ? shareOf(layer.layer - from, count) : undefined;
          const known = found.get(outKey);
          const entries = new Map([...(known?.entries ?? []), [name, entry] as const]);
          found.set(outKey, { key: outKey, place: { key, depth }, module, slice, entries });
        }
      }
      next += count;
    }
    return next;
  }

  #checkRange(
    name: string,
    range: RecipeSource["layers"],
    { slice, isMine }: { readonly slice: RecipeSlice; readonly isMine: (key: string) => boolean },
  ): void {
    const { main, counts } = layerStacks([...this.#models.entriesOf(name).keys()].filter(isMine));
    const count = main === undefined ? 0 : (counts.get(main) ?? 0);
    if (range === undefined || range.to <= count) return;
    this.problems.push(
      new OnebasinError(
        "bad-argument",
        `${slice.place}: layer_range [${range.from}, ${range.to}] asks for more layers than ${name} has (${count}).`,
      ),
    );
  }

  /** A model's entry; a tied output layer that is not stored is the embedding. */
  #find(name: string, key: string): TensorEntry | undefined {
    const entries = this.#models.entriesOf(name);
    const own = entries.get(key);
    if (own !== undefined) return own;
    const tied = tiedEmbedding(key, entries.keys());
    return tied === undefined ? undefined : entries.get(tied);
  }
}

const rangeOf = ({ layers }: RecipeSource): { from: number; to: number } => layers ?? { from: 0, to: 0 };

const shareOf = (layer: number, count: number): number => (count > 1 ? layer / (count - 1) : 0);

function depthOf(key: string, { counts }: LayerStacks): number | undefined {
  const layer = layerOf(key);
  return layer === undefined ? undefined : shareOf(layer.layer, counts.get(layer.stack) ?? 1);
}

/** Which keys a module stands for: those that begin with its name, or all when it is the only one. */
function moduleFilter({ name }: RecipeModule, modules: readonly RecipeModule[]): (key: string) => boolean {
  if (name === undefined || modules.length === 1) return () => true;
  const stem = name.replace(/_(model|decoder|encoder)$/, "");
  const mine = (module: string, key: string): boolean =>
    key.split(".").some((part) => part === module || part === `${module}_model` || part === `${module}_tower`);
  const others = modules.flatMap((other) =>
    other.name === undefined || other.name === name ? [] : [other.name.replace(/_(model|decoder|encoder)$/, "")],
  );
  // What no module's name is found in belongs to the first.
  return (key) =>
    mine(stem, key) || mine(name, key) || (modules[0].name === name && !others.some((other) => mine(other, key)));
}
