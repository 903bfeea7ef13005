import { type Code, signed, unsigned } from "./code.js";

const TYPES = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;
export type ValueType = keyof typeof TYPES;

export interface ModuleContent {
  readonly params: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly globals: readonly GlobalVariable[];
  readonly body: Code;
}

/** An i32 with these bits, which nothing changes (but the compiler cannot know that); or a number that is set from outside. */
export type GlobalVariable = { readonly bits: number } | { readonly exportedAs: string; readonly type: "i32" | "f32" };

/**
 * A WebAssembly module of one function without results, exported as `run`, on the memory that is imported as
 * `env.memory`.
 *
 * @source WebAssembly core specification 2.0, binary format
 */
export function encodeModule({ params, locals, globals, body }: ModuleContent): Uint8Array<ArrayBuffer> {
  const type = [0x60, ...list(params.map((param) => [TYPES[param]])), 0];
  const memory = [...name("env"), ...name("memory"), 0x02, 0x00, 0x01];
  const variables = globals.map((variable) =>
    "type" in variable && variable.type === "f32"
      ? [TYPES.f32, 0x01, 0x43, 0, 0, 0, 0, 0x0b]
      : [TYPES.i32, 0x01, 0x41, ...signed("bits" in variable ? variable.bits : 0), 0x0b],
  );
  const exported = [
    [...name("run"), 0x00, 0x00],
    ...globals.flatMap((variable, i) =>
      "bits" in variable ? [] : [[...name(variable.exportedAs), 0x03, ...unsigned(i)]],
    ),
  ];
  const code = [...list(locals.map((type) => [1, TYPES[type]])), ...body, 0x0b];
  return Uint8Array.from([
    0x00,
    0x61,
    0x73,
    0x6d,
    0x01,
    0x00,
    0x00,
    0x00,
    ...section(1, [type]),
    ...section(2, [memory]),
    ...section(3, [[0]]),
    ...section(6, variables),
    ...section(7, exported),
    ...section(10, [[...unsigned(code.length), ...code]]),
  ]);
}

const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];

const name = (text: string): Code => [...unsigned(text.length), ...[...text].map((letter) => letter.charCodeAt(0))];

function section(id: number, items: readonly Code[]): Code {
  const content = list(items);
  return [id, ...unsigned(content.length), ...content];
}
