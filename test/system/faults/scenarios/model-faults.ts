import { randomUUID } from "node:crypto";
import type { ModelAnswer } from "../../../../dev/model-server/answer.ts";
import { describeCall, readCallPurpose } from "../checks/call-purpose.ts";
import { checkSession } from "../checks/session.ts";
import type { Scenario } from "../scenario.ts";
import { prepareTurn, restOfScript, testedModes } from "./pending-turn.ts";
import { createRoundLog } from "./round-log.ts";
import { answers, piecesOf } from "./script.ts";

/** The timeout of a call. */
const callTimeoutMs = 1_500;
const maxAttempts = 3;
/** A finish reason follows the pieces, and the usage follows that. */
const pieces = piecesOf("ada").length;

type ModelCase = {
  what: string;
  answer: ModelAnswer;
  /** Only this many first attempts fail. */
  times?: number;
  /** `whole`: the reply completes in the end. `failed`: it cannot. */
  reply: "whole" | "failed";
};

const soon = { "retry-after": "1" };
const cases: readonly ModelCase[] = [
  { what: "429, Retry-After 1 s", answer: { status: 429, headers: soon }, times: 1, reply: "whole" },
  { what: "hang before the first byte", answer: { hang: "before_headers" }, reply: "failed" },
  { what: "error event in mid-stream", answer: { error_event: true }, reply: "failed" },
  { what: "no finish reason", answer: { finish_reason: null, done: false }, reply: "failed" },
  { what: "no finish reason but the end mark", answer: { finish_reason: null }, reply: "whole" },
  { what: "a redirect", answer: { status: 307, body: "", headers: { location: "/" } }, reply: "failed" },
  { what: "hang after the first byte", answer: { hang: "after_first" }, reply: "failed" },
  { what: "bad JSON", answer: { bad_json: true }, reply: "failed" },
  { what: "no usage", answer: { usage: null }, reply: "whole" },
  { what: "429 for good", answer: { status: 429, headers: { "retry-after-ms": "1" } }, reply: "failed" },
  { what: "500", answer: { status: 500, headers: { "retry-after-ms": "1" } }, times: 2, reply: "whole" },
  { what: "500 for good", answer: { status: 500, headers: { "retry-after-ms": "1" } }, reply: "failed" },
  { what: "cut before its headers", answer: { cut_before_headers: true }, times: 1, reply: "whole" },
  { what: "cut before its headers for good", answer: { cut_before_headers: true }, reply: "failed" },
  {
    what: "neither finish reason nor usage nor end",
    answer: { finish_reason: null, usage: null, done: false },
    reply: "failed",
  },
  { what: "no end mark", answer: { done: false }, reply: "whole" },
  { what: "cut by its length", answer: { finish_reason: "length" }, reply: "whole" },
  ...Array.from(
    { length: pieces + 2 },
    (_, chunks): ModelCase => ({
      what: chunks > pieces ? "cut after its finish reason" : `cut after ${chunks} tenths`,
      answer: { cut_after_chunks: chunks },
      reply: chunks > pieces ? "whole" : "failed",
    }),
  ),
];

/** The model of one agent fails in one of the ways a provider can. The models of the others do not. */
export const modelFaults: Scenario = {
  name: "model-faults",
  rounds: { short: 4, long: cases.length * testedModes.length },
  lanes: 2,
  async runRound(round) {
    const { testbed, random, index } = round;
    const mode = testedModes[index % testedModes.length] ?? "manual";
    const tried = cases[Math.floor(index / testedModes.length) % cases.length];
    if (tried === undefined) throw new Error("there is no such case");
    const hangs = tried.answer.hang !== undefined;
    const worker = await (hangs
      ? testbed.startWorker({ MODEL_CALL_TIMEOUT_MS: String(callTimeoutMs) })
      : testbed.takeWorker());
    const pending = await prepareTurn(round, worker, { mode });
    const { fixture, order, request } = pending;
    const faultyAgent = random.pick(order);
    const { times } = tried;
    const attempts = times === undefined ? [undefined] : Array.from({ length: times }, (_, n) => n + 1);
    const faultyAnswers = attempts.map((call) => answers(faultyAgent, tried.answer, call));
    const [manager, ...others] = restOfScript(pending);
    fixture.models.follow({
      rules: [...(manager === undefined ? [] : [manager]), ...faultyAnswers, ...others],
    });
    const callsBefore = fixture.models.journal.entries.length;
    const roundLog = createRoundLog();

    const posted = await fixture.post(worker, { request, key: randomUUID() });
    const replies: { agent_key: string; status: string }[] = posted.body?.replies ?? [];
    const unexpected = replies.filter(
      ({ agent_key, status }) =>
        (status === "completed") !== (agent_key !== faultyAgent || tried.reply === "whole"),
    );
    roundLog.expect("the request", posted, posted.status === 201 && replies.length === order.length);
    for (const { agent_key, status } of unexpected)
      roundLog.violations.push(`${agent_key}'s reply is ${status}`);
    const calls = fixture.models.journal.entries.slice(callsBefore);
    for (const [name, tries] of Map.groupBy(calls, (entry) => describeCall(readCallPurpose(entry)))) {
      if (tries.length > maxAttempts) roundLog.violations.push(`${tries.length} attempts: ${name}`);
    }
    roundLog.count(tried.reply === "whole" ? "whole after all" : "failed replies");
    roundLog.readLog(worker);
    if (hangs) await worker.kill();
    else testbed.giveBack(worker);
    return checkSession(testbed, fixture, tried.what, roundLog);
  },
};
