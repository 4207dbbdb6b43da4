import { defineConfig } from "vitest/config";

/** In a real browser, against a platform of its own; `npm run test:clients` installs and builds first. */
export default defineConfig({
  root: import.meta.dirname,
  test: {
    name: "clients",
    include: ["*.test.ts"],
    globalSetup: ["support/setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 90_000,
    maxWorkers: 1,
  },
});
