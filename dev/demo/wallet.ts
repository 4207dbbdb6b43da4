import { randomUUID } from "node:crypto";
import { styleText } from "node:util";
import * as z from "zod";
import { grant, type wallet } from "../../src/routes/schemas/money.ts";
import { turnRead } from "../../src/routes/schemas/turn.ts";
import { truncate } from "../truncate.ts";
import { type Access, askApi, callApi } from "./api.ts";

/** A wallet that runs out, and what an operator does about it. */
export type WalletDemo = { spender: Access; operator: Access; write: (text: string) => void };

const created = z.object({ id: z.uuid() });
const refusal = z.object({ code: z.string(), detail: z.string(), limit: z.string(), spent: z.string() });

/** The least with which a turn is started, by default. */
const firstGrant = "0.05";
const secondGrant = "1";
const maxTurns = 5;
const maxTextLength = 90;

/**
 * Grants a user a little, posts turns until one is refused, grants more, and posts that turn again. Throws an Error where
 * no turn is refused, or the last one is.
 */
export async function runWalletDemo({ spender, operator, write }: WalletDemo): Promise<void> {
  const print = (line: string) => write(`${line}\n`);
  print(`\n${styleText("bold", "── money: a wallet runs out, and a grant lets the room go on ──")}`);
  const user = await callApi(spender, { method: "GET", path: "/auth/me" }, z.object({ user_id: z.string() }));
  const give = (amount: string) => grantCredits(operator, user.user_id, amount, print);
  const sessionId = await createSession(spender);
  await give(firstGrant);
  for (let turn = 1; turn <= maxTurns; turn += 1) {
    const message = `Ada, give me reason number ${turn} to launch on Friday.`;
    if (await postTurn(spender, sessionId, message, print)) continue;
    await give(secondGrant);
    if (await postTurn(spender, sessionId, message, print)) return;
    throw new Error("The turn is refused although credits were granted.");
  }
  throw new Error(`${maxTurns} turns cost less than ${firstGrant} credits.`);
}

async function createSession(access: Access): Promise<string> {
  const room = { name: "A room with a wallet", current_mode: "roundtable" };
  const { id: roomId } = await callApi(access, { method: "POST", path: "/rooms", body: room }, created);
  const agent = {
    agent_key: "ada",
    name: "Ada",
    model_alias: "deepseek",
    role_prompt: "Advise. Be brief.",
    tool_permissions: [],
  };
  await callApi(access, { method: "POST", path: `/rooms/${roomId}/agents`, body: agent }, created);
  const { id } = await callApi(access, { method: "POST", path: `/rooms/${roomId}/sessions` }, created);
  return id;
}

async function grantCredits(operator: Access, userId: string, amount: string, print: (line: string) => void) {
  const path = `/admin/users/${encodeURIComponent(userId)}/grants`;
  const headers = { "Idempotency-Key": randomUUID() };
  const body = { amount, note: "demo" };
  const given = await callApi(operator, { method: "POST", path, headers, body }, grant);
  print(`An operator grants ${given.amount} credits: ${describeWallet(given.wallet)}.`);
}

/** False: the wallet does not pay for the turn. */
async function postTurn(
  spender: Access,
  sessionId: string,
  message: string,
  print: (line: string) => void,
): Promise<boolean> {
  print(`You │ ${message}`);
  const answer = await askApi(
    spender,
    { method: "POST", path: `/sessions/${sessionId}/turns`, body: { message } },
    { answer: turnRead, problem: refusal },
  );
  if (!answer.ok) {
    const { code, detail, limit, spent } = answer.body;
    if (code !== "budget_exhausted")
      throw new Error(`The turn is refused: ${answer.status} ${code}: ${detail}`);
    print(`  ${answer.status} ${code}: ${detail} Spent ${spent} of ${limit}.`);
    return false;
  }
  const { status, replies, credits } = answer.body;
  if (status !== "completed") throw new Error(`Ada did not answer: the turn is ${status}.`);
  for (const { content } of replies)
    print(`Ada │ ${truncate(content.replaceAll(/\s+/g, " "), maxTextLength)}`);
  print(`  The turn cost ${credits.spent} credits, and ${credits.wallet_left} are left.`);
  return true;
}

function describeWallet({ balance, granted, spent }: z.output<typeof wallet>): string {
  return `${granted} granted, ${spent} spent, ${balance} left`;
}
