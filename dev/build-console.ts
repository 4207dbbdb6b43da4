import { runCommand } from "./command.ts";
import { buildConsole } from "./console/build-console.ts";

// `npm run console:build`: the files of the console, for the commands that do not start with `npm run dev`.
await runCommand(async () => {
  const outcome = await buildConsole();
  console.log(outcome === "built" ? "The console is built" : "The console is built already");
});
