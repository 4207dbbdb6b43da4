import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { countCalls, createRoom, postTurn, setScript } from "./support/api.ts";
import { newUser, openConsole, takePicture, test } from "./support/pages.ts";
import { operatorPrefix } from "./support/token.ts";

test("an operator grants credits; once they are used up a message is refused with the reason, and kept", async () => {
  await setScript({ default: { text: "That cost something." } });
  const user = newUser();
  const room = await createRoom(user);
  const office = await openConsole({ user: `${operatorPrefix}${newUser()}` });
  await office.getByRole("link", { name: "Operator" }).click();
  await office.getByLabel("User id").fill(user);
  await office.getByRole("textbox", { name: "Credits" }).fill("0.01");
  await office.getByLabel("Note").fill("to try it");
  await office.getByRole("button", { name: "Grant" }).click();
  await office.getByText("0.01 credits are granted.").waitFor();
  await office.getByText("Left in the wallet").waitFor();
  await takePicture(office, "screen-operator-1280-light");

  const page = await openConsole({ user, path: room.path });
  const field = page.getByLabel("Your message", { exact: true });
  const refusal = page.getByText("The credits are used up");
  for (let turn = 1; turn <= 9 && !(await refusal.isVisible()); turn += 1) {
    await field.fill("@ada and on");
    await page.keyboard.press("Enter");
    await page
      .locator(".turn-foot")
      .nth(turn - 1)
      .or(refusal)
      .waitFor();
  }
  await refusal.waitFor();
  const before = await countCalls();
  await page.getByRole("button", { name: "Send" }).click();
  await refusal.waitFor();
  expect(await field.inputValue()).toBe("@ada and on");
  expect(await countCalls()).toBe(before);
  await takePicture(page, "turn-budget-exhausted");
});

test("an operator adds prices; a price that is none is refused in words, and what was typed stays", async () => {
  const office = await openConsole({ user: `${operatorPrefix}${newUser()}`, path: "/operator" });
  await office.getByRole("button", { name: "New prices" }).click();
  const version = `prices-${crypto.randomUUID().slice(0, 8)}`;
  await office.getByLabel("Name of the prices").fill(version);
  await office.getByLabel("From").fill("2999-01-01T00:00");
  await office.getByLabel("Factor of llama").fill("cheap");
  await office.getByRole("button", { name: "Add the prices" }).click();
  await office.getByText("must be a decimal").waitFor();
  await office.getByLabel("Factor of llama").fill("0.75");
  await office.getByRole("button", { name: "Add the prices" }).click();
  await office.getByText(version, { exact: true }).click();
  await office.getByText("llama × 0.75").waitFor();
});

test("the usage is shown by day and by agent, and given as CSV; to others there is no operator's page", async () => {
  await setScript({ default: { text: "Counted." } });
  const user = newUser();
  await postTurn(user, await createRoom(user), "@ada @linus count");
  const page = await openConsole({ user });
  await page.locator(".room-card", { hasText: /0\.\d+ credits/ }).waitFor();
  await page.getByRole("link", { name: "Usage" }).click();
  await page.getByText("Not limited").waitFor();
  await page.getByRole("combobox", { name: "By" }).selectOption("agent");
  await page.getByRole("rowheader", { name: "linus" }).waitFor();
  await takePicture(page, "screen-usage-1280-light");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "CSV" }).click(),
  ]);
  expect(await readFile(await download.path(), "utf8")).toMatch(/^agent,calls,.*\r\nada,1,/);
  expect(await page.getByRole("link", { name: "Operator" }).count()).toBe(0);
  await page.goto(new URL("/operator", page.url()).href);
  await page.getByText("There is no such page, or you are no operator.").waitFor();
});
