import { randomUUID } from "node:crypto";
import { runCommand } from "./command.ts";
import { runDemo } from "./demo/run-demo.ts";
import { runWalletDemo } from "./demo/wallet.ts";
import { type Environment, localAuth, operatorClaims, readEnvironment } from "./local-settings.ts";
import { mintToken } from "./mint-token.ts";
import { startPlatform } from "./platform.ts";
import { addressLines } from "./platform-addresses.ts";
import { findRunningPlatform } from "./running-platform.ts";
import { demoUser } from "./seed.ts";
import { stoppedExitCode, stopSignal } from "./stop-signal.ts";

const usageText = `Uploads a document to the local platform and posts a turn in each mode. Prints the replies as they stream, the usage of every agent,
the ledger and the timings. Then another user's wallet runs out, and an operator's grant lets the room go on.
  npm run demo
Uses a running npm run dev with the same data directory and database, or else starts a platform for itself.`;

const stopping = stopSignal();

await runCommand(async () => {
  if (process.argv.includes("--help")) return console.log(usageText);
  const env = readEnvironment();
  const tokens = await mintTokens(env);
  const { token } = tokens;
  const url = await findRunningPlatform(env, token);
  if (url === undefined) return runOnOwnPlatform(env, tokens);
  console.log(`Using the platform on ${url}`);
  await runUnlessStopped({ url, ...tokens });
  for (const line of await addressLines(env, url)) console.log(line);
});
process.exit();

type Tokens = { token: string; spenderToken: string; operatorToken: string };

/** The spender is a user of this demo alone: a wallet limits its user for good. */
async function mintTokens(env: Environment): Promise<Tokens> {
  const auth = localAuth(env);
  const mint = (sub: string, claims = {}) => mintToken(auth, { sub, email: `${sub}@example.com`, claims });
  return {
    token: await mintToken(auth, { sub: demoUser.id, email: demoUser.email }),
    spenderToken: await mint(`demo-spender-${randomUUID()}`),
    operatorToken: await mint("demo-operator", operatorClaims(env)),
  };
}

async function runOnOwnPlatform(env: Environment, tokens: Tokens): Promise<void> {
  console.log("Starting a platform for this demo:");
  const log = (line: string) => console.log(`  ${line}`);
  try {
    const platform = await startPlatform({ env, port: 0, log, signal: stopping });
    log(`Pantheon ready on ${platform.url}`);
    await runUnlessStopped({ url: platform.url, ...tokens }).finally(platform.stop);
    console.log("See it in the console: npm run dev, and open the address that it prints last.");
  } catch (error) {
    if (error !== stopping.reason) throw error;
    process.exitCode = stoppedExitCode;
  }
}

async function runUnlessStopped(platform: { url: string } & Tokens): Promise<void> {
  const { url, token, spenderToken, operatorToken } = platform;
  const write = (text: string) => void process.stdout.write(text);
  const signal = stopping;
  try {
    await runDemo({ access: { url, token, signal }, write });
    await runWalletDemo({
      spender: { url, token: spenderToken, signal },
      operator: { url, token: operatorToken, signal },
      write,
    });
  } catch (error) {
    console.log();
    // fetch and its streams report a broken connection in this way.
    const isDisconnected = error instanceof TypeError && error.cause !== undefined;
    if (!stopping.aborted)
      throw isDisconnected ? new Error(`Lost the connection to ${platform.url}.`) : error;
    process.exitCode = stoppedExitCode;
  }
}
