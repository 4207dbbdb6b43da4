import {
  createRoom,
  type Mode,
  type Orchestration,
  question,
  type Room,
  type Turn,
} from "../pantheon-room.ts";
import type { Purpose } from "../peers/model-answers.ts";
import { atMost, type Row } from "../report/row.ts";
import { agentKeyOf } from "../roster.ts";
import type { Bench } from "../setup.ts";

const agentCounts = [1, 3, 12];
const lengths = [1, 50, 200, 500];
type Plan = { mode: Mode; orchestration: Orchestration };

const plain: Orchestration = { max_rounds: 1, synthesis: "off" };
const plans: Plan[] = [
  { mode: "roundtable", orchestration: plain },
  { mode: "orchestrator", orchestration: plain },
  { mode: "tag", orchestration: plain },
  { mode: "orchestrator", orchestration: { max_rounds: 2, synthesis: "manager" } },
  { mode: "orchestrator", orchestration: { max_rounds: 3, synthesis: agentKeyOf(0) } },
  { mode: "roundtable", orchestration: { max_rounds: 1, synthesis: agentKeyOf(0) } },
  { mode: "tag", orchestration: { max_rounds: 1, synthesis: "manager" } },
];
/** The manager picks this many at most in one round. */
const maxPicked = 3;

type Cell = Orchestration & {
  mode: Mode;
  agents: number;
  turnIndex: number;
  roundTrips: number;
  requests: number;
  calls: number;
  planned: number;
};

/** Every mode, with every size of roster, in sessions of every length. */
export async function measurePlanMatrix(bench: Bench, log: (line: string) => void): Promise<Row[]> {
  const cells: Cell[] = [];
  for (const agents of agentCounts) {
    log(`Round trips and model calls: ${agents} agents, up to ${lengths.at(-1)} turns`);
    const room = await createRoom(bench, agents, "tag");
    for (let length = 0; length < (lengths.at(-1) ?? 0); ) {
      if (!lengths.includes(length + 1)) {
        const turn = await room.post(`@${room.agentKeys[0]} ${question}`);
        length = turn.turnIndex;
        continue;
      }
      for (const plan of plans) {
        const cell = await measureTurn(bench, room, plan);
        cells.push(cell);
        length = cell.turnIndex;
      }
      await room.setMode("tag");
      await room.setOrchestration(plain);
    }
  }
  return [roundTripsRow(cells), callsRow(cells)];
}

async function measureTurn(bench: Bench, room: Room, plan: Plan): Promise<Cell> {
  const { mode, orchestration } = plan;
  await room.setMode(mode);
  await room.setOrchestration(orchestration);
  await bench.models.ask("takeJournal", undefined);
  await bench.database.ask("takeExchanges", undefined);
  const message = mode === "tag" ? room.agentKeys.map((key) => `@${key}`).join(" ") : question;
  const turn = await room.post(message);
  const exchanges = await bench.database.ask("takeExchanges", undefined);
  // A renewal of the lease has one statement. It is sent beside the model calls, and nothing waits for it.
  const requests = exchanges.filter(({ statements }) => statements > 1).length;
  const purposes = (await bench.models.ask("takeJournal", undefined)).map(({ purpose }) => purpose);
  const agents = room.agentKeys.length;
  return {
    mode,
    ...orchestration,
    agents,
    turnIndex: turn.turnIndex,
    roundTrips: turn.roundTrips,
    // What did not overlap, by the endpoint's own count.
    requests: requests - turn.checkpointTrips,
    calls: purposes.length,
    planned: planCalls(plan, agents, turn).length,
  };
}

function planCalls({ mode, orchestration }: Plan, agents: number, { isSummaryMade }: Turn): Purpose[] {
  const rounds = mode === "orchestrator" ? orchestration.max_rounds : 1;
  const answering = rounds * (mode === "orchestrator" ? Math.min(maxPicked, agents) : agents);
  return [
    ...Array.from({ length: answering }, () => "agent" as const),
    ...Array.from({ length: mode === "orchestrator" ? rounds : 0 }, () => "routing" as const),
    ...(orchestration.synthesis === "off" ? [] : (["synthesis"] as const)),
    ...(isSummaryMade ? (["summary_text", "summary_structure"] as const) : []),
  ];
}

const sample = `${plans.length} plans × ${agentCounts.join(", ")} agents × turn ${lengths.join(", ")}`;

function roundTripsRow(cells: readonly Cell[]): Row {
  const trips = cells.map(({ roundTrips, requests }) => Math.max(roundTrips, requests));
  return {
    ...atMost({ measure: "database round trips before the answer", value: Math.max(...trips), limit: 2 }),
    spread: `most of ${cells.length} turns: ${sample}`,
    values: cells,
  };
}

function callsRow(cells: readonly Cell[]): Row {
  const off = cells.filter(({ calls, planned }) => calls !== planned);
  return {
    ...atMost({ measure: "turns whose model calls are not the plan's", value: off.length, limit: 0 }),
    spread: `of ${cells.length} turns, ${cells.reduce((sum, { calls }) => sum + calls, 0)} calls`,
    values: off,
  };
}
