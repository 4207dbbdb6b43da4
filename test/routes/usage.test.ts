import fc from "fast-check";
import Papa from "papaparse";
import { describe, expect, test } from "vitest";
import { loadUsage } from "../../src/db/budgets/usage.ts";
import { formatDecimal, parseDecimal, priceCall } from "../../src/domain/billing/pricing.ts";
import type { UsageRow } from "../../src/domain/billing/usage-groups.ts";
import { toCsv } from "../../src/routes/schemas/usage.ts";
import {
  createRoom,
  createSession,
  createTestApi,
  type Json,
  mintOperatorToken,
  newUser,
  type TestUser,
} from "../support/api.ts";
import { walkPages } from "../support/pages.ts";
import { connectSql } from "../support/sql.ts";

const api = createTestApi();
const sql = connectSql();
const operator = newUser();

type Call = {
  at?: string;
  agent?: string;
  model?: string;
  fresh?: number;
  cached?: number;
  output?: number;
  credits?: string;
  cost?: string | null;
  source?: "provider" | "estimated";
  status?: "completed" | "failed" | "unknown";
  run?: string;
};
type Place = { user: TestUser; roomId: string; sessionId: string };

async function newPlace(user: TestUser = newUser()): Promise<Place> {
  const room = await createRoom(api, user);
  const session = await createSession(api, user, room.id);
  return { user, roomId: room.id, sessionId: session.id };
}

/** Writes rows of the ledger, past the application. Each is a run of its own. */
async function insertCalls({ user, roomId, sessionId }: Place, calls: readonly Call[]): Promise<void> {
  const rows = calls.map((call) => ({
    at: "2026-03-10T12:00:00Z",
    agent: "ada",
    model: "deepseek",
    fresh: 0,
    cached: 0,
    output: 0,
    credits: "0",
    cost: null,
    source: "provider",
    status: "completed",
    run: crypto.randomUUID(),
    ...call,
  }));
  await sql`insert into llm_call_events (id, user_id, room_id, session_id, run_id, agent_key, round, provider, model_alias,
      provider_model, input_tokens_fresh, input_tokens_cached, output_tokens, total_tokens, oe_tokens, credits,
      provider_cost_usd, usage_source, latency_ms, attempts, status, pricing_version, opened_at, created_at)
    select gen_random_uuid(), ${user.userId}, ${roomId}, ${sessionId}, run, agent, 1, 'p', model, 'm', fresh, cached,
      output, fresh + cached + output, 0, credits, cost, source, 1, 1, status, '2026-02-20', at, at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(at timestamptz, agent text, model text, fresh int,
      cached int, output int, credits numeric, cost numeric, source text, status text, run uuid)`;
}

async function insertToolCall({ user, roomId, sessionId }: Place, credits: string, at: string) {
  await sql`insert into tool_call_events (id, user_id, room_id, session_id, run_id, agent_key, round, tool_name, input,
      output, latency_ms, credits_charged, opened_at, created_at)
    values (gen_random_uuid(), ${user.userId}, ${roomId}, ${sessionId}, gen_random_uuid(), 'ada', 1, 'search', '{}', '{}',
      1, ${credits}, ${at}, ${at})`;
}

async function readUsage(user: TestUser, query: string): Promise<Json[]> {
  const { status, body } = await api.as(user).get(`/usage?limit=200&${query}`);
  expect([status, body.has_more]).toEqual([200, false]);
  return body.data;
}

async function readAdminUsage(query: string): Promise<Json[]> {
  const token = await mintOperatorToken(operator.userId);
  const answer = await api.send("GET", `/admin/usage?limit=200&${query}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(200);
  return answer.body.data;
}

/** The lines of a file, by the names in its first line. */
function parseCsv(text: string): Record<string, string>[] {
  const { data } = Papa.parse<string[]>(text, { delimiter: ",", skipEmptyLines: "greedy", preview: 0 });
  const [names = [], ...lines] = data;
  return lines.map((cells) => Object.fromEntries(cells.map((cell, column) => [names[column], cell])));
}

const sumE8 = (amounts: readonly string[]) => amounts.reduce((sum, text) => sum + parseDecimal(text, 8), 0n);

describe("amounts", () => {
  const call = fc.record({
    fresh: fc.nat(2 ** 29),
    cached: fc.nat(2 ** 29),
    output: fc.nat(2 ** 29),
    multiplier: fc.integer({ min: 1, max: 999_999 }),
    model: fc.constantFrom("llama", "qwen", "premium"),
    agent: fc.constantFrom("ada", "bob", "-1-2"),
    source: fc.constantFrom("provider" as const, "estimated" as const),
    day: fc.integer({ min: 1, max: 28 }),
    cost: fc.option(fc.bigInt(0n, 10n ** 11n)),
  });

  test("are exact decimals from the rows of the ledger to the CSV: no digit is lost in any sum", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 1, maxLength: 12 }),
        fc.bigInt(1n, 10n ** 13n),
        async (calls, granted) => {
          const place = await newPlace();
          const priced = calls.map(({ multiplier, cost, day, ...usage }) => ({
            ...usage,
            at: `2026-02-${String(day).padStart(2, "0")}T23:30:00Z`,
            creditsE8: priceCall(usage, multiplier).creditsE8,
            cost: cost === null ? null : formatDecimal(cost, 8),
          }));
          await insertCalls(
            place,
            priced.map(({ creditsE8, ...row }) => ({ ...row, credits: formatDecimal(creditsE8, 8) })),
          );
          const total = priced.reduce((sum, { creditsE8 }) => sum + creditsE8, 0n);
          const estimated = priced
            .filter(({ source }) => source === "estimated")
            .reduce((sum, { creditsE8 }) => sum + creditsE8, 0n);
          const client = api.as(place.user);
          for (const group of ["day", "room", "session", "agent", "model", "turn"]) {
            const csv = await client.get(`/usage.csv?group_by=${group}`);
            const data = parseCsv(csv.text);
            const pages = (await walkPages(client, `/usage?group_by=${group}`, 2)).flat();
            for (const rows of [data, pages]) {
              expect(sumE8((rows as Json[]).map(({ credits }) => credits))).toBe(total);
              expect(sumE8((rows as Json[]).map(({ estimated_credits }) => estimated_credits))).toBe(
                estimated,
              );
              const costs = (rows as Json[]).flatMap(({ provider_cost_usd: usd }) => (usd ? [usd] : []));
              expect(sumE8(costs)).toBe(sumE8(priced.flatMap(({ cost }) => cost ?? [])));
            }
          }
          const limit = { period: "ever", limit_credits: "1" };
          expect((await client.put(`/rooms/${place.roomId}/budget`, limit)).body.spent).toBe(
            formatDecimal(total, 8),
          );
          const amount = formatDecimal(granted, 8);
          const token = await mintOperatorToken(operator.userId);
          const { body: grant } = await api.send("POST", `/admin/users/${place.user.userId}/grants`, {
            headers: {
              Authorization: `Bearer ${token}`,
              "Content-Type": "application/json",
              "Idempotency-Key": "one",
            },
            body: JSON.stringify({ amount }),
          });
          expect(grant.wallet).toEqual({
            balance: formatDecimal(granted - total, 8),
            granted: amount,
            spent: formatDecimal(total, 8),
            held: "0.00000000",
          });
          const entries = (await walkPages(client, "/wallet/transactions", 5)).flat();
          expect(sumE8(entries.map((entry) => (entry as Json).amount))).toBe(granted - total);
        },
      ),
      { numRuns: 6 },
    );
  });
});

describe("usage", () => {
  test("is grouped by day, room, session, agent, model or turn, with what tools cost, and without unknown calls", async () => {
    const place = await newPlace();
    const other = await newPlace(place.user);
    await insertCalls(place, [
      { fresh: 10, cached: 5, output: 2, credits: "0.5", cost: "0.01" },
      { agent: "bob", model: "llama", output: 3, credits: "0.25", source: "estimated" },
      { agent: "bob", status: "unknown", fresh: 99, source: "estimated" },
    ]);
    await insertCalls(other, [{ at: "2026-03-11T00:00:00Z", output: 1, credits: "1" }]);
    await insertToolCall(place, "0.02", "2026-03-10T23:59:59Z");
    const { user, roomId, sessionId } = place;
    const credits = async (group: string) =>
      Object.fromEntries(
        (await readUsage(user, `group_by=${group}`)).map((row) => [row[group], row.credits]),
      );

    expect(await readUsage(user, "group_by=day")).toEqual([
      {
        day: "2026-03-10",
        calls: 2,
        input_tokens_fresh: 10,
        input_tokens_cached: 5,
        output_tokens: 5,
        credits: "0.77000000",
        estimated_credits: "0.25000000",
        provider_cost_usd: "0.01000000",
      },
      expect.objectContaining({ day: "2026-03-11", credits: "1.00000000", provider_cost_usd: null }),
    ]);
    expect(await credits("room")).toEqual({ [roomId]: "0.77000000", [other.roomId]: "1.00000000" });
    expect(await credits("session")).toEqual({ [sessionId]: "0.77000000", [other.sessionId]: "1.00000000" });
    expect(await credits("agent")).toEqual({ ada: "1.52000000", bob: "0.25000000" });
    expect(await credits("model")).toEqual({
      deepseek: "1.50000000",
      llama: "0.25000000",
      null: "0.02000000",
    });
    expect(await credits("turn")).toEqual({ null: "1.77000000" });
    for (const path of [`/rooms/${roomId}/usage`, `/sessions/${sessionId}/usage`]) {
      expect((await api.as(user).get(`${path}?group_by=model`)).body.data).toMatchObject([
        { model: "deepseek", credits: "0.50000000" },
        { model: "llama", credits: "0.25000000" },
        { model: null, credits: "0.02000000" },
      ]);
    }
    expect(await readUsage(user, "group_by=day&from=2026-03-11&to=2026-03-12")).toMatchObject([
      { day: "2026-03-11" },
    ]);
    expect(await readUsage(user, "group_by=day&from=2026-03-11&to=2026-03-11")).toEqual([]);
  });

  test("of a deleted room stays with its user, also after the room is purged", async () => {
    const place = await newPlace();
    await insertCalls(place, [{ credits: "0.5" }]);
    await api.as(place.user).delete(`/rooms/${place.roomId}`);
    expect((await readUsage(place.user, "group_by=day"))[0]?.credits).toBe("0.50000000");
    expect((await api.as(place.user).get(`/rooms/${place.roomId}/usage`)).status).toBe(404);
    await sql`delete from rooms where id = ${place.roomId}`;
    for (const group of ["day", "room", "session", "turn"]) {
      expect(await readUsage(place.user, `group_by=${group}`)).toMatchObject([{ credits: "0.50000000" }]);
    }
  });

  // Quarters of an hour around the changes of the clocks in Europe, America and Australia.
  const days = ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"];
  const instants = days.flatMap((day) =>
    Array.from({ length: 8 * 12 }, (_, step) =>
      new Date(Date.parse(`${day}T00:00:00Z`) + (step - 24) * 1_800_000).toISOString(),
    ),
  );

  test.each([
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Etc/GMT+5",
  ])("is counted by the days of %s, also where the clocks change", async (timeZone) => {
    const place = await newPlace();
    await insertCalls(
      place,
      instants.map((at) => ({ at, output: 1, credits: "0.0001" })),
    );
    const format = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
    });
    const expected = new Map<string, number>();
    for (const at of instants) {
      const day = format.format(new Date(at));
      expected.set(day, (expected.get(day) ?? 0) + 1);
    }
    const zone = `time_zone=${encodeURIComponent(timeZone)}`;
    const rows = await readUsage(place.user, `group_by=day&${zone}`);
    expect(rows.map(({ day, calls }) => [day, calls])).toEqual(
      [...expected].toSorted(([left], [right]) => (left < right ? -1 : 1)),
    );
    // A day of 23 or 25 hours where the clocks change.
    for (const day of days) {
      const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
      const [only] = await readUsage(place.user, `group_by=day&from=${day}&to=${next}&${zone}`);
      expect(only).toMatchObject({ day, calls: expected.get(day) });
    }
  });

  test.each(["Mars/Phobos", "+05", "-0330", "", "Europe/Berlin'--", "x".repeat(65)])(
    "takes no time zone %j",
    async (timeZone) => {
      const path = `/usage?time_zone=${encodeURIComponent(timeZone)}`;
      expect(await api.as(newUser()).get(path)).toMatchObject({
        status: 422,
        body: { code: "validation_failed" },
      });
    },
  );

  test("in a time zone that only this Worker knows is refused, and is no fault of the server", async () => {
    const request = { groupBy: "turn", timeZone: "Atlantis/Port", from: "2026-01-01", limit: 1 } as const;
    await expect(
      loadUsage(api.deps.db, { kind: "user", userId: operator.userId }, request),
    ).rejects.toMatchObject({ code: "validation_failed" });
  });
});

describe("operators' usage", () => {
  test("has users, weeks and months, who was active, and the margin of the calls whose cost is known", async () => {
    const [one, two] = [await newPlace(), await newPlace()];
    // A year that no other test has.
    const year = 3_000 + Math.floor(Math.random() * 6_000);
    const monday = new Date(Date.UTC(year, 4, 1));
    while (monday.getUTCDay() !== 1) monday.setUTCDate(monday.getUTCDate() + 1);
    const at = (days: number) => new Date(monday.getTime() + days * 86_400_000).toISOString();
    await insertCalls(one, [
      { at: at(0), credits: "2", cost: "0.05" },
      { at: at(6), credits: "3" },
      { at: at(7), credits: "1", cost: "0.04" },
    ]);
    await insertCalls(two, [{ at: at(6), model: "llama", credits: "4" }]);
    const range = `from=${at(0).slice(0, 10)}&to=${at(8).slice(0, 10)}`;

    expect(await readAdminUsage(`group_by=week&${range}`)).toMatchObject([
      // 2 credits sold for 0.06 US dollars, and cost 0.05.
      { week: at(0).slice(0, 10), credits: "9.00000000", active_users: 2, margin_usd: "0.0100000000" },
      { week: at(7).slice(0, 10), credits: "1.00000000", active_users: 1, margin_usd: "-0.0100000000" },
    ]);
    expect(await readAdminUsage(`group_by=month&${range}`)).toMatchObject([
      { month: at(0).slice(0, 7), credits: "10.00000000", active_users: 2, margin_usd: "0.0000000000" },
    ]);
    expect(await readAdminUsage(`group_by=day&${range}`)).toMatchObject([
      { day: at(0).slice(0, 10), active_users: 1 },
      { day: at(6).slice(0, 10), active_users: 2, margin_usd: null, provider_cost_usd: null },
      { day: at(7).slice(0, 10), active_users: 1 },
    ]);
    const users = await readAdminUsage(`group_by=user&${range}`);
    expect(Object.fromEntries(users.map(({ user, credits }) => [user, credits]))).toEqual({
      [one.user.userId]: "6.00000000",
      [two.user.userId]: "4.00000000",
    });
    expect(await readAdminUsage(`group_by=model&${range}`)).toMatchObject([
      { model: "deepseek", credits: "6.00000000" },
      { model: "llama", credits: "4.00000000", margin_usd: null },
    ]);
  });
});

describe("the CSV of usage", () => {
  const row = (key: string | null): UsageRow => ({
    key,
    calls: 1,
    inputTokensFresh: 2,
    inputTokensCached: 3,
    outputTokens: 4,
    credits: "0.00000001",
    estimatedCredits: "0.00000000",
    providerCostUsd: null,
    activeUsers: 1,
    marginUsd: null,
  });

  test("has a line of names, and one for each group", async () => {
    const place = await newPlace();
    await insertCalls(place, [{ fresh: 2, cached: 3, output: 4, credits: "0.00000001" }]);
    const answer = await api.as(place.user).get("/usage.csv?group_by=agent");
    expect(answer.headers.get("Content-Type")).toBe("text/csv; charset=utf-8");
    expect(answer.headers.get("Content-Disposition")).toBe('attachment; filename="usage.csv"');
    expect(answer.text).toBe(
      [
        "agent,calls,input_tokens_fresh,input_tokens_cached,output_tokens,credits,estimated_credits,provider_cost_usd",
        "ada,1,2,3,4,0.00000001,0.00000000,",
        "",
      ].join("\r\n"),
    );
    expect((await api.as(newUser()).get("/usage.csv?group_by=agent")).text.split("\r\n")).toHaveLength(2);
  });

  test.each([
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["-1-2", "'-1-2"],
    ["-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"],
    ["@sum(1)", "'@sum(1)"],
    ["\tx", "'\tx"],
    ["\rx", "'\rx"],
    ["-5", "-5"],
    ["-0.5", "-0.5"],
    ["a-1", "a-1"],
    [null, ""],
  ])("a key that a spreadsheet would compute is text: %j", (key, cell) => {
    expect(parseCsv(toCsv("agent", [row(key)]))[0]?.agent).toBe(cell);
  });

  test("every text is read back as it was, and starts no formula", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" }), { minLength: 1 }), (keys) => {
        const csv = toCsv("model", keys.map(row));
        const cells = parseCsv(csv).map(({ model = "" }) => model);
        expect(cells.map((cell, index) => (cell === keys[index] ? cell : cell.slice(1)))).toEqual(keys);
        for (const cell of cells) expect(cell).not.toMatch(/^[=+@\t\r]|^-(?!\d+(\.\d+)?$)/);
      }),
    );
  });
});
