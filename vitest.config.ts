import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // Need the package to be packed and installed: vitest.package.config.ts.
    exclude: [...configDefaults.exclude, "test/package/**"],
    // Many tests run whole commands, which take their time on a busy machine.
    testTimeout: 120_000,
    // All cores: the usual rule leaves one of two idle.
    maxWorkers: "100%",
    hookTimeout: 120_000,
  },
});
