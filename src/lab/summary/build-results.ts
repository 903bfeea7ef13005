import { type LabPlan, stageId } from "../plan/plan-lab.js";
import { zipId } from "../plan/plan-zip.js";
import type {
  CouplingPoint,
  ExperimentFacts,
  LabResults,
  LayerFacts,
  NetworkResult,
  PathCurve,
  StageFacts,
  TrainingCurve,
  UnitMatches,
  ZipPoint,
} from "../results.js";
import type { HashedStage } from "../stage.js";
import type { CoupleFacts } from "../stages/couple.js";
import type { JudgeCoupledFacts } from "../stages/judge-coupled.js";
import type { LayersFacts } from "../stages/layers.js";
import type { MergeFacts } from "../stages/merge.js";
import type { PathFacts } from "../stages/path.js";
import type { SamplesFacts } from "../stages/samples.js";
import type { TrainFacts } from "../stages/train.js";
import type { ZipFacts } from "../stages/zip.js";
import { checkExpectations } from "./expectations.js";
import { accuracyOf, rangeOf, rangesOf } from "./ranges.js";
import { summarise } from "./summarise.js";

export interface BuildResultsOptions {
  readonly plan: LabPlan;
  readonly stages: readonly HashedStage[];
  /** What each stage found, by its id. */
  readonly facts: ReadonlyMap<string, unknown>;
  readonly experiment: ExperimentFacts;
  /** Of onebasin. */
  readonly version: string;
  /** The command that runs one stage. */
  readonly commandOf: (stage: HashedStage) => string;
}

/** Everything that was found, as `results.json` holds it. */
export function buildResults(options: BuildResultsOptions): LabResults {
  const { stages, experiment, version, commandOf } = options;
  const networks = networkResults(options);
  return {
    format: 1,
    onebasin: version,
    experiment,
    networks,
    summary: summarise(networks, experiment),
    expectations: checkExpectations(networks, experiment),
    training: trainingCurves(options),
    paths: pathCurves(options),
    coupling: couplingPoints(options),
    zip: zipPoints(options),
    layers: layerFacts(options),
    matches: unitMatches(options),
    samples: factsOf<SamplesFacts>(options, "samples")?.sets ?? [],
    stages: stages.map(
      (stage): StageFacts => ({
        id: stage.id,
        title: stage.title,
        hash: stage.hash,
        inputs: [...new Set(Object.values(stage.inputs))],
        command: commandOf(stage),
      }),
    ),
  };
}

/** Facts of a stage of one seed, the first unless told. */
const factsOf = <F>({ facts }: BuildResultsOptions, id: string, seedIndex = 0): F | undefined =>
  facts.get(stageId(id, seedIndex)) as F | undefined;

/** Facts of a stage by seed. */
const bySeed = <F>(options: BuildResultsOptions, id: string): F[] =>
  options.experiment.seeds.flatMap((_, index) => factsOf<F>(options, id, index) ?? []);

function networkResults(options: BuildResultsOptions): NetworkResult[] {
  return options.plan.rows.flatMap(({ stage, scores, ...row }) => {
    const found = bySeed(options, stage).flatMap((facts) => {
      const own = scores(facts);
      return own === undefined ? [] : [own];
    });
    if (found.length === 0) return [];
    return [
      {
        ...row,
        accuracy: rangesOf(found, accuracyOf),
        loss: rangesOf(found, ({ loss }) => loss),
        mean: rangeOf(found.map(([first, second]) => (first.accuracy + second.accuracy) / 2)),
        bySeed: found,
      },
    ];
  });
}

function trainingCurves(options: BuildResultsOptions): TrainingCurve[] {
  const { data, couple } = options.plan.settings;
  const titles = { a: `on ${data[0]}`, b: `on ${data[1]}`, both: "on both" } as const;
  const alone = Object.entries(titles).flatMap(([id, title]): TrainingCurve[] => {
    const facts = factsOf<TrainFacts>(options, `train-${id}`);
    return facts === undefined ? [] : [{ id: id === "both" ? id : `parent-${id}`, title, points: facts.curve }];
  });
  const coupled = couple.lambda.flatMap((lambda): TrainingCurve[] => {
    const facts = factsOf<CoupleFacts>(options, `couple-${lambda}`);
    return (facts?.curves ?? []).map((points, place) => ({
      id: `couple-${lambda}-${place === 0 ? "a" : "b"}`,
      title: `on ${data[place]}, coupled with λ = ${lambda === "inf" ? "∞" : lambda}`,
      points,
    }));
  });
  return [...alone, ...coupled];
}

function pathCurves(options: BuildResultsOptions): PathCurve[] {
  const curvesOf = (id: string, variantOf: (repaired: boolean) => PathCurve["variant"]): PathCurve[] => {
    const facts = factsOf<PathFacts>(options, id);
    return (facts?.curves ?? []).map(({ repaired, ...curve }) => ({
      variant: variantOf(repaired),
      t: facts?.t ?? [],
      ...curve,
    }));
  };
  return [
    ...curvesOf("path", () => "plain"),
    ...curvesOf("path-aligned", (repaired) => (repaired ? "aligned-repaired" : "aligned")),
  ];
}

function couplingPoints(options: BuildResultsOptions): CouplingPoint[] {
  return options.plan.settings.couple.lambda.flatMap((lambda): CouplingPoint[] => {
    const found = bySeed<JudgeCoupledFacts>(options, `judge-couple-${lambda}`);
    const trained = bySeed<CoupleFacts>(options, `couple-${lambda}`);
    if (found.length === 0) return [];
    const of = (pick: (facts: JudgeCoupledFacts) => JudgeCoupledFacts["a"]) => rangesOf(found.map(pick), accuracyOf);
    return [
      {
        lambda,
        a: of(({ a }) => a),
        b: of(({ b }) => b),
        average: of(({ plain }) => plain),
        averageRepaired: of(({ repaired }) => repaired),
        distance: rangeOf(trained.map(({ distance }) => distance)).median,
      },
    ];
  });
}

function zipPoints(options: BuildResultsOptions): ZipPoint[] {
  return options.plan.settings.zip.depths.flatMap((depth): ZipPoint[] => {
    const found = bySeed<ZipFacts>(options, zipId(depth));
    if (found.length === 0) return [];
    const [{ layers, of, parameters }] = found;
    const over = (pick: (facts: ZipFacts) => ZipFacts["ownHead"]) => rangesOf(found.map(pick), accuracyOf);
    return [
      {
        depth,
        layers,
        of,
        parameters,
        ownHead: over(({ ownHead }) => ownHead),
        bothHeads: over(({ bothHeads }) => bothHeads),
      },
    ];
  });
}

function layerFacts(options: BuildResultsOptions): LayerFacts[] {
  const layers = factsOf<LayersFacts>(options, "layers");
  const [matcher] = options.plan.rows.filter(({ group }) => group === "aligned");
  const aligned = matcher && factsOf<MergeFacts>(options, matcher.stage);
  const plain = factsOf<MergeFacts>(options, "merge-mean");
  return (layers?.layers ?? []).flatMap((facts): LayerFacts[] => {
    const [before, after] = [plain, aligned].map((merge) => merge?.ratios?.find(({ layer }) => layer === facts.layer));
    if (before === undefined || after === undefined) return [];
    const variance = { plain: before.before, aligned: after.before, alignedRepaired: after.after };
    return [{ ...facts, variance }];
  });
}

function unitMatches(options: BuildResultsOptions): UnitMatches[] {
  const layers = factsOf<LayersFacts>(options, "layers");
  return (layers?.matches ?? []).map(({ layer, before, after }) => ({
    layer,
    units: before.units.length,
    before: { best: before.units, correlation: before.correlation.map(rounded) },
    after: { best: after.units, correlation: after.correlation.map(rounded) },
  }));
}

/** Of thousands of numbers, the digits that a picture can show. */
const rounded = (value: number): number => Number(value.toFixed(4));
