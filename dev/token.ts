import { parseArgs } from "node:util";
import { runCommand } from "./command.ts";
import { localAuth, operatorClaims, readEnvironment } from "./local-settings.ts";
import { mintToken } from "./mint-token.ts";

const usageText = `Prints a JWT that the local Worker accepts.
  npm run token -- --sub <user id> [--email <address>] [--expires 12h] [--operator]
With --operator it opens the routes under /api/v1/admin.
Set the same AUTH_* settings and PANTHEON_DATA_DIR as for npm run dev, if any.`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      sub: { type: "string" },
      email: { type: "string" },
      expires: { type: "string", default: "12h" },
      operator: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(usageText);
  const sub = values.sub?.trim();
  if (!sub) throw new Error("--sub is missing: the id of the user (see --help)");
  const env = readEnvironment();
  const { email, expires: expiresIn, operator } = values;
  const claims = operator ? operatorClaims(env) : {};
  console.log(await mintToken(localAuth(env), { sub, email, expiresIn, claims }));
});
