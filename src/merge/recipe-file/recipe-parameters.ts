import type { Placed, YamlReader } from "./yaml-reader.js";

export type Scalar = number | boolean | string;

/** One value, values over the layers, or values for those keys that hold a text. */
export type Setting =
  | { readonly kind: "scalar"; readonly value: Scalar }
  | { readonly kind: "gradient"; readonly values: readonly number[] }
  | { readonly kind: "filtered"; readonly cases: readonly { readonly filter?: string; readonly value: Setting }[] };

/** Settings by name, as written at one level of a recipe. */
export type Settings = ReadonlyMap<string, Placed<Setting>>;

/** Where a tensor stands, which decides what a setting is for it. */
export interface KeyPlace {
  readonly key: string;
  /** From 0 at the first layer to 1 at the last; absent outside of layers. */
  readonly depth?: number;
}

export function readSettings(node: unknown, reader: YamlReader): Settings {
  if (node === undefined) return new Map();
  const settings = new Map<string, Placed<Setting>>();
  for (const [name, { value }] of reader.members(node, "parameters")) {
    const setting = readSetting(value, name, reader);
    if (setting !== undefined) settings.set(name, { value: setting, place: reader.place(value) });
  }
  return settings;
}

function readSetting(node: unknown, name: string, reader: YamlReader): Setting | undefined {
  if (!reader.isList(node)) return readScalar(node, name, reader);
  const items = reader.items(node, name);
  if (items.length === 0) return reader.report(node, `"${name}" is an empty list.`);
  if (items.some(reader.isMap)) return readCases(items, name, reader);
  const values = items.map((item) => reader.scalar(item));
  const wrong = values.findIndex((value) => typeof value !== "number" || !Number.isFinite(value));
  if (wrong >= 0) return reader.report(items[wrong], `"${name}" over the layers must be a list of numbers.`);
  return { kind: "gradient", values: values as number[] };
}

function readScalar(node: unknown, name: string, reader: YamlReader): Setting | undefined {
  const value = reader.scalar(node);
  if (typeof value === "number" ? Number.isFinite(value) : typeof value === "boolean" || typeof value === "string") {
    return { kind: "scalar", value: value as Scalar };
  }
  return reader.report(node, `"${name}" must be a value, a list of numbers, or a list of filter and value.`);
}

function readCases(items: readonly unknown[], name: string, reader: YamlReader): Setting | undefined {
  const cases: { filter?: string; value: Setting }[] = [];
  for (const item of items) {
    if (!reader.isMap(item)) {
      const value = readSetting(item, name, reader);
      if (value !== undefined) cases.push({ value });
      continue;
    }
    const members = reader.members(item, `a case of "${name}"`, ["filter", "value"]);
    const value = members.get("value");
    if (value === undefined) {
      reader.report(item, `A case of "${name}" needs a value.`);
      continue;
    }
    const setting = readSetting(value.value, name, reader);
    const filter = members.get("filter");
    if (setting === undefined) continue;
    cases.push({
      value: setting,
      filter: filter === undefined ? undefined : reader.text(filter.value, "filter")?.value,
    });
  }
  return { kind: "filtered", cases };
}

/** The value of a setting for a tensor; `undefined` when no case matches its key. */
export function settingFor(setting: Setting, place: KeyPlace): Scalar | undefined {
  switch (setting.kind) {
    case "scalar":
      return setting.value;
    case "gradient":
      return interpolated(setting.values, place.depth ?? 0);
    case "filtered": {
      const match = setting.cases.find(
        ({ filter }) => filter === undefined || filter === "*" || holds(place.key, filter),
      );
      return match === undefined ? undefined : settingFor(match.value, place);
    }
  }
}

/** Linear between the values, which stand at equal distances from depth 0 to 1. */
function interpolated(values: readonly number[], depth: number): number {
  const at = depth * (values.length - 1);
  const low = Math.min(Math.floor(at), values.length - 1);
  const high = Math.min(low + 1, values.length - 1);
  return values[low] + (values[high] - values[low]) * (at - low);
}

/** Whether the key holds the text, a number in it as a whole: "layers.1" is not in "layers.10". */
export function holds(key: string, filter: string): boolean {
  const isDigit = (character: string | undefined): boolean => character !== undefined && /\d/.test(character);
  for (let at = key.indexOf(filter); at >= 0; at = key.indexOf(filter, at + 1)) {
    const cutsBefore = isDigit(filter[0]) && isDigit(key[at - 1]);
    const cutsAfter = isDigit(filter.at(-1)) && isDigit(key[at + filter.length]);
    if (!cutsBefore && !cutsAfter) return true;
  }
  return false;
}
