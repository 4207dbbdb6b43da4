import { runCommand } from "./command.ts";
import { playDemo } from "./demo/play-demo.ts";
import { type Environment, localAuth, readEnvironment } from "./local-settings.ts";
import { mintToken } from "./mint-token.ts";
import { startPlatform } from "./platform.ts";
import { findRunningPlatform } from "./running-platform.ts";
import { DEMO_USER } from "./seed.ts";
import { stoppedExitCode, stopSignal } from "./stop-signal.ts";

const USAGE = `Plays a turn in each mode against the local platform, and shows what is said as it is said, what every
agent took, the ledger and the timings.
  npm run demo
Uses the platform that npm run dev has started with the same data directory and database, else starts one for itself.`;

const stopping = stopSignal();

await runCommand(async () => {
  if (process.argv.includes("--help")) return console.log(USAGE);
  const env = readEnvironment();
  const token = await mintToken(localAuth(env), { sub: DEMO_USER.id, email: DEMO_USER.email });
  const url = await findRunningPlatform(env, token);
  if (url === undefined) return playOnOwnPlatform(env, token);
  console.log(`Using the platform on ${url}`);
  await playUnlessStopped({ url, token });
});
process.exit();

async function playOnOwnPlatform(env: Environment, token: string): Promise<void> {
  console.log("Starting a platform for this demo:");
  const log = (line: string) => console.log(`  ${line}`);
  try {
    const platform = await startPlatform({ env, port: 0, log, signal: stopping });
    log(`Pantheon ready on ${platform.url}`);
    await playUnlessStopped({ url: platform.url, token }).finally(platform.stop);
  } catch (error) {
    if (error !== stopping.reason) throw error;
    process.exitCode = stoppedExitCode;
  }
}

async function playUnlessStopped(platform: { url: string; token: string }): Promise<void> {
  try {
    const access = { ...platform, signal: stopping };
    await playDemo({ access, write: (text) => process.stdout.write(text) });
  } catch (error) {
    console.log();
    // That is how fetch and its streams tell that nobody is at the other end any more.
    const isLost = error instanceof TypeError && error.cause !== undefined;
    if (!stopping.aborted) throw isLost ? new Error(`Lost the connection to ${platform.url}.`) : error;
    process.exitCode = stoppedExitCode;
  }
}
