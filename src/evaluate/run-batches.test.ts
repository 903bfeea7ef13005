import { expect, test } from "vitest";
import { loadDataset } from "../data/load-dataset.js";
import { createInitialState } from "../network/initial-state.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import type { Runtime } from "../network/runtime.js";
import { onnxRuntime } from "../node/onnx-runtime.js";
import { evaluate } from "./evaluate.js";
import { predictClasses } from "./predict-classes.js";
import { runBatches } from "./run-batches.js";

const { network } = parseArchitecture("mlp:layers=1024-16-10");
const state = createInitialState(network, { seed: 1 });
const images = await loadDataset("pen", { split: "test", limit: 20 });

/** The runtime, and how many of its sessions are open. */
function countingRuntime(): { readonly runtime: Runtime; readonly open: () => number } {
  let open = 0;
  const runtime: Runtime = {
    ...onnxRuntime,
    createSession: async (bytes, options) => {
      const session = await onnxRuntime.createSession(bytes, options);
      open++;
      return {
        ...session,
        close: async () => {
          open--;
          await session.close();
        },
      };
    },
  };
  return { runtime, open: () => open };
}

test("every image is shown once, to all networks", async () => {
  const counts: number[] = [];
  for await (const { outputs, labels, count } of runBatches(
    [
      { network, state },
      { network, state },
    ],
    images,
    {
      runtime: onnxRuntime,
      batch: 8,
    },
  )) {
    expect(outputs.map(({ shape }) => shape)).toEqual([
      [count, 10],
      [count, 10],
    ]);
    expect(labels.length).toBe(count);
    counts.push(count);
  }
  expect(counts).toEqual([8, 8, 4]);
});

test("a head that a network does not have is refused, also where it has one alone", async () => {
  await expect(evaluate({ network, state }, images, { runtime: onnxRuntime, head: "logit" })).rejects.toMatchObject({
    message: 'There is no head of mlp called "logit".',
    hint: 'Did you mean "logits"? Known: logits.',
  });
});

test("networks are let go of when the loop is left early", async () => {
  const { runtime, open } = countingRuntime();
  for await (const _ of runBatches(
    [
      { network, state },
      { network, state },
    ],
    images,
    { runtime, batch: 8 },
  )) {
    expect(open()).toBe(2);
    break;
  }
  expect(open()).toBe(0);
});

test("a stop between two batches ends the run, and the network is let go of", async () => {
  const { runtime, open } = countingRuntime();
  const stop = new AbortController();
  const run = evaluate({ network, state }, images, {
    runtime,
    batch: 8,
    signal: stop.signal,
    onProgress: () => stop.abort(),
  });
  await expect(run).rejects.toMatchObject({ code: "aborted", message: "The evaluation on pen was stopped." });
  expect(open()).toBe(0);
});

test("the classes that are said are as often right as the score tells", async () => {
  const options = { runtime: onnxRuntime, batch: 8 };
  const said = await predictClasses({ network, state }, images, options);
  const right = said.filter((label, index) => label === images.labels[index]).length;
  const { accuracy } = await evaluate({ network, state }, images, options);
  expect((100 * right) / images.count).toBe(accuracy);
});
