import { defineSchedule } from "../schedule.js";

export const constant = defineSchedule({
  id: "constant",
  title: "The same rate throughout",
  doc: "rate",
  params: {},
  factor: () => 1,
});
