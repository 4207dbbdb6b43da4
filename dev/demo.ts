import { runCommand } from "./command.ts";
import { runDemo } from "./demo/run-demo.ts";
import { type Environment, localAuth, readEnvironment } from "./local-settings.ts";
import { mintToken } from "./mint-token.ts";
import { startPlatform } from "./platform.ts";
import { addressLines } from "./platform-addresses.ts";
import { findRunningPlatform } from "./running-platform.ts";
import { demoUser } from "./seed.ts";
import { stoppedExitCode, stopSignal } from "./stop-signal.ts";

const usageText = `Uploads a document to the local platform and posts a turn in each mode. Prints the replies as they stream, the usage of every agent,
the ledger and the timings.
  npm run demo
Uses a running npm run dev with the same data directory and database, or else starts a platform for itself.`;

const stopping = stopSignal();

await runCommand(async () => {
  if (process.argv.includes("--help")) return console.log(usageText);
  const env = readEnvironment();
  const token = await mintToken(localAuth(env), { sub: demoUser.id, email: demoUser.email });
  const url = await findRunningPlatform(env, token);
  if (url === undefined) return runOnOwnPlatform(env, token);
  console.log(`Using the platform on ${url}`);
  await runUnlessStopped({ url, token });
  for (const line of await addressLines(env, url)) console.log(line);
});
process.exit();

async function runOnOwnPlatform(env: Environment, token: string): Promise<void> {
  console.log("Starting a platform for this demo:");
  const log = (line: string) => console.log(`  ${line}`);
  try {
    const platform = await startPlatform({ env, port: 0, log, signal: stopping });
    log(`Pantheon ready on ${platform.url}`);
    await runUnlessStopped({ url: platform.url, token }).finally(platform.stop);
    console.log("See it in the console: npm run dev, and open the address that it prints last.");
  } catch (error) {
    if (error !== stopping.reason) throw error;
    process.exitCode = stoppedExitCode;
  }
}

async function runUnlessStopped(platform: { url: string; token: string }): Promise<void> {
  try {
    const access = { ...platform, signal: stopping };
    await runDemo({ access, write: (text) => process.stdout.write(text) });
  } catch (error) {
    console.log();
    // fetch and its streams report a broken connection in this way.
    const isDisconnected = error instanceof TypeError && error.cause !== undefined;
    if (!stopping.aborted)
      throw isDisconnected ? new Error(`Lost the connection to ${platform.url}.`) : error;
    process.exitCode = stoppedExitCode;
  }
}
