import { randomUUID } from "node:crypto";
import type { ModelAnswer } from "../../../../dev/model-server/answer.ts";
import { type DialectName, dialectNames, dialects } from "../../../../dev/model-server/dialects.ts";
import type { ModelRule } from "../../../support/node/model-script.ts";
import { agentSays } from "../../../turn/modes/support/model-calls.ts";
import { checkSession } from "../checks/session.ts";
import type { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { fixtureTagOf } from "../testbed/scenario-tag.ts";
import { type PendingTurn, prepareTurn, testedModes } from "./pending-turn.ts";
import { createRoundLog, isWhole } from "./round-log.ts";
import { answers, picks } from "./script.ts";

/**
 * Every model answers in the form of a provider drawn at random; half of the rooms use tools. Connections are left
 * open, and a report of usage that has a chunk of its own comes up to a second late.
 */
export const dialectForms: Scenario = {
  name: "dialects",
  rounds: { short: 6, long: 500 },
  lanes: 4,
  async runRound(round) {
    const { testbed, random, index } = round;
    const mode = testedModes[index % testedModes.length] ?? "manual";
    const withTools = random.chance(0.5);
    const worker = await testbed.takeWorker();
    const pending = await prepareTurn(round, worker, { mode, withTools });
    const used = new Map(pending.fixture.agents.map((key) => [key, drawForm(random)]));
    const forManager = drawForm(random);
    pending.fixture.models.follow({ rules: rulesFor(pending, used, forManager, withTools) });
    const roundLog = createRoundLog();

    const posted = await pending.send(worker, randomUUID());
    roundLog.expect("the request", posted, isWhole(posted));
    for (const { agent_key, status, error } of posted.body?.replies ?? []) {
      if (status === "completed") continue;
      roundLog.violations.push(`${used.get(agent_key)?.dialect}: ${agent_key} is ${status}, ${error?.code}`);
    }
    const expectedCalls = pending.order.length * (withTools ? 2 : 1) + (mode === "orchestrator" ? 1 : 0);
    const calls = pending.fixture.models.journal.entries.length;
    if (calls !== expectedCalls) roundLog.violations.push(`${calls} calls, not ${expectedCalls}`);
    const { rows: estimated } = await testbed.sql.query(
      "select agent_key from llm_call_events where session_id = $1 and usage_source <> 'provider'",
      [pending.fixture.sessionId],
    );
    for (const { agent_key } of estimated) {
      roundLog.violations.push(`${used.get(agent_key)?.dialect}: a usage report was not read`);
    }
    for (const dialect of new Set(pending.order.map((key) => used.get(key)?.dialect)))
      roundLog.count(`${dialect}`);
    roundLog.readLog(worker);
    testbed.giveBack(worker);
    return checkSession(testbed, pending.fixture, `${mode}${withTools ? " with tools" : ""}`, roundLog);
  },
};

type AnswerForm = Pick<ModelAnswer, "leave_open" | "usage_delay_ms"> & { dialect: DialectName };

function drawForm(random: Random): AnswerForm {
  const dialect = random.pick(dialectNames);
  const isLate = dialects[dialect].usage.at === "last_chunk" && random.chance(0.3);
  return {
    dialect,
    ...(random.chance(0.3) ? { leave_open: true } : {}),
    ...(isLate ? { usage_delay_ms: random.between(1, 1_000) } : {}),
  };
}

function rulesFor(
  { fixture, order }: PendingTurn,
  used: ReadonlyMap<string, AnswerForm>,
  forManager: AnswerForm,
  withTools: boolean,
): ModelRule[] {
  const agents = fixture.agents.flatMap((key) => {
    const form: AnswerForm = used.get(key) ?? { dialect: "openai" };
    const query = JSON.stringify({ query: `${fixtureTagOf(fixture.id)} ${key}` });
    const asks = agentSays(key, { tool_calls: [{ name: "search", arguments: query }], ...form }, 1);
    return [...(withTools ? [asks] : []), answers(key, form)];
  });
  return [picks(order, forManager), ...agents];
}
