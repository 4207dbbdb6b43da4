import { expect, test } from "vitest";
import { createTestApi, mintOperatorToken } from "../support/api.ts";
import { fillBody, fillPath, listOperations, readRefusal } from "../support/operations.ts";
import { seedTenant } from "../system/abuse/support/tenant.ts";

const api = createTestApi();
const operations = await listOperations(api);

test.each(operations)("$name refuses an unknown query parameter", async (operation) => {
  const { user, ids } = await seedTenant("scout");
  const { body, method } = operation;
  const sent = await api.send(method, `${fillPath(operation, ids)}?sort=-seq&sort=seq`, {
    headers: {
      Authorization: `Bearer ${await mintOperatorToken(user.userId)}`,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(fillBody(operation, ids)) }),
  });
  expect(readRefusal(sent)).toMatchObject({
    status: 422,
    body: { code: "validation_failed", errors: [{ path: "sort", message: "is not a known field" }] },
  });
});
