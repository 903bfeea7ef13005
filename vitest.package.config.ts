import { defineConfig } from "vitest/config";

/** Tests of what is published: they pack the built package and install it elsewhere, which needs the registry. */
export default defineConfig({
  test: {
    include: ["test/package/**/*.test.ts"],
    globalSetup: ["test/package/install.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
