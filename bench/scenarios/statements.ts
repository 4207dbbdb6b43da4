import type { NeonExchange } from "../../dev/neon-endpoint.ts";
import { createRoom, type Mode, type Orchestration, question } from "../pantheon-room.ts";
import { atMost, plainFigure, type Row } from "../report/row.ts";
import type { Bench } from "../setup.ts";

const agents = 3;
/** By then the session has a history. */
const measuredTurn = 5;
const plain: Orchestration = { max_rounds: 1, synthesis: "off" };

/** SQL statements of a turn, in all of its requests to the database, as the endpoint counts them. */
export async function measureStatements(bench: Bench, log: (line: string) => void): Promise<Row[]> {
  log("SQL statements of a turn");
  const sequence = await statementsOf(bench, "roundtable", plain);
  const rounds = await statementsOf(bench, "orchestrator", { max_rounds: 2, synthesis: "manager" });
  const parallel = await statementsOf(bench, "tag", plain);
  return [
    atMost({
      measure: `SQL statements of a turn, ${agents} agents in sequence`,
      value: sumOf(sequence),
      limit: 20,
      spread: describe(sequence),
      values: sequence,
    }),
    plainFigure(`the same, ${agents} agents at once`, String(sumOf(parallel)), describe(parallel), parallel),
    plainFigure(
      `the same, two rounds of ${agents} agents and a synthesis: 9 model calls`,
      String(sumOf(rounds)),
      describe(rounds),
      rounds,
    ),
  ];
}

async function statementsOf(bench: Bench, mode: Mode, orchestration: Orchestration): Promise<number[]> {
  const room = await createRoom(bench, agents, mode);
  await room.setOrchestration(orchestration);
  const message = mode === "tag" ? room.agentKeys.map((key) => `@${key}`).join(" ") : question;
  let exchanges: NeonExchange[] = [];
  for (let turn = 1; turn <= measuredTurn; turn += 1) {
    await bench.database.ask("takeExchanges", undefined);
    await room.post(message);
    exchanges = await bench.database.ask("takeExchanges", undefined);
  }
  return exchanges.map(({ statements }) => statements);
}

function sumOf(statements: readonly number[]): number {
  return statements.reduce((sum, count) => sum + count, 0);
}

/** A request is reported when it ends: the first is the open, the last the commit. */
function describe(statements: readonly number[]): string {
  return `${statements.length} requests: ${statements.join(" + ")}`;
}
