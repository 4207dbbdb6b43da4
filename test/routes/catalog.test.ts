import { expect, test } from "vitest";
import { createTestApi, newUser } from "../support/api.ts";

const api = createTestApi();

test("the list of models has no keys and no addresses", async () => {
  const { status, body } = await api.as(newUser()).get("/models");
  expect(status).toBe(200);
  expect(body.data).toHaveLength(5);
  expect(body.data).toContainEqual({
    alias: "premium",
    provider: "openrouter",
    provider_model: "google/gemini-2.5-pro",
    context_window: 1_048_576,
    multiplier: 14,
    capabilities: {
      max_output_tokens: 2_048,
      model_settings: ["temperature", "top_p", "max_output_tokens", "reasoning_effort"],
    },
  });
});

test("a deployment's own models are in the list", async () => {
  const own = {
    alias: "own",
    provider: "acme",
    model: "acme/one",
    base_url: "https://acme.example/v1",
    api_key_setting: "ACME_KEY",
    context_window: 4_096,
    multiplier: 1.25,
    omit: ["temperature", "stream_options"],
    extra_body: { provider: { order: ["acme-route"] } },
  };
  const settings = { MODELS_JSON: JSON.stringify([own]), ACME_KEY: "acme-secret" };
  const answer = await createTestApi({ settings }).as(newUser()).get("/models");
  expect(answer.body.data).toContainEqual({
    alias: "own",
    provider: "acme",
    provider_model: "acme/one",
    context_window: 4_096,
    multiplier: 1.25,
    capabilities: {
      max_output_tokens: 819,
      model_settings: ["top_p", "max_output_tokens", "reasoning_effort"],
    },
  });
  expect(answer.text).not.toMatch(/acme-secret|acme\.example|acme-route/);
});

test("the tools are those that can be used now, each with the permission that it needs", async () => {
  const { body } = await api.as(newUser()).get("/tools");
  const description = expect.any(String);
  expect(body).toEqual({
    data: [
      { name: "search", description, permission: "search" },
      { name: "file_read", description, permission: "file_read" },
      { name: "file_search", description, permission: "file_read" },
    ],
  });
});
