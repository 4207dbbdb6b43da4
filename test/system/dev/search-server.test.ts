import { afterAll, beforeAll, expect, test } from "vitest";
import { demoSearchKey, startDemoSearchServer } from "../../../dev/search-server/demo-search.ts";
import type { SearchServer } from "../../../dev/search-server/server.ts";
import { createSearchTool } from "../../../src/tools/search.ts";
import { toolContext } from "../../support/tool-context.ts";

let server: SearchServer;

beforeAll(async () => {
  server = await startDemoSearchServer();
});

afterAll(() => server.stop());

test("the search tool gets the same labelled demo results each time", async () => {
  const now = () => Date.now();
  const tool = createSearchTool({ apiKey: demoSearchKey, baseUrl: server.url, fetch, now });
  const search = () => tool.execute({ query: "Käse & edge" }, toolContext(AbortSignal.timeout(5_000)));
  const result = await search();
  expect(result.status).toBe("success");
  expect(result.content.match(/^\d\. \[demo search\] .*Käse & edge$/gm)).toHaveLength(3);
  expect(result.output).toMatchObject({
    results: 3,
    urls: [1, 2, 3].map((n) => `https://example.com/demo-search/k%C3%A4se-edge/${n}`),
  });
  expect(await search()).toEqual(result);
});

test.each([
  [401, {}, '{"query":"x"}'],
  [400, { Authorization: "Bearer demo" }, "no JSON"],
])("%i requests are answered with %j (%s)", async (status, headers, body) => {
  const response = await fetch(`${server.url}/search`, { method: "POST", headers, body });
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({ detail: { error: expect.any(String) } });
});

test("the demo search answers 404 to other paths", async () => {
  expect((await fetch(`${server.url}/`)).status).toBe(404);
});
