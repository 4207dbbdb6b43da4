import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startLocalDatabase } from "../../../dev/local-database.ts";
import { localAuth, makeDataDir } from "../../../dev/local-settings.ts";

let parent: string;
let dir: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "pantheon-private-"));
  dir = join(parent, "data");
});

afterEach(() => rm(parent, { recursive: true, force: true }));

async function rightsOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

test("only the owner can read a new data directory and its contents", async () => {
  localAuth({ PANTHEON_DATA_DIR: dir });
  const database = await startLocalDatabase({ dataDir: dir, log: () => undefined });
  await database.stop();
  expect(await rightsOf(dir)).toBe("700");
  expect(await rightsOf(join(dir, "auth-secret"))).toBe("600");
  expect(await rightsOf(join(dir, "postgres"))).toBe("700");
});

test("a data directory with wider rights is restricted to its owner", async () => {
  await mkdir(join(dir, "postgres"), { recursive: true });
  await chmod(dir, 0o755);
  makeDataDir({ PANTHEON_DATA_DIR: dir });
  expect(await rightsOf(dir)).toBe("700");
});

test("a directory with files of others keeps its rights", async () => {
  await mkdir(dir);
  await writeFile(join(dir, "notes.txt"), "Shared.");
  await chmod(dir, 0o755);
  makeDataDir({ PANTHEON_DATA_DIR: dir });
  expect(await rightsOf(dir)).toBe("755");
});
