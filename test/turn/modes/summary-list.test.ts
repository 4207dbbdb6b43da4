import { expect, test } from "vitest";
import { newUser } from "../../support/api.ts";
import { walkPages } from "../../support/pages.ts";
import { summaryStructureIs, summaryTextIs } from "./support/asked.ts";
import { createSummaryScene, talk, wholeStructure } from "./support/summary-scene.ts";

test("a session's summaries are listed newest first, page by page", async () => {
  const scene = await createSummaryScene();
  await scene.models.script(
    ...[1, 2, 3].map((n) => summaryTextIs(JSON.stringify({ summary_text: `Summary ${n}.` }), n)),
    summaryStructureIs(JSON.stringify(wholeStructure)),
  );
  const told = await talk(scene, 7);
  const client = scene.api.as(scene.owner);
  const list = `/sessions/${scene.sessionId}/summaries`;

  const { status, body } = await client.get(list);

  expect(status).toBe(200);
  expect(body).toMatchObject({ has_more: false, last_id: body.data[2].id });
  expect(body.data).toMatchObject([
    { summary_text: "Summary 3.", from_seq: 7, to_seq: 10, turn_id: told[6].id },
    { summary_text: "Summary 2.", from_seq: 3, to_seq: 6, turn_id: told[4].id },
    {
      summary_text: "Summary 1.",
      from_seq: 1,
      to_seq: 2,
      turn_id: told[2].id,
      used_fallback: false,
      ...wholeStructure,
    },
  ]);
  expect(await walkPages(client, list, 2)).toEqual([body.data.slice(0, 2), body.data.slice(2)]);
  expect(await walkPages(client, list, 1)).toEqual(body.data.map((one: unknown) => [one]));
});

test("a session without summaries has an empty list, a stranger's is not there", async () => {
  const scene = await createSummaryScene();
  const list = `/sessions/${scene.sessionId}/summaries`;

  expect((await scene.api.as(scene.owner).get(list)).body).toEqual({
    data: [],
    has_more: false,
    last_id: null,
  });
  expect(await scene.api.as(newUser()).get(list)).toMatchObject({ status: 404, body: { code: "not_found" } });
});

test("a summary of another session is no cursor of this one", async () => {
  const [scene, other] = [await createSummaryScene(), await createSummaryScene()];
  await talk(other, 3);
  const [theirs] = (await other.api.as(other.owner).get(`/sessions/${other.sessionId}/summaries`)).body.data;

  const answer = await scene.api
    .as(scene.owner)
    .get(`/sessions/${scene.sessionId}/summaries?after=${theirs.id}`);

  expect(answer).toMatchObject({ status: 422, body: { code: "invalid_cursor" } });
});
