import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject, test as vitestTest } from "vitest";
import type {} from "./provided.d.ts";
import { tokenOf } from "./token.ts";

const platform = inject("console");

export const consoleUrl = platform?.url ?? "";
export const databaseUrl = platform?.databaseUrl ?? "";

/** A test in a browser; it is skipped where none runs. */
export const test = platform === null ? vitestTest.skip : vitestTest;

export type View = {
  width?: number;
  height?: number;
  dark?: boolean;
  /** For tools that themselves do what the page's policy forbids. */
  bypassesPolicy?: boolean;
};
export type OpenOptions = View & { user?: string; path?: string; baseUrl?: string; isSignedIn?: boolean };

const screenshotDir = fileURLToPath(new URL("../../../console/screenshots", import.meta.url));
const defaultView = { width: 1280, height: 800 };
const waitMs = 20_000;

let browser: Browser;
let opened: { page: Page; faults: string[] }[] = [];

beforeAll(async () => {
  if (platform === null) return;
  const { path, env } = platform.browser;
  browser = await chromium.launch({
    executablePath: path,
    env: { ...process.env, ...env },
    args: ["--no-sandbox", "--disable-gpu"],
  });
}, 60_000);

afterAll(() => browser?.close());

/** Whatever a page did that its policy forbids, or that failed without a word, fails the test. */
afterEach(async ({ task }) => {
  const pages = opened;
  opened = [];
  for (const [index, { page }] of pages.entries()) {
    if (task.result?.state === "fail" && !page.isClosed()) {
      await takePicture(page, `failed-${index}-${task.name.replace(/\W+/g, "-")}`);
    }
    await page.context().close();
  }
  expect(pages.flatMap(({ faults }) => faults)).toEqual([]);
});

/** A name that no other test has. */
export function newUser(): string {
  return `user-${crypto.randomUUID().slice(0, 8)}`;
}

/** Opens the console in a new browser, signed in unless the options say otherwise. */
export async function openConsole(options: OpenOptions = {}): Promise<Page> {
  const { user = newUser(), path = "/", baseUrl = consoleUrl, isSignedIn = true, dark = false } = options;
  const context = await browser.newContext({
    viewport: { ...defaultView, ...pickSize(options) },
    colorScheme: dark ? "dark" : "light",
    bypassCSP: options.bypassesPolicy === true,
    locale: "en-GB",
  });
  context.setDefaultTimeout(waitMs);
  const page = await context.newPage();
  watchForFaults(page, new URL(baseUrl).origin);
  const fragment = isSignedIn ? `#token=${await tokenOf(user)}` : "";
  await page.goto(`${baseUrl}${path}${fragment}`);
  return page;
}

function pickSize({ width, height }: View) {
  return { ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }) };
}

/** Problems that the API answers are no faults: the browser reports each as an error of its console. */
const answered = /^Failed to load resource/;

function watchForFaults(page: Page, origin: string): void {
  const faults: string[] = [];
  opened.push({ page, faults });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !answered.test(text)) faults.push(`console: ${text}`);
  });
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin && !allowedOrigins.has(new URL(request.url()).origin)) {
      faults.push(`request: ${request.url()}`);
    }
  });
}

const allowedOrigins = new Set<string>();

/** A server of the test that pages may speak to. */
export function allowOrigin(origin: string): void {
  allowedOrigins.add(origin);
}

/** What a page reported as a fault until now, taken out: for tests that provoke one. */
export function takeFaults(page: Page): string[] {
  const faults = opened.find((each) => each.page === page)?.faults ?? [];
  return faults.splice(0);
}

/** A picture for reviewers; nothing is compared. */
export async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(screenshotDir, { recursive: true });
  await page.screenshot({ path: join(screenshotDir, `${name}.png`), animations: "disabled" });
}
