import { setTimeout as delay } from "node:timers/promises";
import { applyMigrations } from "../../dev/migrate.ts";
import { readPaths } from "../../dev/read-paths.ts";
import { createScratchDatabase } from "../../dev/scratch-database.ts";
import { crons } from "../../src/domain/crons.ts";
import { monotonicMs } from "../clock.ts";
import { interleave, spreadOf } from "../figures.ts";
import { send } from "../http-client.ts";
import { createRoom, question, type Room } from "../pantheon-room.ts";
import { atMost, formatSpread, plainFigure, type Row, withUnit } from "../report/row.ts";
import { type FilledIds, fillDatabase } from "../scale/fill.ts";
import { growthOf, readScannedRows, readTableBytes, statisticsMs, sumOf } from "../scale/tables.ts";
import { type Bench, startEndpoint, startWorker } from "../setup.ts";

type Log = (line: string) => void;

const turnRounds = 40;
const turnsPerSession = 8;
const requestRounds = 9;
const grownTurns = 400;
/** A scan of fewer rows is one of a table that does not grow, like the claims in flight. */
const maxScannedRows = 1_000;

/** Turns, reads and jobs on a database with the rows of a year, against an empty one. */
export async function measureScale(bench: Bench, log: Log): Promise<Row[]> {
  if (bench.isEmbedded) throw new Error("scale needs a server: set BENCH_DATABASE_URL.");
  const ends: (() => Promise<void>)[] = [];
  const keep = <T extends { stop(): Promise<void> }>(part: T): T => {
    ends.push(part.stop);
    return part;
  };
  try {
    const { connectionString } = keep(await createScratchDatabase(bench.connectionString, "scale"));
    await applyMigrations(connectionString);
    const ids = await fillDatabase(connectionString, bench.userId, log);
    const database = keep(await startEndpoint(connectionString, 20));
    const pantheon = keep(await startWorker({ ...bench.settings, NEON_HTTP_ENDPOINT: database.url }));
    const filled: Bench = { ...bench, connectionString, database, pantheon };
    return [
      ...(await scannedRows(filled, async () => [
        ...(await measureTurns(bench, filled, log)),
        await measureRequests(filled, ids, log),
      ])),
      ...(await measureJobs(filled, log)),
      ...(await measureBytes(bench, filled, log)),
    ];
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

async function measureTurns(bench: Bench, filled: Bench, log: Log): Promise<Row[]> {
  log(`${turnRounds} turns of 3 agents on each of the two databases`);
  const poster = (which: Bench) => {
    let room: Room;
    return async (round: number) => {
      if (round % turnsPerSession === 0) room = await createRoom(which, 3, "roundtable");
      return (await room.post(question)).elapsedMs;
    };
  };
  const times = await interleave(turnRounds, { empty: poster(bench), filled: poster(filled) });
  const [onEmpty, onFilled] = [spreadOf(times.empty), spreadOf(times.filled)];
  return [
    atMost({
      measure: "turn on the filled database, against an empty one",
      value: onFilled.median / onEmpty.median,
      unit: "×",
      limit: 1.15,
      spread: `${formatSpread(onFilled, "ms")}; empty ${formatSpread(onEmpty, "ms")}`,
      values: times,
    }),
  ];
}

/** By the user who has 1 % of the rooms. Reads of whole periods of the ledger are measured on their own. */
async function measureRequests(filled: Bench, ids: FilledIds, log: Log): Promise<Row> {
  log("Reads on the filled database");
  const get = (path: string) => async () => {
    const answer = await send(`${filled.pantheon.url}/api/v1${path}`, {
      method: "GET",
      headers: { Authorization: `Bearer ${filled.token}` },
    });
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text}`);
    return answer.endedMs - answer.sentMs;
  };
  const paths = readPaths(ids);
  const times = await interleave(
    requestRounds,
    Object.fromEntries(paths.map((path) => [nameOf(path, ids), get(path)])),
  );
  const medians = Object.entries(times)
    .map(([path, values]): [string, number] => [path, spreadOf(values).median])
    .toSorted(([, one], [, other]) => other - one);
  const slowest = medians.slice(0, 4).map(([path, ms]) => `${path} ${withUnit(ms, "ms")}`);
  return atMost({
    measure: `slowest of ${paths.length} reads on the filled database`,
    value: medians[0]?.[1] ?? Number.NaN,
    unit: "ms",
    limit: 100,
    spread: `medians of ${requestRounds}: ${slowest.join(", ")}`,
    values: times,
  });
}

function nameOf(path: string, { roomId, sessionId, turnId }: FilledIds): string {
  return path.replace(roomId, "{room}").replace(sessionId, "{session}").replace(turnId, "{turn}");
}

/** Counts also what functions, triggers and foreign keys read. */
async function scannedRows({ connectionString }: Bench, measure: () => Promise<Row[]>): Promise<Row[]> {
  const before = await readScannedRows(connectionString);
  const rows = await measure();
  await delay(statisticsMs);
  const scanned = growthOf(before, await readScannedRows(connectionString)).filter(
    ([, count]) => count > maxScannedRows,
  );
  const row = atMost({
    measure: "tables that these turns and reads scanned",
    value: scanned.length,
    limit: 0,
    spread: scanned.map(([table, count]) => `${table}: ${count} rows`).join(", "),
    values: scanned,
  });
  return [...rows, row];
}

async function measureJobs({ pantheon }: Bench, log: Log): Promise<Row[]> {
  log("Jobs on the filled database");
  const rows: Row[] = [];
  for (const [name, cron] of [
    ["of each minute", crons.everyMinute],
    ["of each day, its first run", crons.daily],
    ["of each day, the next", crons.daily],
  ] as const) {
    const startedMs = monotonicMs();
    await pantheon.callScheduled(cron);
    const ms = monotonicMs() - startedMs;
    rows.push(plainFigure(`the jobs ${name}, on the filled database`, withUnit(ms, "ms"), "", ms));
  }
  return rows;
}

async function measureBytes(bench: Bench, filled: Bench, log: Log): Promise<Row[]> {
  log(`${grownTurns} turns, and how much the tables grow`);
  const before = await readTableBytes(bench.connectionString);
  for (let turn = 0; turn < grownTurns; ) {
    const room = await createRoom(bench, 3, "roundtable");
    for (let n = 0; n < turnsPerSession; n += 1, turn += 1) await room.post(question);
  }
  const grown = growthOf(before, await readTableBytes(bench.connectionString));
  const kib = (bytes: number) => withUnit(bytes / grownTurns / 1_024, "KiB");
  const whole = [...(await readTableBytes(filled.connectionString))];
  return [
    plainFigure(
      "tables and indexes grow by, per turn of 3 agents with 1 KiB replies",
      kib(sumOf(grown)),
      grown
        .slice(0, 8)
        .map(([table, bytes]) => `${table} ${kib(bytes)}`)
        .join(", "),
      grown,
    ),
    plainFigure("the filled database", withUnit(sumOf(whole) / 1_024 ** 3, "GiB"), "", whole),
  ];
}
