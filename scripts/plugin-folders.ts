/** Folders of plug-ins: where they are, the constant that lists them, its element type and where that type lives. */
export const PLUGIN_FOLDERS = [
  { folder: "src/checkpoint/formats", list: "formats", type: "CheckpointFormat", from: "src/checkpoint/format" },
  { folder: "src/cli/commands", list: "commands", type: "CliCommand", from: "src/cli/command" },
  { folder: "src/merge/methods", list: "methods", type: "MergeMethod", from: "src/merge/method" },
  { folder: "src/data/datasets", list: "datasets", type: "Dataset", from: "src/data/dataset" },
  { folder: "src/network/operators", list: "operators", type: "Operator", from: "src/network/operator" },
  {
    folder: "src/network/architectures",
    list: "architectures",
    type: "Architecture",
    from: "src/network/architecture",
  },
  { folder: "src/align/matchers", list: "matchers", type: "Matcher", from: "src/align/matcher" },
  { folder: "src/train/optimizers", list: "optimizers", type: "Optimizer", from: "src/train/optimizer" },
  { folder: "src/train/schedules", list: "schedules", type: "Schedule", from: "src/train/schedule" },
] as const;
