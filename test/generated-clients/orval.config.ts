import { defineConfig } from "orval";

export default defineConfig({
  pantheon: {
    input: "./generated/openapi.json",
    output: {
      target: "./generated/orval/api.ts",
      client: "fetch",
      override: { mutator: { path: "./clients/orval-fetch.ts", name: "callApi" } },
    },
  },
});
