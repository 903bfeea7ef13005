import type { TensorEntry } from "../checkpoint/checkpoint.js";
import { OnebasinError } from "../core/errors.js";
import { type DType, type FloatDType, isFloat, promoteFloats } from "../tensor/dtype.js";
import { type Shape, sameShape, shapeText } from "../tensor/shape.js";
import { createTensor } from "../tensor/tensor.js";
import type { MatrixWork } from "./execute/job.js";
import { argsOf, type Expression, input, max } from "./expression/expression.js";
import type { MergeOptions } from "./merge-options.js";
import type { PlannedInput, PlannedTensor } from "./plan.js";
import type { Recipe } from "./recipe.js";
import { isStatistic, type Role } from "./roles.js";
import type { RowRun } from "./row-run.js";

/** One model's part in a plan: its tensors under the first model's keys, its sources numbered in the plan. */
export interface PlanModel {
  readonly name: string;
  readonly file: string;
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly firstSource: number;
  /** By key: of tables whose rows are put in another order. */
  readonly rows?: ReadonlyMap<string, readonly RowRun[]>;
}

interface TensorRequest {
  readonly models: readonly PlanModel[];
  /** One a model, where there are any. */
  readonly statistics?: readonly PlanModel[];
  readonly role: Role;
  readonly recipe: Recipe;
  /** Name of the model that a rule copies this key from. */
  readonly copyFrom?: string;
  /** Whether a rule names this very key (not by a pattern), so that no policy applies. */
  readonly isNamed: boolean;
  readonly options: MergeOptions;
}

type Planned = { readonly tensor: PlannedTensor } | { readonly problem: OnebasinError };

/** Plans one key: policies for buffers, then the rule's or the merge's formula; or says why it cannot be done. */
export function planTensor(key: string, request: TensorRequest): Planned {
  const { models, role, copyFrom, isNamed, options } = request;
  if (copyFrom !== undefined) {
    const model = models.find(({ name }) => name === copyFrom) as PlanModel;
    if (!model.entries.has(key)) return { problem: missing(key, [model], models) };
    return { tensor: copyOf(key, model, role, options.dtype) };
  }
  const policy = options.buffers ?? "merge";
  if (!isNamed && role === "counter" && policy === "fresh") return { tensor: constantLike(key, models, role, 0) };
  if (!isNamed && isStatistic(role) && policy !== "merge") {
    return policy === "first"
      ? copyOfFirst(key, models, role, options.dtype)
      : { tensor: constantLike(key, models, role, role === "running variance" ? 1 : 0, options.dtype) };
  }
  if (!isNamed && role === "counter") return copyOfFirst(key, models, role);
  if (!isNamed && role === "other buffer") return agreeing(key, models, role, options.dtype);
  return computed(key, request);
}

function computed(key: string, request: TensorRequest): Planned {
  const { models, statistics = [], role, recipe, options } = request;
  const shape = models.find(({ entries }) => entries.has(key))?.entries.get(key)?.shape ?? [];
  const measured = role === "parameter" ? statisticsOf(key, shape, request) : { hasStatistics: false };
  if ("problem" in measured) return measured;
  const context = { key, shape, seed: options.seed ?? 0, ...measured };
  const matrix = role === "parameter" ? recipe.matrixFor?.(context) : undefined;
  const formula = matrix === undefined ? recipe.expressionFor(context) : undefined;
  const expression = formula !== undefined && role === "running variance" ? max(formula, 0) : formula;
  const all = [...models, ...statistics];
  const inWhole = (_: PlanModel, i: number): boolean => i < models.length || recipe.statistics !== undefined;
  const wholes = [...all.filter(inWhole).keys()];
  const used = expression === undefined ? wholes : [...inputsOf(expression)].sort((a, b) => a - b);
  const combined = used.filter((i) => i < models.length);
  const lacking = combined.map((i) => models[i]).filter(({ entries }) => !entries.has(key));
  if (lacking.length > 0) return { problem: missing(key, lacking, models) };
  const problem = shapeProblem(
    key,
    combined.map((i) => models[i]),
  );
  if (problem !== undefined) return { problem };
  const inputs = used.map((i) => inputFrom(all[i], key));
  // A formula of numbers alone takes shape and dtype from the first model that has the key.
  const like =
    combined.length > 0
      ? inputs.slice(0, combined.length)
      : models
          .filter(({ entries }) => entries.has(key))
          .map((model) => inputFrom(model, key))
          .slice(0, 1);
  const dtypes = like.map(({ entry }) => entry.dtype);
  const integer = dtypes.find((dtype) => !isFloat(dtype));
  if (integer !== undefined) {
    return {
      problem: new OnebasinError("mismatch", `Key "${key}" holds ${integer}, which no formula applies to.`, {
        hint: `Copy it from one model: --rule '${key}: copy ${models[0].name}'`,
      }),
    };
  }
  const dtype = options.dtype ?? (dtypes as FloatDType[]).reduce(promoteFloats);
  const nonNegative = recipe.statistics?.isNonNegative ? [...inputs.keys()].slice(combined.length) : undefined;
  const tensor = { key, dtype, shape: like[0].entry.shape, tie: commonTie(like), role, inputs, nonNegative };
  if (expression === undefined) {
    return { tensor: { ...tensor, action: { kind: "matrix", work: matrix as MatrixWork }, how: recipe.how } };
  }
  const renumbered = renumberInputs(expression, new Map(used.map((model, i) => [model, i])));
  const isCopy = renumbered.kind === "input" && inputs[0].entry.dtype === dtype;
  const action = isCopy ? ({ kind: "copy" } as const) : ({ kind: "compute", expression: renumbered } as const);
  return { tensor: { ...tensor, action, how: recipe.howOthers ?? recipe.how } };
}

/** Whether every model has statistics of a parameter; or why that must be, and what is wrong with those there are. */
function statisticsOf(
  key: string,
  shape: Shape,
  { statistics = [], recipe: { statistics: need } }: TensorRequest,
): { readonly hasStatistics: boolean } | { readonly problem: OnebasinError } {
  const expected = need?.shapeFor(shape);
  if (need === undefined || expected === undefined) return { hasStatistics: false };
  const [having, lacking] = [true, false].map((has) => statistics.filter(({ entries }) => entries.has(key) === has));
  if (having.length === 0 && !need.isRequired) return { hasStatistics: false };
  const files = (models: readonly PlanModel[]): string => models.map(({ file }) => file).join(", ");
  const refuse = (message: string, hint: string): { readonly problem: OnebasinError } => ({
    problem: new OnebasinError("mismatch", `Key "${key}": ${message}`, { hint, details: { key } }),
  });
  const measure = `Measure each model with: onebasin statistics MODEL --kind ${need.kind} …`;
  if (lacking.length > 0) {
    const others = having.length === 0 ? "" : `, but ${files(having)} has`;
    return refuse(
      `${files(lacking)} has no ${need.title} of it${others}.`,
      `${measure} Or combine such keys by another method: --rule '${key}: method mean'`,
    );
  }
  for (const { file, entries } of having) {
    const { shape: found, dtype } = entries.get(key) as TensorEntry;
    if (!isFloat(dtype)) return refuse(`${file} holds ${dtype}, which is no ${need.title}.`, measure);
    if (sameShape(found, expected)) continue;
    const is = `is ${shapeText(found)}; for a tensor of ${shapeText(shape)} it must be ${shapeText(expected)}`;
    return refuse(`the ${need.title} in ${file} ${is}.`, measure);
  }
  return { hasStatistics: true };
}

/** The tensor of one model, in another dtype if so wished. */
export function copyOf(key: string, model: PlanModel, role: Role, dtype?: FloatDType): PlannedTensor {
  const planned = inputFrom(model, key);
  const { entry } = planned;
  const target = dtype !== undefined && isFloat(entry.dtype) ? dtype : entry.dtype;
  const action =
    target === entry.dtype ? ({ kind: "copy" } as const) : ({ kind: "compute", expression: input(0) } as const);
  const how = `copy of ${model.name}`;
  return { key, dtype: target, shape: entry.shape, tie: commonTie([planned]), role, inputs: [planned], action, how };
}

function copyOfFirst(key: string, models: readonly PlanModel[], role: Role, dtype?: FloatDType): Planned {
  const [first] = models;
  return first.entries.has(key)
    ? { tensor: copyOf(key, first, role, dtype) }
    : { problem: missing(key, [first], models) };
}

/** A table or mask: the first model's, and whole numbers must be the same in all models that have it. */
function agreeing(key: string, models: readonly PlanModel[], role: Role, dtype?: FloatDType): Planned {
  const planned = copyOfFirst(key, models, role, dtype);
  if ("problem" in planned) return planned;
  const { tensor } = planned;
  const having = models.filter(({ entries }) => entries.has(key));
  if (isFloat(tensor.dtype)) return planned;
  const problem = shapeProblem(key, having) ?? dtypeProblem(key, having);
  if (problem !== undefined) return { problem };
  return { tensor: { ...tensor, inputs: having.map((model) => inputFrom(model, key)), mustAgree: true } };
}

function constantLike(
  key: string,
  models: readonly PlanModel[],
  role: Role,
  value: number,
  dtype?: DType,
): PlannedTensor {
  const { entry } = inputFrom(models.find(({ entries }) => entries.has(key)) as PlanModel, key);
  const target = dtype !== undefined && isFloat(entry.dtype) ? dtype : entry.dtype;
  const element = createTensor(target, [], [value]).bytes;
  return {
    key,
    dtype: target,
    shape: entry.shape,
    role,
    inputs: [],
    action: { kind: "constant", element },
    how: `fresh: ${value}`,
  };
}

function inputFrom(model: PlanModel, key: string): PlannedInput {
  const entry = model.entries.get(key) as TensorEntry;
  return { entry, source: model.firstSource + entry.source, rows: model.rows?.get(key) };
}

/** A tie survives when every input has one: equal inputs, equal result. */
function commonTie(inputs: readonly PlannedInput[]): string | undefined {
  if (inputs.length === 0 || inputs.some(({ entry }) => entry.tie === undefined)) return undefined;
  return inputs.map(({ entry, source }) => `${source}:${entry.tie}`).join("|");
}

function shapeProblem(key: string, models: readonly PlanModel[]): OnebasinError | undefined {
  const [first, ...others] = models.map((model) => ({ model, shape: (model.entries.get(key) as TensorEntry).shape }));
  const other = others.find(({ shape }) => !sameShape(shape, first.shape));
  if (other === undefined) return undefined;
  return new OnebasinError(
    "mismatch",
    `Key "${key}": ${first.model.file} has ${shapeText(first.shape)}, ${other.model.file} has ${shapeText(other.shape)}.`,
    {
      hint: `Merge equal architectures, or take such keys from one model: --rule '${key}: copy ${first.model.name}'`,
      details: { key, shapes: [first.shape, other.shape] },
    },
  );
}

/** Whole numbers of other dtypes cannot be compared byte by byte. */
function dtypeProblem(key: string, models: readonly PlanModel[]): OnebasinError | undefined {
  const [first, ...others] = models.map((model) => ({ model, dtype: (model.entries.get(key) as TensorEntry).dtype }));
  const other = others.find(({ dtype }) => dtype !== first.dtype);
  if (other === undefined) return undefined;
  return new OnebasinError(
    "mismatch",
    `Key "${key}": ${first.model.file} holds ${first.dtype}, ${other.model.file} holds ${other.dtype}.`,
    {
      hint: `Whole numbers are never averaged. Take them from one model: --rule '${key}: copy ${first.model.name}'`,
      details: { key, dtypes: [first.dtype, other.dtype] },
    },
  );
}

function missing(key: string, lacking: readonly PlanModel[], models: readonly PlanModel[]): OnebasinError {
  const having = models.filter(({ entries }) => entries.has(key));
  return new OnebasinError(
    "mismatch",
    `Key "${key}" is in ${having.map(({ file }) => file).join(", ")}, but not in ${lacking.map(({ file }) => file).join(", ")}.`,
    {
      hint: `Merge equal architectures, or say what to do: --rule '${key}: copy ${having[0].name}' or --rule '${key}: drop'`,
      details: { key },
    },
  );
}

const inputs = new WeakMap<Expression, ReadonlySet<number>>();

/** Numbers of the models that a formula takes. */
function inputsOf(expression: Expression): ReadonlySet<number> {
  let known = inputs.get(expression);
  if (known === undefined) {
    known =
      expression.kind === "input"
        ? new Set([expression.model])
        : new Set(argsOf(expression).flatMap((arg) => [...inputsOf(arg)]));
    inputs.set(expression, known);
  }
  return known;
}

function renumberInputs(expression: Expression, numbers: ReadonlyMap<number, number>): Expression {
  if ([...numbers].every(([from, to]) => from === to)) return expression;
  const done = new Map<Expression, Expression>();
  const visit = (node: Expression): Expression => {
    let result = done.get(node);
    if (result === undefined) {
      if (node.kind === "input") result = input(numbers.get(node.model) as number);
      else result = "args" in node ? ({ ...node, args: node.args.map(visit) } as Expression) : node;
      done.set(node, result);
    }
    return result;
  };
  return visit(expression);
}
