/**
 * Networks for Node: built, loaded, trained and judged. Apart from the rest of the library, so that merging loads
 * nothing of it; the ONNX runtime itself is loaded when the first network runs.
 *
 * @example
 * import { createDatasetCache, evaluate, loadDataset, onnxRuntime, parseArchitecture, runTraining } from "onebasin/network";
 *
 * const { network } = parseArchitecture("lenet5");
 * const images = await loadDataset("pen", { split: "train", limit: 500 });
 * const { state } = await runTraining(network, images, { runtime: onnxRuntime, epochs: 1 });
 * const test = await loadDataset("pen", { split: "test", limit: 100 });
 * console.log(await evaluate({ network, state }, test, { runtime: onnxRuntime }));
 */

export { type LayerSimilarity, layerSimilarity } from "../align/activations/layer-similarity.js";
export { type Alignment, type AlignOptions, align } from "../align/align.js";
export type { Matcher } from "../align/matcher.js";
export { matchers } from "../align/matchers.gen.js";
export { derivePermutationSpec } from "../align/spec/derive-spec.js";
export type { PermutationSpec, SpecAxis } from "../align/spec/permutation-spec.js";
export { parseSpec, serializeSpec } from "../align/spec/serialize-spec.js";
export { applyPermutation } from "../align/unit-maps/apply-permutation.js";
export type { Permutation } from "../align/unit-maps/permutation.js";
export { type BatchOptions, createBatches, createMixedBatches } from "../data/create-batches.js";
export { datasets } from "../data/datasets.gen.js";
export type { ImageSet, Split } from "../data/image-set.js";
export { GREY_32, type InputFormat } from "../data/input-format.js";
export { type LoadDatasetOptions, loadDataset } from "../data/load-dataset.js";
export { type EvaluateOptions, type Evaluation, evaluate } from "../evaluate/evaluate.js";
export { type EnsembleMember, evaluateEnsemble } from "../evaluate/evaluate-ensemble.js";
export { evaluateHeads, type HeadEvaluation } from "../evaluate/evaluate-heads.js";
export { interpolate } from "../evaluate/interpolate.js";
export { evaluatePath, type PathOptions, type PathReport } from "../evaluate/path.js";
export { pathChart } from "../evaluate/path-chart.js";
export { type BestPoint, searchPath } from "../evaluate/search-path.js";
export type { LabResults, StageTimings } from "../lab/results.js";
export { ZIP_PARAMS, type ZipOptions, type Zipped, type ZippedLayer, zip } from "../library/zip.js";
export { architectures } from "../network/architectures.gen.js";
export { checkStateDict } from "../network/check-state-dict.js";
export { createNetwork } from "../network/create-network.js";
export type { Network } from "../network/graph.js";
export { createGraphBuilder, type GraphBuilder } from "../network/graph-builder.js";
export { guessArchitecture } from "../network/guess-architecture.js";
export { createInference } from "../network/inference.js";
export { createInitialState } from "../network/initial-state.js";
export { type Head, joinHeads } from "../network/join-heads.js";
export type { Layers } from "../network/layers.js";
export { parseOnnx } from "../network/onnx/parse-onnx.js";
export { serializeOnnx } from "../network/onnx/serialize-onnx.js";
export { type ChosenArchitecture, parseArchitecture } from "../network/parse-architecture.js";
export { chooseStatistics, datasetsWithStatistics } from "../repair/dataset-statistics.js";
export { type Repaired, type RepairOptions, repair } from "../repair/repair.js";
export { type FisherOptions, fisherInformation } from "../statistics/fisher-information.js";
export { type GramMatrices, gramMatrices } from "../statistics/gram-matrices.js";
export type { MeasureSource } from "../statistics/measure-source.js";
export { chooseOptimizer, chooseSchedule } from "../train/choose.js";
export { type CoupleEvent, type CoupleOptions, type CoupleReport, couple } from "../train/coupling/couple.js";
export type { CoupledNetwork } from "../train/coupling/coupling-options.js";
export { type DepthSchedule, parseDepthSchedule } from "../train/coupling/depth-schedule.js";
export { runCoupling } from "../train/coupling/run-coupling.js";
export { runTraining } from "../train/run-training.js";
export { type TrainEvent, type TrainOptions, type TrainReport, train } from "../train/train.js";
export { createDatasetCache, type DatasetCacheOptions } from "./dataset-cache.js";
export type { FinishedLab } from "./lab-folder.js";
export { loadArchitecture } from "./load-architecture.js";
export { type MergedNetworks, type MergeNetworksOptions, mergeNetworks } from "./merge-networks.js";
export { onnxRuntime } from "./onnx-runtime.js";
export { type GivenLabSettings, type RunLabOptions, runLab } from "./run-lab.js";
