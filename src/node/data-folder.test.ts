import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataFolder } from "./data-folder.js";

test("ONEBASIN_DATA, or the platform's cache folder", () => {
  expect(dataFolder({ ONEBASIN_DATA: "/data" }, "linux")).toBe("/data");
  expect(dataFolder({ XDG_CACHE_HOME: "/cache" }, "linux")).toBe(join("/cache", "onebasin", "data"));
  expect(dataFolder({}, "linux")).toBe(join(homedir(), ".cache", "onebasin", "data"));
  expect(dataFolder({}, "darwin")).toBe(join(homedir(), "Library", "Caches", "onebasin", "data"));
  expect(dataFolder({ LOCALAPPDATA: "/local" }, "win32")).toBe(join("/local", "onebasin", "data"));
});
