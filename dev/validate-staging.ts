import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import * as z from "zod";
import { runCommand } from "./command.ts";
import { stoppedExitCode, stopSignal } from "./stop-signal.ts";
import { type ApiClient, createApiClient, reasonOf, type Target } from "./validate/api-client.ts";
import { reportLines, toReport } from "./validate/report.ts";
import { runChecks } from "./validate/run-checks.ts";
import { createTurnPace, deployedLimits } from "./validate/turn-pace.ts";

const usageText = `Checks a deployment from outside: health and auth, tools denied and allowed, a turn in each mode, a replay, a
conflict, a stream, a file that can be parsed and one that cannot. Then it deletes what it created. It needs only the API, and models that answer.
  npm run validate:staging -- --url <https://host> --token <JWT> [--json <file>] [--model <alias>]
Exit code 1 where a check fails. It posts 12 turns, at the pace of the rate limit (10 a minute).
--json writes the evidence to a file. --model is the model of the agents; default: the first of the catalog.`;

const signal = stopSignal({
  notice: "Stopping after this check and the cleanup. Ctrl-C once more ends at once.",
  maxStopMs: 120_000,
});

const catalog = z.object({ data: z.array(z.object({ alias: z.string() })).min(1) });
const refusal = z.object({ detail: z.string() });

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      url: { type: "string" },
      token: { type: "string" },
      json: { type: "string" },
      model: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(usageText);
  const target = { origin: readOrigin(values.url), token: readToken(values.token) };
  const nowMs = () => performance.now();
  const onWait = (ms: number) =>
    console.log(`Waiting ${Math.ceil(ms / 1_000)} s, as the rate limit asks for`);
  const pause = (ms: number) => sleep(ms, undefined, { signal });
  const pace = createTurnPace({ nowMs, sleep: pause, onWait }, deployedLimits);
  const api = createApiClient(target, pace, nowMs);

  const startedAt = new Date().toISOString();
  await requirePantheon(target, api);
  const modelAlias = values.model ?? (await firstModel(api));
  console.log(`Checking ${target.origin} with agents of ${modelAlias}`);
  const context = { api, modelAlias, newId: randomUUID, pause, fixture: undefined, created: [] };
  const onResult = ({ check, failure, ms }: { check: string; failure: string | null; ms: number }) =>
    console.log(`  ${failure === null ? "ok    " : "FAILED"} ${check} (${ms} ms)`);
  const results = await runChecks(context, { nowMs, onResult, signal });

  console.log(`\n${reportLines(results).join("\n")}`);
  const failed = results.filter(({ failure }) => failure !== null);
  if (values.json !== undefined) {
    const evidence = {
      url: target.origin,
      started_at: startedAt,
      model_alias: modelAlias,
      passed: failed.length === 0,
      checks: toReport(results),
    };
    await writeFile(values.json, `${JSON.stringify(evidence, null, 2)}\n`);
  }
  console.log(`\n${results.length - failed.length} of ${results.length} checks passed`);
  if (failed.length > 0) process.exitCode = 1;
  if (signal.aborted) process.exitCode = stoppedExitCode;
});

function readOrigin(text: string | undefined): string {
  if (text === undefined) throw new Error("--url is missing: the host of the deployment (see --help)");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Error(`--url: not an http(s) URL: ${text}`);
  }
  if (!/^\/(api\/v1\/?)?$/.test(url.pathname)) throw new Error(`--url: give the host alone, not ${text}`);
  return url.origin;
}

function readToken(text: string | undefined): string {
  const token = text?.trim();
  if (!token) throw new Error("--token is missing: a JWT that the deployment accepts (see --help)");
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error("--token: not a JWT: it has blanks or odd characters");
  return token;
}

/** Throws unless the host answers, is Pantheon, and accepts the token. */
async function requirePantheon({ origin, token }: Target, api: ApiClient): Promise<void> {
  const health = await fetch(`${origin}/api/v1/health`, { signal: AbortSignal.timeout(10_000) }).catch(
    (error: unknown) => {
      throw new Error(`--url: no answer from ${origin} (${reasonOf(error)})`);
    },
  );
  const isPantheon = (await health.text()).includes('"status"');
  if (!isPantheon)
    throw new Error(`--url: ${origin} is not Pantheon: its /api/v1/health answered ${health.status}`);
  const me = await api.send({ method: "GET", path: "/auth/me", token });
  if (me.status !== 401) return;
  const detail = refusal.safeParse(me.body).data?.detail ?? "401";
  throw new Error(`--token: ${origin} refuses it: ${detail}`);
}

async function firstModel(api: ApiClient): Promise<string> {
  const { status, body } = await api.send({ method: "GET", path: "/models" });
  const alias = catalog.safeParse(body).data?.data[0]?.alias;
  if (alias === undefined) throw new Error(`GET /models answered ${status} and names no model`);
  return alias;
}
