import {
  type Code,
  global,
  integer,
  loadVector,
  local,
  repeat,
  scalar,
  setLocal,
  storeF64,
  teeLocal,
  vector,
} from "../../../kernels/wasm/code.js";
import type { GlobalVariable, ModuleContent, ValueType } from "../../../kernels/wasm/encode-module.js";

/** Elements that an instruction is written for at a time, as two vectors of f32. */
const UNIT = 8;
/** Units of one turn of the loop, so that its own cost is small beside theirs. */
export const UNITS = 2;
/** Elements of one turn. */
export const TURN = UNIT * UNITS;

/** The parameters of the function: elements before the block in its granule and in the output, elements of the block. */
const PARAMS: readonly ValueType[] = ["i32", "i32", "i32"];
const IN_GRANULE = 0;
const IN_OUTPUT = 1;
const LEFT = 2;

/** What addresses count from. */
type Scope = "granule" | "output" | "block";

/** Elements from there to the block. */
const FIRST: Readonly<Record<Scope, Code>> = {
  granule: local(IN_GRANULE),
  output: local(IN_OUTPUT),
  block: integer(0),
};

/** An address known when the loop runs, and what is to be added to it. */
export interface Place {
  readonly address: Code;
  readonly offset: number;
}

/**
 * Writes a function that goes over a block, `TURN` elements a turn. What does not change from turn to turn is held in
 * variables, which the compiler keeps in registers.
 */
export class LoopWriter {
  readonly #locals: ValueType[] = [];
  readonly #globals: GlobalVariable[] = [];
  readonly #held = new Map<string, Code>();
  readonly #before: Code[] = [];
  readonly #turn: Code[] = [];
  readonly #advance: Code[] = [];
  readonly #after: Code[] = [];
  readonly #largest = new Map<string, number>();
  readonly #doubts: Code[] = [];
  #unit = 0;

  /** A new variable, 0 at first. */
  variable(type: ValueType = "v128"): number {
    return this.#locals.push(type) - 1 + PARAMS.length;
  }

  beforeLoop(statement: Code): void {
    this.#before.push(statement);
  }

  inTurn(statement: Code): void {
    this.#turn.push(statement);
  }

  afterLoop(statement: Code): void {
    this.#after.push(statement);
  }

  /** Of the unit that is being written; the first of a turn is 0. */
  get unit(): number {
    return this.#unit;
  }

  /** What follows is for the next `UNIT` elements of the turn. */
  nextUnit(): void {
    this.#unit++;
  }

  /** These 32 bits in each lane. */
  constant(bits: number): Code {
    return this.#hold(`constant ${bits}`, () => vector("i32x4.splat", this.#global({ bits })));
  }

  /** The scalar of this number, in each lane; the module exports it under `scalarName`. */
  scalar(index: number): Code {
    const exportedAs = scalarName(index);
    return this.#hold(exportedAs, () => vector("f32x4.splat", this.#global({ exportedAs, type: "f32" })));
  }

  /** A register that is filled with one number: its first vector will do. */
  filled(address: number): Code {
    return this.#hold(`filled ${address}`, () => loadVector(integer(0), address));
  }

  /**
   * Where the first element of the current unit lies in a list of elements.
   *
   * @param start address of the list, or the name of the exported variable that will hold it
   */
  place(scope: Scope, start: number | string, elementBytes: number): Place {
    const address = this.#hold(
      `${scope} ${elementBytes} ${typeof start === "string" ? start : ""}`,
      () => {
        const first = scalar("i32.shl", FIRST[scope], integer(Math.log2(elementBytes)));
        if (typeof start === "number") return first;
        return scalar("i32.add", first, this.#global({ exportedAs: start, type: "i32" }));
      },
      elementBytes,
    );
    return { address, offset: (typeof start === "number" ? start : 0) + this.#unit * UNIT * elementBytes };
  }

  /** Doubts the block where a lane, a number not below 0, is above a limit (given for all 32 bits). */
  doubtAbove(limit: number, lanes: "i16x8" | "i32x4", values: Code): void {
    const key = `${lanes} ${limit}`;
    let largest = this.#largest.get(key);
    if (largest === undefined) {
      largest = this.variable();
      this.#largest.set(key, largest);
      const mask = vector(`${lanes}.gt_s`, local(largest), vector("i32x4.splat", integer(limit)));
      this.#doubts.push(vector("v128.any_true", mask));
    }
    this.inTurn(setLocal(largest, vector(`${lanes}.max_s`, local(largest), values)));
  }

  /** @param doubtAddress where it leaves, as f64, a number above 0 if it doubts the block, else 0 */
  finish(doubtAddress: number): ModuleContent {
    const doubt = this.#doubts.reduce((sum, one) => scalar("i32.add", sum, one), integer(0));
    this.afterLoop(storeF64(doubtAddress, scalar("f64.convert_i32_s", doubt)));
    const left = teeLocal(LEFT, scalar("i32.sub", local(LEFT), integer(TURN)));
    return {
      params: PARAMS,
      locals: this.#locals,
      globals: this.#globals,
      body: [...this.#before.flat(), ...repeat([...this.#turn, ...this.#advance].flat(), left), ...this.#after.flat()],
    };
  }

  /** A variable for what is the same for all turns; with `elementBytes`, an address that goes on with them. */
  #hold(key: string, make: () => Code, elementBytes?: number): Code {
    let held = this.#held.get(key);
    if (held === undefined) {
      const variable = this.variable(elementBytes === undefined ? "v128" : "i32");
      held = local(variable);
      this.#held.set(key, held);
      this.beforeLoop(setLocal(variable, make()));
      if (elementBytes !== undefined) {
        this.#advance.push(setLocal(variable, scalar("i32.add", held, integer(TURN * elementBytes))));
      }
    }
    return held;
  }

  #global(variable: GlobalVariable): Code {
    return global(this.#globals.push(variable) - 1);
  }
}

/** Names of the variables that are set before a loop runs. */
export const scalarName = (index: number): string => `scalar${index}`;
export const inputName = (index: number): string => `input${index}`;
export const bufferName = (index: number): string => `buffer${index}`;
export const OUTPUT_NAME = "output";
