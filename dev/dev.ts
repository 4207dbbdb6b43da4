import { parseArgs } from "node:util";
import { runCommand } from "./command.ts";
import { readEnvironment } from "./local-settings.ts";
import { type DialectName, dialectNames, isDialectName } from "./model-server/dialects.ts";
import { startPlatform } from "./platform.ts";
import { addressLines } from "./platform-addresses.ts";
import { announcePlatform } from "./running-platform.ts";
import { stopSignal, whenAborted } from "./stop-signal.ts";

const defaultPort = "8787";
const usageText = `Runs Pantheon on this machine: database, Neon endpoint, models and Worker. Ctrl-C ends it.
  npm run dev [-- --port 9000]        0 takes a free port
  npm run dev -- --dialect ollama     the demo models answer as this provider's do: ${dialectNames.join(", ")}
DATABASE_URL, PANTHEON_DATA_DIR, PORT and every setting of .dev.vars.example are taken from the
environment, or from a file .dev.vars.`;

const stopping = stopSignal();

await runCommand(async () => {
  const { values } = parseArgs({
    options: { port: { type: "string" }, dialect: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) return console.log(usageText);
  const env = readEnvironment();
  const port =
    values.port === undefined ? readPort("PORT", env.PORT || defaultPort) : readPort("--port", values.port);

  const dialect = values.dialect === undefined ? undefined : readDialect(values.dialect);
  if (dialect !== undefined && env.LLM_API_KEY) {
    throw new Error("--dialect: LLM_API_KEY is set, so that the demo models are not used.");
  }
  const onWorkerLog = (_level: string, text: string) => console.log(text);
  try {
    const platform = await startPlatform({
      env,
      port,
      watch: true,
      dialect,
      log: console.log,
      onWorkerLog,
      signal: stopping,
    });
    const withdraw = announcePlatform(env, platform.url);
    console.log(`Pantheon ready on ${platform.url}`);
    for (const line of await addressLines(env, platform.url)) console.log(line);
    const { worker, parser } = platform;
    const lost = Promise.race([worker.ended, parser.ended]).then(() => true);
    const isLost = await Promise.race([lost, whenAborted(stopping).then(() => false)]);
    withdraw();
    await platform.stop();
    if (isLost) throw new Error("The process of a Worker ended by itself. Start npm run dev again.");
  } catch (error) {
    if (error !== stopping.reason) throw error;
  }
});
// Whatever else would keep this process alive is of no use any more.
process.exit();

function readDialect(name: string): DialectName {
  if (isDialectName(name)) return name;
  throw new Error(`--dialect: there is no '${name}'; there are ${dialectNames.join(", ")}.`);
}

function readPort(setting: string, text: string): number {
  const port = Number(text);
  if (text !== "" && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`${setting}: must be a port, a whole number from 0 to 65535.`);
}
