import { describe, expect, test } from "vitest";
import {
  buildCatalog,
  type CatalogModel,
  requireKnownModel,
  standardModels,
} from "../../src/domain/catalog.ts";
import { PantheonError } from "../../src/domain/errors.ts";
import { standardDialect } from "../../src/domain/model-dialect.ts";

const ownModel: CatalogModel = {
  alias: "house",
  provider: "own",
  baseUrl: "https://models.example/v1",
  apiKeySetting: "HOUSE_KEY",
  providerModel: "house/one",
  contextWindowTokens: 4_096,
  multiplierHundredths: 75,
  dialect: standardDialect,
};

describe("the catalog", () => {
  test("without overrides has the standard models and the standard version", () => {
    const catalog = buildCatalog([], "ignored");
    expect(catalog).toMatchObject({ pricingVersion: "2026-02-20" });
    expect([...catalog.models.values()]).toEqual(standardModels);
  });

  test("with added models has its own version", () => {
    const catalog = buildCatalog([ownModel], "abcd1234");
    expect(catalog).toMatchObject({ pricingVersion: "2026-02-20+abcd1234" });
    expect(catalog.models.get("house")).toEqual(ownModel);
    expect(catalog.models.size).toBe(standardModels.length + 1);
  });

  test("has an override in place of the standard model of its alias", () => {
    const catalog = buildCatalog([{ ...ownModel, alias: "llama" }], "abcd1234");
    expect(catalog.models.get("llama")?.providerModel).toBe("house/one");
    expect(catalog.models.size).toBe(standardModels.length);
  });
});

describe("the model override of a turn", () => {
  const catalog = buildCatalog([], "");

  test("may be absent, or any alias of the catalog", () => {
    expect(() => requireKnownModel(catalog, undefined)).not.toThrow();
    expect(() => requireKnownModel(catalog, "premium")).not.toThrow();
  });

  test.each(["gpt-5", "", "constructor", "LLAMA"])("may not be %j", (alias) => {
    expect(() => requireKnownModel(catalog, alias)).toThrow(PantheonError);
  });
});
