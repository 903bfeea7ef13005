import {
  type Code,
  lane,
  loadVector,
  local,
  scalar,
  setLocal,
  shuffle,
  storeF64,
  storeVector,
  vector,
} from "../../../kernels/wasm/code.js";
import type { ModuleContent } from "../../../kernels/wasm/encode-module.js";
import { dtypeBytes } from "../../../tensor/dtype.js";
import { writeOf } from "../../expression/instruction-registers.js";
import type { ElementwiseName, ReductionName } from "../../expression/operations.js";
import type { Instruction } from "../../expression/program.js";
import { doubtAddress, type Loop } from "./loop.js";
import { bufferName, inputName, LoopWriter, OUTPUT_NAME, type Place, UNITS } from "./loop-writer.js";
import { doubtNonFinite, type Pair, VECTOR_FORMATS, type VectorFormat } from "./vector-formats.js";
import { VECTOR_OPERATIONS } from "./vector-operations.js";

const NUMBER_BYTES = 4;

/** Writes the function of a loop; it does to each element, and adds up, just what the kernels would. */
export function writeLoop(loop: Loop): ModuleContent {
  const writer = new LoopWriter();
  const state: LoopState = { loop, writer, pairs: new Map(), sums: new Map(), products: new Map() };
  for (let unit = 0; unit < UNITS; unit++) {
    const values: UnitValues = { known: new Set(), widened: new Map() };
    for (const [index, instruction] of loop.instructions.entries())
      writeInstruction(instruction, index, { ...state, values });
    for (const register of loop.kept) {
      if (values.known.has(register)) storePair(writer, registerPlace(state, register), pairOf(state, register));
    }
    writer.nextUnit();
  }
  return writer.finish(doubtAddress(loop.results));
}

interface LoopState {
  readonly loop: Loop;
  readonly writer: LoopWriter;
  /** By register. */
  readonly pairs: Map<number, Pair>;
  /** By reduction slot, the variables that add up. */
  readonly sums: Map<number, readonly number[]>;
  /** By slot of a dot product, the variable of its products of this turn. */
  readonly products: Map<number, number>;
}

/** What is known about the eight elements under way. */
interface UnitValues {
  /** Registers whose variables hold their values. */
  readonly known: Set<number>;
  /** By register, its elements as four pairs of f64. */
  readonly widened: Map<number, readonly Code[]>;
}

type UnitState = LoopState & { readonly values: UnitValues };

function writeInstruction(instruction: Instruction, index: number, state: UnitState): void {
  const { loop, writer } = state;
  switch (instruction.do) {
    case "load": {
      const dtype = loop.inputs[instruction.model];
      const format = VECTOR_FORMATS[dtype] as VectorFormat;
      const place = writer.place("granule", inputName(instruction.model), dtypeBytes(dtype));
      format.load(writer, place, pairOf(state, instruction.out), loop.checked.includes(index));
      break;
    }
    case "store": {
      if (loop.output === undefined) throw new Error("a loop that stores has no output");
      const place = writer.place("output", OUTPUT_NAME, dtypeBytes(loop.output));
      const values = operandVariables(state, instruction.a);
      if (loop.checked.includes(index)) {
        for (const variable of values) doubtNonFinite(writer, local(variable));
      }
      (VECTOR_FORMATS[loop.output] as VectorFormat).store(writer, place, values);
      break;
    }
    case "apply": {
      const operation = VECTOR_OPERATIONS[instruction.kernel as ElementwiseName];
      if (operation === undefined) throw new Error(`${instruction.kernel} has no vector form`);
      writeVectors(state, instruction, (operands) => operation(operands, (bits) => writer.constant(bits)));
      break;
    }
    case "scale":
      writeVectors(state, { out: instruction.out, args: [instruction.a] }, ([a]) =>
        vector("f32x4.mul", a, writer.scalar(instruction.scalar)),
      );
      break;
    case "addScaled":
      writeVectors(state, { out: instruction.out, args: [instruction.a, instruction.b] }, ([a, b]) =>
        vector("f32x4.add", a, vector("f32x4.mul", b, writer.scalar(instruction.scalar))),
      );
      break;
    case "open":
      loadPair(writer, bufferPlace(state, instruction.buffer), pairOf(state, instruction.out));
      break;
    case "save":
      storePair(writer, bufferPlace(state, instruction.buffer), operandVariables(state, instruction.a));
      break;
    case "reduce":
      writeReduction(state, instruction);
      break;
    default:
      throw new Error(`${instruction.do} is no part of a loop`);
  }
  const written = writeOf(instruction);
  if (written === undefined) return;
  state.values.known.add(written);
  state.values.widened.delete(written);
}

/** Both vectors of `out` from those of the operands. */
function writeVectors(
  state: UnitState,
  { out, args }: { readonly out: number; readonly args: readonly number[] },
  make: (operands: readonly Code[]) => Code,
): void {
  const operands = args.map((register) => operandsOf(state, register));
  for (const [half, variable] of pairOf(state, out).entries()) {
    state.writer.inTurn(setLocal(variable, make(operands.map((vectors) => vectors[half]))));
  }
}

/** The vectors of a register: filled ones are the same everywhere, others come from memory when first used. */
function operandsOf(state: UnitState, register: number): readonly Code[] {
  const { loop, writer } = state;
  if (loop.filled.includes(register)) {
    const value = writer.filled(loop.registers.address + register * loop.registers.step);
    return [value, value];
  }
  return operandVariables(state, register).map(local);
}

function operandVariables(state: UnitState, register: number): Pair {
  const { loop, values, writer } = state;
  const pair = pairOf(state, register);
  if (values.known.has(register)) return pair;
  if (loop.filled.includes(register)) {
    for (const [half, value] of operandsOf(state, register).entries()) writer.inTurn(setLocal(pair[half], value));
  } else {
    loadPair(writer, registerPlace(state, register), pair);
  }
  values.known.add(register);
  return pair;
}

function pairOf({ pairs, writer }: LoopState, register: number): Pair {
  const known = pairs.get(register);
  if (known !== undefined) return known;
  const pair: Pair = [writer.variable(), writer.variable()];
  pairs.set(register, pair);
  return pair;
}

const registerPlace = ({ loop: { registers }, writer }: LoopState, register: number): Place =>
  writer.place("block", registers.address + register * registers.step, NUMBER_BYTES);

const bufferPlace = ({ writer }: LoopState, buffer: number): Place =>
  writer.place("granule", bufferName(buffer), NUMBER_BYTES);

function loadPair(writer: LoopWriter, { address, offset }: Place, pair: Pair): void {
  for (const [half, variable] of pair.entries()) {
    writer.inTurn(setLocal(variable, loadVector(address, offset + 16 * half)));
  }
}

function storePair(writer: LoopWriter, { address, offset }: Place, pair: Pair): void {
  for (const [half, variable] of pair.entries()) {
    writer.inTurn(storeVector(address, offset + 16 * half, local(variable)));
  }
}

const resultAddress = ({ results }: Loop, place: number): number =>
  results.address + place * Float64Array.BYTES_PER_ELEMENT;

function writeReduction(state: UnitState, { reduction, args, slot }: Extract<Instruction, { do: "reduce" }>): void {
  const { writer } = state;
  switch (reduction) {
    case "sum": {
      addTo(accumulators(state, { slot, reduction }), widen(state, args[0]), writer);
      break;
    }
    case "dot": {
      const products = productsOfTurn(state, { slot, args });
      if (writer.unit < UNITS - 1) break;
      addTo(accumulators(state, { slot, reduction }), widened(products), writer);
      break;
    }
    case "largest":
    case "smallest": {
      const [extreme] = accumulators(state, { slot, reduction });
      const operation = reduction === "largest" ? "f32x4.max" : "f32x4.min";
      for (const value of operandsOf(state, args[0])) {
        writer.inTurn(setLocal(extreme, vector(operation, local(extreme), value)));
      }
    }
  }
}

function addTo(sums: readonly number[], terms: readonly Code[], writer: LoopWriter): void {
  for (const [i, term] of terms.entries()) writer.inTurn(setLocal(sums[i], vector("f64x2.add", local(sums[i]), term)));
}

/**
 * The products of this turn's elements so far, lane by lane: as many as a turn has are added in f32, which costs half
 * of widening each. Each lane is then off by at most its terms · 2⁻²⁴ of what it adds up; `isSafeDot` says when.
 */
function productsOfTurn(
  state: UnitState,
  { slot, args }: { readonly slot: number; readonly args: readonly number[] },
): Code {
  const { writer, products } = state;
  const [x, y] = args.map((register) => operandsOf(state, register));
  const [low, high] = x.map((value, half) => vector("f32x4.mul", value, y[half]));
  const sum = vector("f32x4.add", low, high);
  let variable = products.get(slot);
  if (variable === undefined) {
    variable = writer.variable();
    products.set(slot, variable);
  }
  writer.inTurn(setLocal(variable, writer.unit === 0 ? sum : vector("f32x4.add", local(variable), sum)));
  return local(variable);
}

/** The upper half of a vector in both halves. */
const upperHalf = (x: Code): Code =>
  shuffle(
    x,
    x,
    Array.from({ length: 16 }, (_, byte) => 8 + (byte % 8)),
  );

/** Four f32 as two pairs of f64. */
const widened = (x: Code): readonly Code[] => [x, upperHalf(x)].map((half) => vector("f64x2.promote_low_f32x4", half));

function widen(state: UnitState, register: number): readonly Code[] {
  const { writer, values } = state;
  const known = values.widened.get(register);
  if (known !== undefined) return known;
  const pairs = operandsOf(state, register)
    .flatMap(widened)
    .map((pair) => {
      const variable = writer.variable();
      writer.inTurn(setLocal(variable, pair));
      return local(variable);
    });
  values.widened.set(register, pairs);
  return pairs;
}

/** Variables for each reduction: as many as one step adds vectors. */
const ACCUMULATORS = { sum: 4, dot: 2, largest: 1, smallest: 1 } as const;

const addInPairs = ([a, b, ...others]: readonly Code[]): Code => {
  const pair = vector("f64x2.add", a, b);
  return others.length === 0 ? pair : vector("f64x2.add", pair, addInPairs(others));
};

const EXTREME_START = { largest: 0xff800000, smallest: 0x7f800000 } as const;

/** Variables that add up over the block, with what is done to them before and after it. */
function accumulators(
  { sums, writer, loop }: LoopState,
  { slot, reduction }: { readonly slot: number; readonly reduction: ReductionName },
): readonly number[] {
  const known = sums.get(slot);
  if (known !== undefined) return known;
  const address = resultAddress(loop, slot);
  const isSum = reduction === "sum" || reduction === "dot";
  const variables = Array.from({ length: ACCUMULATORS[reduction] }, () => writer.variable());
  sums.set(slot, variables);
  if (isSum) {
    const total = writer.variable();
    writer.afterLoop(setLocal(total, addInPairs(variables.map(local))));
    const [low, high] = [0, 1].map((place) => lane("f64x2.extract_lane", local(total), place));
    writer.afterLoop(storeF64(address, scalar("f64.add", low, high)));
  } else {
    writer.beforeLoop(setLocal(variables[0], writer.constant(EXTREME_START[reduction])));
    const join = reduction === "largest" ? "f32.max" : "f32.min";
    const found = [0, 1, 2, 3]
      .map((place) => lane("f32x4.extract_lane", local(variables[0]), place))
      .reduce((extreme, next) => scalar(join, extreme, next));
    writer.afterLoop(storeF64(address, scalar("f64.promote_f32", found)));
  }
  return variables;
}
