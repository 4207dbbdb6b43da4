import type { Page } from "playwright-core";
import { expect, inject } from "vitest";
import { call, createRoom, postTurn, setScript } from "./support/api.ts";
import { newUser, openConsole, takePicture, test } from "./support/pages.ts";
import { xssPayloads } from "./support/xss-payloads.ts";

/** Nothing of a text has become more than text. Requests, dialogs and violations of the policy fail the test by themselves. */
async function expectHarmless(page: Page): Promise<void> {
  const found = await page.evaluate(() => {
    const all = [...document.querySelectorAll("*")];
    const isOwn = (script: Element) => /^\/assets\/|^$/.test(script.getAttribute("src") ?? "x");
    return {
      pwned: Reflect.get(globalThis, "pwned"),
      handlers: all.flatMap(({ attributes }) =>
        [...attributes].map(({ name }) => name).filter((name) => name.startsWith("on")),
      ),
      scripts: [...document.scripts].filter((script) => !isOwn(script)).length,
      frames: document.querySelectorAll("iframe, object, embed, base, form[action], style").length,
      images: [...document.images]
        .map(({ src }) => new URL(src).pathname)
        .filter((path) => path !== "/icon.svg"),
      links: [...document.links].map(({ href }) => href).filter((href) => !/^(https?|mailto):/.test(href)),
    };
  });
  expect(found).toEqual({ handlers: [], scripts: 0, frames: 0, images: [], links: [] });
}

test("50 payloads do nothing in answers, messages, names of rooms, goals and titles", async () => {
  expect(xssPayloads).toHaveLength(50);
  const user = newUser();
  const [first = "", second = ""] = xssPayloads;
  const room = await createRoom(user, { name: first, goal: second });
  await call(user, "PATCH", `/sessions/${room.sessionId}`, { title: first });
  for (const payload of xssPayloads.slice(0, 20)) {
    await call(user, "POST", "/rooms", { name: payload, goal: payload });
  }
  await setScript({ default: { text: xssPayloads.join("\n\n") } });
  await postTurn(user, room, `@ada ${xssPayloads.join("\n")}`);
  const page = await openConsole({ user, path: room.path });
  await page.getByRole("article", { name: "Answer of Ada" }).getByTitle("Credits").waitFor();
  await expectHarmless(page);
  await takePicture(page, "xss-room");
  await page.getByRole("link", { name: "To your rooms" }).first().click();
  await page.getByRole("heading", { name: "Rooms" }).waitFor();
  await page.getByText("<img src=x onerror").first().waitFor();
  await expectHarmless(page);
});

test("a link of an answer says where it leads, and opens without a way back", async () => {
  const user = newUser();
  const room = await createRoom(user);
  await setScript({ default: { text: "[a link](https://good.example/path)" } });
  await postTurn(user, room, "@ada where?");
  const page = await openConsole({ user, path: room.path });
  const link = page.getByRole("link", { name: "a link (good.example)" });
  expect(await link.getAttribute("rel")).toBe("noopener noreferrer");
});

test("payloads that stream in small parts do nothing", async () => {
  const user = newUser();
  const room = await createRoom(user);
  const text = xssPayloads.join("\n\n");
  await setScript({ default: { deltas: text.match(/[\s\S]{1,7}/g) ?? [] } });
  const page = await openConsole({ user, path: room.path });
  await page.getByLabel("Your message", { exact: true }).fill("@ada @linus @grace show me");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Receipt" }).waitFor();
  await expectHarmless(page);
});

test("payloads do nothing in names of files, tool results, errors and the receipt", async () => {
  const user = newUser();
  const room = await createRoom(user, {}, { tool_permissions: ["search"] });
  const results = xssPayloads.map((content, index) => ({
    title: content,
    url: `https://found.example/${index}`,
    content,
    score: 1,
  }));
  await fetch(`${inject("console")?.search}/script`, {
    method: "PUT",
    body: JSON.stringify({ default: { results: results.slice(0, 5) } }),
  });
  await setScript({
    rules: [
      {
        match: { call: 1 },
        answer: { tool_calls: [{ name: "search", arguments: '{"query":"<svg onload=pwned=1>"}' }] },
      },
      {
        match: { model: "qwen/qwen3-235b-a22b" },
        answer: { status: 400, body: { error: { message: xssPayloads[2], code: "<svg/onload=pwned=1>" } } },
      },
    ],
    default: { text: xssPayloads.join("\n\n") },
  });
  for (const name of xssPayloads.slice(0, 10)) {
    const query = new URLSearchParams({ name: `${name.replaceAll("/", "_")}.txt` });
    await upload(user, room.roomId, query);
  }
  await postTurn(user, room, "@ada @linus look for it");
  const page = await openConsole({ user, path: room.path });
  await page.getByText("Linus did not answer.").waitFor();
  await page.locator(".tool summary").first().click();
  await expectHarmless(page);
  await page.getByRole("link", { name: "Receipt" }).click();
  await page.getByRole("heading", { name: "Ledger" }).waitFor();
  await expectHarmless(page);
});

test("payloads do nothing in citations: the name of the file that was read, and its text", async () => {
  const user = newUser();
  const room = await createRoom(user, {}, { tool_permissions: ["file_read"] });
  const [payload = ""] = xssPayloads.filter((text) => text.startsWith("<img src=x"));
  await upload(user, room.roomId, new URLSearchParams({ name: `${payload}.md` }));
  await setScript({
    rules: [
      {
        match: { call: 1 },
        answer: { tool_calls: [{ name: "file_search", arguments: '{"query":"text"}' }] },
      },
    ],
    default: { text: xssPayloads.join("\n\n") },
  });
  const page = await openConsole({ user, path: room.path });
  await page.getByText("1 page").waitFor({ timeout: 45_000 });
  await page.getByLabel("Your message", { exact: true }).fill("@ada read it");
  await page.keyboard.press("Enter");
  await page.getByText("Read 1 page of 1 file").click();
  await page.getByText(`${payload}.md, page 1`).waitFor();
  await page.locator(".tool summary").click();
  await expectHarmless(page);
});

async function upload(user: string, roomId: string, query: URLSearchParams): Promise<void> {
  const { tokenOf } = await import("./support/token.ts");
  const response = await fetch(`${inject("console")?.url}/api/v1/rooms/${roomId}/files?${query}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${await tokenOf(user)}` },
    body: `text of ${query.get("name")}`,
  });
  expect(response.status).toBe(201);
}
