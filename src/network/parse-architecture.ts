import { OnebasinError, throwProblems } from "../core/errors.js";
import { type Params, type ParamValues, resolveParams } from "../core/params.js";
import { unknownName } from "../core/suggest.js";
import type { Architecture } from "./architecture.js";
import { architectures } from "./architectures.gen.js";
import type { Network } from "./graph.js";

/** An architecture with all its options chosen. */
export interface ChosenArchitecture {
  readonly architecture: Architecture;
  readonly values: ParamValues<Params>;
  /** As it can be asked for again: `vgg16:width=0.25`; options at their defaults are left out. */
  readonly name: string;
  readonly network: Network;
}

/**
 * Reads the name of a built-in architecture with its options: `vgg16:width=0.25,classes=10`.
 *
 * @throws `unknown-name` for an architecture or option that does not exist, `bad-argument` for a value out of range
 */
export function parseArchitecture(text: string): ChosenArchitecture {
  const colon = text.indexOf(":");
  const id = colon === -1 ? text : text.slice(0, colon);
  const architecture = architectures.find((it) => it.id === id);
  if (architecture === undefined) {
    throw unknownName(
      "architecture called",
      id,
      architectures.map((it) => it.id),
    );
  }
  const given: Record<string, string> = Object.create(null);
  for (const option of colon === -1 ? [] : text.slice(colon + 1).split(",")) {
    const equals = option.indexOf("=");
    if (equals < 1) {
      throw new OnebasinError(
        "bad-argument",
        `Architecture "${text}": "${option}" is not an option of the form key=value.`,
        {
          hint: `Write it like ${id}:${Object.keys(architecture.params)[0]}=…`,
        },
      );
    }
    given[option.slice(0, equals).trim()] = option.slice(equals + 1);
  }
  return chooseArchitecture(architecture, given);
}

/**
 * Builds an architecture from options; those left out take their defaults.
 *
 * @throws as {@link parseArchitecture}
 */
export function chooseArchitecture(
  architecture: Architecture,
  given: Readonly<Record<string, unknown>>,
): ChosenArchitecture {
  const { values, problems } = resolveParams(`architecture "${architecture.id}"`, architecture.params, given);
  throwProblems(problems, `architecture "${architecture.id}"`);
  const options = Object.entries(architecture.params)
    .filter(([name, param]) => values[name] !== param.default)
    .map(([name]) => `${name}=${values[name]}`);
  const name = options.length === 0 ? architecture.id : `${architecture.id}:${options.join(",")}`;
  return { architecture, values, name, network: architecture.build(values) };
}
