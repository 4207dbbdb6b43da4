import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { reservePort } from "../../../dev/free-port.ts";
import { startWorkerProcess } from "../../../dev/worker/process.ts";

const host = "127.0.0.1";
const working = 'export default { fetch: () => new Response("one") };\n';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pantheon-build-"));
  const config = 'name = "build"\nmain = "worker.ts"\ncompatibility_date = "2026-01-01"\n';
  await writeFile(join(dir, "wrangler.toml"), config);
});

afterEach(() => rm(dir, { recursive: true, force: true }));

const writeWorker = (source: string) => writeFile(join(dir, "worker.ts"), source);

async function start(watch: boolean) {
  const log: string[] = [];
  const options = {
    bindings: {},
    host,
    port: await reservePort(0, host),
    config: join(dir, "wrangler.toml"),
    watch,
  };
  const worker = await startWorkerProcess(options, (_level, text) => log.push(text));
  onTestFinished(worker.stop);
  return { url: worker.url, log };
}

test.each([
  ["a syntax error", "export default {};\nconst x = ;\n", /worker\.ts:2:11: Unexpected ";"\n {2}const x = ;/],
  [
    "a module that is not there",
    'import "./missing.ts";\nexport default {};\n',
    /worker\.ts:1:8: Could not resolve "\.\/missing\.ts"/,
  ],
])(
  "a Worker with %s names the file, the line and the reason when it starts",
  async (_what, source, reason) => {
    await writeWorker(source);
    await expect(start(true)).rejects.toThrow(reason);
    await expect(start(false)).rejects.toThrow(reason);
  },
  60_000,
);

test("a later build that fails names them too, and the next one that succeeds is announced", async () => {
  await writeWorker(working);
  const { url, log } = await start(true);
  await writeWorker("export default {};\n\nconst x = ;\n");
  await expect.poll(() => log.join("\n"), { timeout: 20_000 }).toMatch(/worker\.ts:3:11: Unexpected ";"/);
  await writeWorker(working.replace("one", "two"));
  await expect.poll(() => log.at(-1), { timeout: 20_000 }).toBe("The Worker was rebuilt");
  expect(await (await fetch(url)).text()).toBe("two");
}, 90_000);
