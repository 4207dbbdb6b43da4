import { randomUUID } from "node:crypto";
import type { ModelAnswer } from "../../../../dev/model-server/answer.ts";
import { calledFor, placeOf } from "../judge/called.ts";
import { judgeScene } from "../judge/scene.ts";
import type { Scenario } from "../scenario.ts";
import { createProtocol } from "./protocol.ts";
import { answers, piecesOf } from "./script.ts";
import { restOfScript, setStage, stagedModes } from "./stage.ts";

/** A model that hangs is given up after this. */
const callTimeoutMs = 1_500;
const mostAttempts = 3;
/** A finish reason follows the pieces, and the usage follows that. */
const pieces = piecesOf("ada").length;

type ModelCase = {
  what: string;
  answer: ModelAnswer;
  /** Only the first so many attempts are hurt. */
  times?: number;
  /** `whole`: the reply is there in the end; `failed`: it cannot be, whatever else was said. */
  reply: "whole" | "failed";
};

const soon = { "retry-after": "1" };
const cases: readonly ModelCase[] = [
  { what: "429, Retry-After 1 s", answer: { status: 429, headers: soon }, times: 1, reply: "whole" },
  { what: "hang before the first byte", answer: { hang: "before_headers" }, reply: "failed" },
  { what: "error event in mid-stream", answer: { error_event: true }, reply: "failed" },
  { what: "no finish reason", answer: { finish_reason: null }, reply: "failed" },
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
  { what: "cut by its length", answer: { finish_reason: "length" }, reply: "failed" },
  ...Array.from(
    { length: pieces + 2 },
    (_, chunks): ModelCase => ({
      what: chunks > pieces ? "cut after its finish reason" : `cut after ${chunks} tenths`,
      answer: { cut_after_chunks: chunks },
      reply: chunks > pieces ? "whole" : "failed",
    }),
  ),
];

/** One agent's model fails in every way a provider can; the other agents' do not. */
export const modelFaults: Scenario = {
  name: "model-faults",
  rounds: { short: 4, long: cases.length * stagedModes.length },
  lanes: 2,
  async play(round) {
    const { testbed, random, index } = round;
    const mode = stagedModes[index % stagedModes.length] ?? "manual";
    const tried = cases[Math.floor(index / stagedModes.length) % cases.length];
    if (tried === undefined) throw new Error("there is no such case");
    const hangs = tried.answer.hang !== undefined;
    const worker = await (hangs
      ? testbed.startWorker({ MODEL_CALL_TIMEOUT_MS: String(callTimeoutMs) })
      : testbed.takeWorker());
    const stage = await setStage(round, worker, { mode });
    const { scene, order, request } = stage;
    const victim = random.pick(order);
    const { times } = tried;
    const attempts = times === undefined ? [undefined] : Array.from({ length: times }, (_, n) => n + 1);
    const hurt = attempts.map((call) => answers(victim, tried.answer, call));
    const [manager, ...others] = restOfScript(stage);
    scene.models.follow({ rules: [...(manager === undefined ? [] : [manager]), ...hurt, ...others] });
    const callsBefore = scene.models.journal.entries.length;
    const protocol = createProtocol();

    const posted = await scene.post(worker, { request, key: randomUUID() });
    const replies: { agent_key: string; status: string }[] = posted.body?.replies ?? [];
    const unlike = replies.filter(
      ({ agent_key, status }) =>
        (status === "completed") !== (agent_key !== victim || tried.reply === "whole"),
    );
    protocol.expect("the request", posted, posted.status === 201 && replies.length === order.length);
    for (const { agent_key, status } of unlike) protocol.violations.push(`${agent_key}'s reply is ${status}`);
    const calls = scene.models.journal.entries.slice(callsBefore);
    for (const [place, tries] of Map.groupBy(calls, (entry) => placeOf(calledFor(entry)))) {
      if (tries.length > mostAttempts) protocol.violations.push(`${tries.length} attempts: ${place}`);
    }
    protocol.count(tried.reply === "whole" ? "whole after all" : "failed replies");
    protocol.readLog(worker);
    if (hangs) await worker.kill();
    else testbed.giveBack(worker);
    return judgeScene(testbed, scene, tried.what, protocol);
  },
};
