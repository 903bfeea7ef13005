import { formatTable } from "../../core/format-table.js";
import { describeParam } from "../../core/params.js";
import { defineCommand } from "../command.js";

export const archs = defineCommand({
  name: "archs",
  args: "[id]",
  doc: "The built-in architectures and their options.",
  options: [],
  examples: ["onebasin archs", "onebasin archs vgg16:width=0.25"],
  run: async ({ args: [id], output }) => {
    const { architectures } = await import("../../network/architectures.gen.js");
    const { parseArchitecture } = await import("../../network/parse-architecture.js");
    const { elementCount } = await import("../../tensor/shape.js");
    if (id === undefined) {
      const rows = architectures.map(({ id: name, title, doc }) => [name, title, doc]);
      output.result(rows.map(([name, title, doc]) => `${name}: ${title}\n  ${doc}`).join("\n"), {
        architectures: architectures.map(({ id: name, title, doc, params }) => ({ id: name, title, doc, params })),
      });
      return;
    }
    const { architecture, name, network } = parseArchitecture(id);
    const state = [...network.state].map(([key, { shape, dtype, kind }]) => ({ key, shape, dtype, kind }));
    const parameters = state
      .filter(({ kind }) => kind === "parameter")
      .reduce((sum, { shape }) => sum + elementCount(shape), 0);
    const options = Object.entries(architecture.params).map(([option, param]) => [
      `  ${option}`,
      describeParam(param),
      param.doc,
    ]);
    const keys = [
      ["key", "shape", "kind"],
      ...state.map(({ key, shape, kind }) => [key, `[${shape.join(", ")}]`, kind]),
    ];
    output.result(
      [
        `${name}: ${architecture.title}`,
        architecture.doc,
        "",
        "Options:",
        formatTable(options),
        "",
        formatTable(keys),
        "",
        `${parameters} parameters`,
      ].join("\n"),
      {
        id: architecture.id,
        name,
        title: architecture.title,
        doc: architecture.doc,
        params: architecture.params,
        state,
        parameters,
      },
    );
  },
});
