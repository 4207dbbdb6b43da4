import { runCommand } from "./command.ts";
import { playDemoTurn } from "./demo/play-turn.ts";
import { readEnvironment } from "./local-settings.ts";
import { startPlatform } from "./platform.ts";
import { type Access, findRunningPlatform } from "./running-platform.ts";
import { stopSignal } from "./stop-signal.ts";

const USAGE = `Plays a turn against the local platform and prints the conversation, the ledger and the timings.
  npm run demo
Uses the platform that npm run dev has started with the same data directory, else starts one for itself.`;

const stopWanted = stopSignal();

await runCommand(async () => {
  if (process.argv.includes("--help")) return console.log(USAGE);
  const env = readEnvironment();
  const running = await findRunningPlatform(env);
  if (running) {
    console.log(`Using the platform on ${running.url}`);
    return await playDemoTurn(running, console.log);
  }
  console.log("Starting a platform for this demo …");
  const starting = startPlatform({ env, port: 0, log: (line) => console.log(`  ${line}`) });
  try {
    const platform = await Promise.race([starting, stopWanted]);
    if (!platform) return;
    console.log(`  Worker on ${platform.url}`);
    await Promise.race([playDemoTurn(accessTo(platform), console.log), stopWanted]);
  } finally {
    await starting.then(
      ({ stop }) => stop(),
      () => undefined,
    );
  }
});
process.exit();

function accessTo({ url, token }: { url: string; token: string | undefined }): Access {
  if (token === undefined) throw new Error("AUTH_JWKS_URL is set: the demo cannot sign a token of its own.");
  return { url, token };
}
