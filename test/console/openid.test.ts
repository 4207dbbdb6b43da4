import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { type Platform, startPlatform } from "../../dev/platform.ts";
import { type OpenIdProvider, startOpenIdProvider } from "./support/openid-provider.ts";
import { allowOrigin, consoleUrl, openConsole, takePicture, test } from "./support/pages.ts";

let dataDir: string;
let provider: OpenIdProvider;
let platform: Platform;

beforeAll(async () => {
  if (consoleUrl === "") return;
  provider = await startOpenIdProvider();
  allowOrigin(provider.issuer);
  dataDir = await mkdtemp(join(tmpdir(), "pantheon-openid-"));
  const env = {
    PANTHEON_DATA_DIR: dataDir,
    AUTH_JWKS_URL: provider.jwksUrl,
    AUTH_ISSUER: provider.issuer,
    AUTH_AUDIENCE: "pantheon",
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: provider.clientId,
    OIDC_AUDIENCE: "pantheon",
  };
  platform = await startPlatform({ env, port: 0, log: () => undefined });
}, 120_000);

afterAll(async () => {
  await platform?.stop();
  await provider?.stop();
  if (dataDir) await rm(dataDir, { recursive: true, force: true });
});

const open = (path = "/") => openConsole({ isSignedIn: false, baseUrl: platform.url, path });

test("a person signs in with the provider and comes back to where they were, without a code in the address", async () => {
  provider.misbehave(undefined);
  const page = await open("/rooms/019b7e00-0000-7000-8000-00000000dddd");
  await takePicture(page, "sign-in-openid");
  await page.getByRole("button", { name: "Continue with 127.0.0.1" }).click();
  await page.getByText("There is no such room").waitFor();
  expect(page.url()).toBe(`${platform.url}/rooms/019b7e00-0000-7000-8000-00000000dddd`);
  await page.getByText("oidc@example.com").waitFor();
  expect(await page.evaluate(() => sessionStorage.getItem("pantheon.sign-in"))).toBeNull();
});

test.each(["wrong_state", "wrong_nonce", "denied"] as const)(
  "an answer of the provider with %s signs no user in, and the page says so",
  async (fault) => {
    provider.misbehave(fault);
    const page = await open();
    await page.getByRole("button", { name: "Continue with 127.0.0.1" }).click();
    await page.getByText("The sign-in did not succeed").waitFor();
    expect(page.url()).toBe(`${platform.url}/signed-in`);
    expect(await page.evaluate(() => sessionStorage.getItem("pantheon.token"))).toBeNull();
  },
);

test("an answer that this tab did not ask for signs no user in", async () => {
  provider.misbehave(undefined);
  const page = await open("/signed-in?code=stolen&state=guessed");
  await page.getByText("This sign-in was not started in this tab").waitFor();
});
