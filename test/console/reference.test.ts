import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { expect, test as nodeTest } from "vitest";
import { consoleUrl, openConsole, takePicture, test } from "./support/pages.ts";

const vendored = new URL("../../console/public/reference/", import.meta.url);

nodeTest("the vendored file is the one that its licence names", async () => {
  const [, named] = /SHA-256: (\w{64})/.exec(await readFile(new URL("LICENSE.txt", vendored), "utf8")) ?? [];
  const bytes = await readFile(new URL("standalone.js", vendored));
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(named);
});

test("the interactive reference shows the operations, sends requests to this server only, and keeps to its policy", async () => {
  const page = await openConsole({ isSignedIn: false, path: "/reference/" });
  await page.getByText("Create a room").first().waitFor();
  await takePicture(page, "reference");
  const { headers } = await fetch(`${consoleUrl}/reference/`);
  expect(headers.get("Content-Security-Policy")).toContain(
    "script-src 'self'; style-src 'self' 'unsafe-inline'",
  );
  expect(headers.get("Content-Security-Policy")).toContain("connect-src 'self'");
});
