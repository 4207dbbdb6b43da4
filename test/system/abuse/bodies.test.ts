import { describe, expect, test } from "vitest";
import {
  createAgent,
  createRoom,
  createSession,
  createTestApi,
  mintOperatorToken,
  newUser,
} from "../../support/api.ts";
import { fillPath, listOperations, type Operation, readRefusal } from "../../support/operations.ts";

const api = createTestApi();
const taking = (await listOperations(api)).filter(({ body }) => body !== undefined);

/** Stock clients send fields of their own, and their whole history. */
const stock = [
  "POST /api/v1/sessions/{session_id}/ag-ui",
  "POST /api/v1/rooms/{room_id}/ag-ui",
  "POST /api/v1/sessions/{session_id}/ui-messages",
  "POST /v1/chat/completions",
];
/** The longest message fits however its JSON is escaped. */
const turns = "POST /api/v1/sessions/{session_id}/turns";
const limitsKib: Readonly<Record<string, number>> = {
  [turns]: 400,
  [`${turns}/stream`]: 400,
  [`${turns}/queue`]: 400,
};
const limitOf = ({ name }: Operation) => (stock.includes(name) ? 4_096 : (limitsKib[name] ?? 256)) * 1_024;

/** A way to send any body to the operation as somebody who may. */
async function prepare(operation: Operation) {
  const owner = newUser();
  const room = await createRoom(api, owner);
  const agent = await createAgent(api, owner, room.id);
  const session = await createSession(api, owner, room.id);
  const ids = { room_id: room.id, agent_key: agent.agent_key, session_id: session.id };
  const path = fillPath(operation, { ...ids, turn_id: crypto.randomUUID(), user_id: owner.userId });
  const Authorization = `Bearer ${await mintOperatorToken(owner.userId)}`;
  return async (body: BodyInit, headers: Record<string, string> = { "Content-Type": "application/json" }) =>
    readRefusal(await api.send(operation.method, path, { headers: { Authorization, ...headers }, body }));
}

/** A body in pieces, of a length that is not announced. */
function streamOf(totalBytes: number, breaksOff = false): ReadableStream {
  let sentBytes = 0;
  return new ReadableStream({
    pull(controller) {
      if (sentBytes >= totalBytes)
        return breaksOff ? controller.error(new Error("gone")) : controller.close();
      sentBytes += 16_384;
      controller.enqueue(new TextEncoder().encode(" ".repeat(16_384)));
    },
  });
}

describe.each(taking.filter(({ name }) => !stock.includes(name)))("$name", (operation) => {
  test.each(["extra", "__proto__", "constructor", "a\u0000b", "\ud800"])(
    "refuses the unknown field %j",
    async (field) => {
      const send = await prepare(operation);
      const known = JSON.stringify(operation.body).slice(1, -1);
      const body = `{${known}${known === "" ? "" : ","}${JSON.stringify(field)}:1}`;
      const answer = await send(body);
      expect(answer).toMatchObject({ status: 422, body: { code: "validation_failed" } });
      expect(JSON.stringify(answer.body.errors)).toContain("is not a known field");
    },
  );
});

describe.each(taking)("$name", (operation) => {
  test.each(["{", "", " ", "{'a':1}", '{"a":1}}', "\u0000", "undefined"])(
    "refuses %j as malformed",
    async (body) => {
      const send = await prepare(operation);
      const answer = await send(body);
      // No body at all is the same as an empty object where the body may be left out.
      if (body === "" && operation.isBodyOptional) expect(answer.body.code).not.toBe("malformed_json");
      else expect(answer).toMatchObject({ status: 400, body: { code: "malformed_json" } });
    },
  );

  test.each(["[]", '"text"', "7", "null", "true", `[${"[".repeat(20_000)}`.slice(1)])(
    "accepts only an object (%#)",
    async (body) => {
      const send = await prepare(operation);
      const answer = await send(body);
      expect([400, 422]).toContain(answer.status);
      expect(["malformed_json", "validation_failed"]).toContain(answer.body.code);
    },
  );

  test("accepts only JSON", async () => {
    const send = await prepare(operation);
    const types = [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "json",
      "",
    ];
    for (const type of types) {
      const answer = await send(JSON.stringify(operation.body), { "Content-Type": type });
      expect(answer, type).toMatchObject({ status: 415, body: { code: "unsupported_media_type" } });
    }
    for (const type of ["application/json;charset=utf-8", "APPLICATION/JSON", "application/vnd.x+json"]) {
      const answer = await send(JSON.stringify(operation.body), { "Content-Type": type });
      expect(answer.status, type).not.toBe(415);
    }
  });

  test("accepts bodies up to its limit and no byte more, with or without Content-Length", async () => {
    const send = await prepare(operation);
    const limitBytes = limitOf(operation);
    const json = { "Content-Type": "application/json" };
    const tooMuch = " ".repeat(limitBytes + 1);
    const announced = { ...json, "Content-Length": String(tooMuch.length) };
    for (const answer of [
      await send(tooMuch),
      await send(tooMuch, announced),
      await send(streamOf(limitBytes * 2)),
      await send(streamOf(limitBytes * 2, true)),
    ]) {
      expect(answer).toMatchObject({ status: 413, body: { code: "payload_too_large" } });
    }
    expect((await send(" ".repeat(limitBytes))).status).toBe(400);
    expect((await send(streamOf(limitBytes))).status).toBe(400);
  });

  test("refuses a body that ends early as malformed", async () => {
    const send = await prepare(operation);
    expect(await send(streamOf(16_384, true))).toMatchObject({
      status: 400,
      body: { code: "malformed_json" },
    });
  });
});
