import { parseArgs } from "node:util";
import { runCommand } from "./command.ts";
import { localAuth, readEnvironment } from "./local-settings.ts";
import { mintToken } from "./mint-token.ts";

const usageText = `Prints a JWT that the local Worker accepts.
  npm run token -- --sub <user id> [--email <address>] [--expires 12h]
Set the same AUTH_* settings and PANTHEON_DATA_DIR as for npm run dev, if any.`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      sub: { type: "string" },
      email: { type: "string" },
      expires: { type: "string", default: "12h" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(usageText);
  const sub = values.sub?.trim();
  if (!sub) throw new Error("--sub is missing: the id of the user (see --help)");
  console.log(
    await mintToken(localAuth(readEnvironment()), { sub, email: values.email, expiresIn: values.expires }),
  );
});
