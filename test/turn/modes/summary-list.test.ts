import { expect, test } from "vitest";
import { newUser } from "../../support/api.ts";
import { walkPages } from "../../support/pages.ts";
import { summaryStructureIs, summaryTextIs } from "./support/model-calls.ts";
import { createSummaryFixture, talk, wholeStructure } from "./support/summary-fixture.ts";

test("a session's summaries are listed newest first, page by page", async () => {
  const fixture = await createSummaryFixture();
  await fixture.models.script(
    ...[1, 2, 3].map((n) => summaryTextIs(JSON.stringify({ summary_text: `Summary ${n}.` }), n)),
    summaryStructureIs(JSON.stringify(wholeStructure)),
  );
  const turns = await talk(fixture, 7);
  const client = fixture.api.as(fixture.owner);
  const list = `/sessions/${fixture.sessionId}/summaries`;

  const { status, body } = await client.get(list);

  expect(status).toBe(200);
  expect(body).toMatchObject({ has_more: false, last_id: body.data[2].id });
  expect(body.data).toMatchObject([
    { summary_text: "Summary 3.", from_seq: 7, to_seq: 10, turn_id: turns[6].id },
    { summary_text: "Summary 2.", from_seq: 3, to_seq: 6, turn_id: turns[4].id },
    {
      summary_text: "Summary 1.",
      from_seq: 1,
      to_seq: 2,
      turn_id: turns[2].id,
      used_fallback: false,
      ...wholeStructure,
    },
  ]);
  expect(await walkPages(client, list, 2)).toEqual([body.data.slice(0, 2), body.data.slice(2)]);
  expect(await walkPages(client, list, 1)).toEqual(body.data.map((one: unknown) => [one]));
});

test("a session without summaries has an empty list; another user's session does not exist", async () => {
  const fixture = await createSummaryFixture();
  const list = `/sessions/${fixture.sessionId}/summaries`;

  expect((await fixture.api.as(fixture.owner).get(list)).body).toEqual({
    data: [],
    has_more: false,
    last_id: null,
  });
  expect(await fixture.api.as(newUser()).get(list)).toMatchObject({
    status: 404,
    body: { code: "not_found" },
  });
});

test("a summary of another session is not a valid cursor", async () => {
  const [fixture, other] = [await createSummaryFixture(), await createSummaryFixture()];
  await talk(other, 3);
  const [theirs] = (await other.api.as(other.owner).get(`/sessions/${other.sessionId}/summaries`)).body.data;

  const answer = await fixture.api
    .as(fixture.owner)
    .get(`/sessions/${fixture.sessionId}/summaries?after=${theirs.id}`);

  expect(answer).toMatchObject({ status: 422, body: { code: "invalid_cursor" } });
});
