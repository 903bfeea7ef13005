import { OnebasinError } from "../core/errors.js";
import { describeParam } from "../core/params.js";
import { unknownName } from "../core/suggest.js";
import { elementCount } from "../tensor/shape.js";
import type { MatrixWork } from "./execute/job.js";
import { type Expression, input } from "./expression/expression.js";
import { parseExpression } from "./expression/parse-expression.js";
import type { MergeMethod, StatisticsNeed, TensorContext } from "./method.js";
import { methodParams } from "./method-params.js";
import { methods } from "./methods.gen.js";
import type { RuleAction } from "./rule.js";

/** How a method is asked for: by its id, with what it was given. */
export interface MethodRequest {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly weights?: readonly number[];
  /** Parameters of single models, in their order; they go before those of all models. */
  readonly each?: readonly Readonly<Record<string, unknown>>[];
}

/** A formula ready to be applied to keys. */
export interface Recipe {
  readonly expressionFor: (tensor: TensorContext) => Expression;
  /** What is to be done with a parameter that is combined as one matrix; `undefined` for all others. */
  readonly matrixFor?: (tensor: TensorContext) => MatrixWork | undefined;
  /** In words: `slerp t=0.3`. */
  readonly how: string;
  /** The same for tensors that are no matrices, where that makes a difference. */
  readonly howOthers?: string;
  readonly gives: MergeMethod["gives"];
  /** What it takes beside the models. */
  readonly statistics?: StatisticsNeed;
}

/** The models a recipe is written for: their names in order of input, the base (if any) last. */
export interface RecipeModels {
  readonly names: readonly string[];
  readonly hasBase: boolean;
  /** Files with statistics, one a model; they are the inputs behind the models. None where absent. */
  readonly statistics?: readonly string[];
}

/** @throws `unknown-name` */
export function findMethod(id: string): MergeMethod {
  const method = methods.find((candidate) => candidate.id === id);
  if (method === undefined)
    throw unknownName(
      "merge method",
      id,
      methods.map((candidate) => candidate.id),
    );
  return method;
}

/**
 * Builds the formula of a method for the given models.
 *
 * @returns the recipe, or all that is wrong with the request
 */
export function methodRecipe(
  request: MethodRequest,
  { names, hasBase, statistics = [] }: RecipeModels,
): { readonly recipe?: Recipe; readonly problems: readonly OnebasinError[] } {
  const method = findMethod(request.method);
  const count = names.length - (hasBase ? 1 : 0);
  const { params, each, texts, problems } = methodParams(method, count, request);
  const all = [
    ...problems,
    ...countProblems(method, count, hasBase),
    ...statisticsProblems(method, statistics, names.slice(0, count)),
    ...weightProblems(method, request.weights, names.slice(0, count)),
  ];
  if (all.length > 0) return { problems: all };
  const weights = request.weights ?? names.slice(0, count).map(() => method.defaultWeight ?? 1);
  const problem = method.problem?.({ models: count, weights, params, each });
  if (problem !== undefined)
    return { problems: [new OnebasinError("bad-argument", `Method "${method.id}": ${problem}`)] };
  const models = names.slice(0, count).map((_, i) => input(i));
  const base = hasBase ? input(count) : undefined;
  const settings = [...(request.weights === undefined ? [] : [`weights=${request.weights.join(",")}`]), ...texts];
  const how = [method.id, ...settings].join(" ");
  const given = { method: method.id, models: count, weights, params, each, hasBase };
  const measured = statistics.map((_, i) => input(names.length + i));
  return {
    recipe: {
      expressionFor: shareFormulas(({ hasStatistics }, own) => {
        const statistics = hasStatistics ? measured : undefined;
        return method.combine(Object.assign(own, { hasStatistics, models, base, statistics, weights, params, each }));
      }),
      matrixFor: method.matrix && ((tensor) => matrixWork(tensor, method, { ...given, statistics })),
      how,
      howOthers: method.matrix && `${method.matrix.others} (${how})`,
      gives: method.gives,
      statistics: method.statistics,
    },
    problems: [],
  };
}

/** What a formula can know of its tensor alone. */
type Own = Pick<TensorContext, "key" | "shape" | "seed">;

/**
 * A formula that did not look at what is its tensor's own is that of all tensors: it is made once, and what is found out
 * about it later need be found out once.
 */
function shareFormulas(make: (tensor: TensorContext, own: Own) => Expression): (tensor: TensorContext) => Expression {
  const shared = new Map<boolean, Expression>();
  return (tensor) => {
    const known = shared.get(tensor.hasStatistics);
    if (known !== undefined) return known;
    let looked = false;
    const look = <T>(value: T): T => {
      looked = true;
      return value;
    };
    const formula = make(tensor, {
      get key() {
        return look(tensor.key);
      },
      get shape() {
        return look(tensor.shape);
      },
      get seed() {
        return look(tensor.seed);
      },
    });
    if (!looked) shared.set(tensor.hasStatistics, formula);
    return formula;
  };
}

function matrixWork(
  { key, shape, hasStatistics }: TensorContext,
  { matrix, statistics }: MergeMethod,
  given: Omit<MatrixWork, "key" | "rows" | "cols">,
): MatrixWork | undefined {
  const [rows, ...others] = shape;
  const size = { rows, cols: elementCount(others), models: given.models };
  if (statistics !== undefined && !hasStatistics) return undefined;
  const isTaken = matrix?.takes?.(size) ?? Math.min(size.rows, size.cols) > 1;
  return shape.length > 1 && isTaken ? { ...given, ...size, key } : undefined;
}

/** @throws `bad-argument`, `unknown-name` */
export function expressionRecipe(text: string, { names }: RecipeModels): Recipe {
  const expression = parseExpression(text, names);
  return { expressionFor: () => expression, how: text, gives: "model" };
}

/** The request that a rule makes of the merge's own method, with the rule's settings on top. */
export function ruledRequest(
  action: Extract<RuleAction, { kind: "method" }>,
  merge: MethodRequest | undefined,
): MethodRequest {
  if (action.method !== undefined) return { method: action.method, params: action.params, weights: action.weights };
  if (merge === undefined) {
    throw new OnebasinError("bad-argument", "A rule gives settings, but the merge is an expression and has none.", {
      hint: "Name a method in the rule: 'GLOB: method slerp t=0.3'.",
    });
  }
  return {
    method: merge.method,
    params: { ...merge.params, ...action.params },
    each: merge.each,
    weights: action.weights ?? merge.weights,
  };
}

function countProblems({ id, models, base }: MergeMethod, count: number, hasBase: boolean): OnebasinError[] {
  const problems: OnebasinError[] = [];
  const range =
    models.max === undefined
      ? `${models.min} or more`
      : models.max === models.min
        ? `${models.min}`
        : `${models.min} to ${models.max}`;
  if (count < models.min || count > (models.max ?? Number.POSITIVE_INFINITY)) {
    problems.push(new OnebasinError("bad-argument", `Method "${id}" takes ${range} models; got ${count}.`));
  }
  if (base === "required" && !hasBase) {
    problems.push(
      new OnebasinError("bad-argument", `Method "${id}" needs the base model that the others were trained from.`, {
        hint: "Give it as --base CKPT.",
      }),
    );
  }
  if (base === "none" && hasBase) {
    problems.push(
      new OnebasinError("bad-argument", `Method "${id}" has no use for a base model.`, {
        hint: "Leave --base out, or choose a method of task vectors: task_arithmetic.",
      }),
    );
  }
  return problems;
}

function statisticsProblems(
  { id, statistics: need }: MergeMethod,
  given: readonly string[],
  names: readonly string[],
): OnebasinError[] {
  if (need === undefined || given.length === names.length) return [];
  const hint = `Measure them with: onebasin statistics MODEL --kind ${need.kind} --data DATASET -o FILE. Then give --statistics with one file a model, in their order; in a recipe, statistics: FILE beside each model.`;
  const message =
    given.length === 0
      ? `Method "${id}" needs statistics of each model (${need.title}).`
      : `${given.length} files of statistics (${given.join(", ")}) were given for ${names.length} models (${names.join(", ")}).`;
  return [new OnebasinError("bad-argument", message, { hint })];
}

function weightProblems(
  { id, defaultWeight, params }: MergeMethod,
  weights: readonly number[] | undefined,
  names: readonly string[],
): OnebasinError[] {
  if (weights === undefined) return [];
  if (defaultWeight === undefined) {
    const own = Object.entries(params).map(([name, param]) => `${name} (${describeParam(param)})`);
    return [
      new OnebasinError("bad-argument", `Method "${id}" has no weights.`, {
        hint:
          own.length > 0 ? `Its parameters: ${own.join("; ")}. Or use linear.` : "Use linear or sum to weigh models.",
      }),
    ];
  }
  if (weights.length !== names.length) {
    return [
      new OnebasinError(
        "bad-argument",
        `${weights.length} weights (${weights.join(", ")}) were given for ${names.length} models (${names.join(", ")}).`,
        { hint: "Give one weight a model, in the order of the models; the base has none." },
      ),
    ];
  }
  return [];
}
