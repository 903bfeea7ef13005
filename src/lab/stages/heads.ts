import { joinHeads } from "../../network/join-heads.js";
import { serializeOnnx } from "../../network/onnx/serialize-onnx.js";
import { elementCount } from "../../tensor/shape.js";
import { judge, type Scores } from "../judge.js";
import { ALL_TEST, defineStage } from "../stage.js";

export interface HeadsFacts {
  /** Each dataset by its own head. */
  readonly scores: Scores;
  /** Numbers in the one network, statistics included. */
  readonly parameters: number;
}

/** Joins the networks of `pair`, equal up to a layer, into one with two heads, and judges each head on its dataset. */
export const headsStage = defineStage<Readonly<Record<string, never>>, HeadsFacts>({
  id: "heads",
  revision: 1,
  reads: () => ALL_TEST,
  run: async (_settings, { pair }, context) => {
    const names = [(await context.images("test", 0)).name, (await context.images("test", 1)).name] as const;
    const { network, state } = joinHeads([
      { name: names[0], network: context.network, state: await pair.state("a") },
      { name: names[1], network: context.network, state: await pair.state("b") },
    ]);
    return {
      facts: {
        scores: await judge({ network, state, heads: names }, context),
        parameters: [...state.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0),
      },
      states: { heads: state },
      files: { "heads.onnx": serializeOnnx(network, { state }) },
    };
  },
});
