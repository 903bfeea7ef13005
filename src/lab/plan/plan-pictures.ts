import type { LabSettings } from "../settings/lab-settings.js";
import type { StageKind } from "../stage.js";
import { layersStage } from "../stages/layers.js";
import { pathStage } from "../stages/path.js";
import { samplesStage } from "../stages/samples.js";
import { namedId } from "./chosen-names.js";
import { judgeCost, repairCost } from "./costs.js";
import type { Part, Template } from "./part.js";
import { coupleId } from "./plan-coupled.js";

/** What is shown rather than counted, of the first seed: paths, layers, single images. */
export function planPictures(settings: LabSettings): Part {
  const { path, repair, samples } = settings;
  const [matcher] = settings.align;
  const candidates = {
    ...Object.fromEntries(
      settings.align.map((it) => [`merge-${namedId(it)}-mean`, `${namedId(it)}-mean-repaired`] as const),
    ),
    ...Object.fromEntries(
      settings.couple.lambda.map(
        (lambda) => [`judge-${coupleId(lambda)}`, `${coupleId(lambda)}-average-repaired`] as const,
      ),
    ),
    "merge-mean": "mean-repaired",
  };
  const walk = (id: string, b: string, repaired: boolean): Template => ({
    id,
    title: `Walk from one parent to the other${repaired ? ", aligned and repaired" : ""}`,
    kind: pathStage as StageKind,
    settings: (seed) => ({ path, repair, seed, repaired }),
    inputs: { a: "train-a", b },
    cost: path.points * (2 * path.images + (repaired ? 2 * path.images + repair.batch * path.batches : 0)),
    once: true,
  });
  const templates: Template[] = [walk("path", "train-b", false)];
  if (matcher !== undefined) {
    const aligned = `align-${namedId(matcher)}`;
    templates.push(walk("path-aligned", aligned, true), {
      id: "layers",
      title: "Compare the parents layer by layer",
      kind: layersStage as StageKind,
      settings: (seed) => ({ seed, repair }),
      inputs: { a: "train-a", b: "train-b", aligned },
      cost: 8 * repairCost(settings),
      once: true,
    });
  }
  if (samples.count > 0) {
    templates.push({
      id: "samples",
      title: "Look at single images",
      kind: samplesStage as StageKind,
      settings: () => ({ samples, candidates }),
      inputs: {
        a: "train-a",
        b: "train-b",
        mean: "merge-mean",
        ...Object.fromEntries(Object.keys(candidates).map((stage) => [stage, stage])),
      },
      cost: 4 * judgeCost(settings),
      once: true,
    });
  }
  return { templates, rows: [] };
}
