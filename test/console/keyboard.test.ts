import { expect } from "vitest";
import { createRoom, setScript } from "./support/api.ts";
import { newUser, openConsole, takePicture, test } from "./support/pages.ts";
import { tabTo } from "./support/tab-to.ts";

test("a room is made, a turn is run and its receipt is read with the keyboard alone", async () => {
  await setScript({ default: { text: "By keyboard." } });
  const page = await openConsole();
  await page.getByText("Make your first room").waitFor();
  await tabTo(page, "Launch council");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await tabTo(page, "Make the room");
  await page.keyboard.press("Enter");
  await page.getByText("Ask Ada").waitFor();
  await tabTo(page, "Your message");
  await page.keyboard.type("@");
  await page.getByRole("option").first().waitFor();
  await page.keyboard.press("ArrowDown");
  expect(await page.getByRole("option", { selected: true }).innerText()).toContain("@linus");
  await takePicture(page, "mentions");
  await page.keyboard.press("Enter");
  expect(await page.getByLabel("Your message", { exact: true }).inputValue()).toBe("@linus ");
  await page.keyboard.type("and @gr");
  await page.keyboard.press("Tab");
  await page.keyboard.type("go");
  expect(await page.getByLabel("Your message", { exact: true }).inputValue()).toBe("@linus and @grace go");
  await page.getByText("Asks @linus @grace").waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Receipt" }).waitFor();
  expect(await page.locator(".bubble-name").allInnerTexts()).toEqual(["Linus", "Grace"]);
  await page.getByRole("log").focus();
  await tabTo(page, "Receipt");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "What each agent was sent" }).waitFor();
});

test("Escape closes the list of agents and dialogs; the focus is always visible", async () => {
  const user = newUser();
  const page = await openConsole({ user, path: (await createRoom(user)).path });
  const field = page.getByLabel("Your message", { exact: true });
  await field.focus();
  await page.keyboard.type("@");
  await page.getByRole("listbox").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("listbox").waitFor({ state: "detached" });
  await tabTo(page, "@ada · deepseek");
  const outline = await page.evaluate(() => {
    const element = document.activeElement;
    return element === null ? "" : getComputedStyle(element).outlineStyle;
  });
  expect(outline).toBe("solid");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

test("an agent is moved with Alt and an arrow key, and stays there", async () => {
  const user = newUser();
  const page = await openConsole({ user, path: (await createRoom(user)).path });
  await page.getByRole("button", { name: "Ada @ada" }).focus();
  await page.keyboard.press("Alt+ArrowDown");
  await page.getByText("ada is number 2 now").waitFor({ state: "attached" });
  const names = page.locator(".agent strong");
  await expect.poll(() => names.allInnerTexts()).toEqual(["Linus", "Ada", "Grace"]);
  await page.reload();
  await names.first().waitFor();
  expect(await names.allInnerTexts()).toEqual(["Linus", "Ada", "Grace"]);
});

test("an agent is dragged to another place, and stays there", async () => {
  const user = newUser();
  const page = await openConsole({ user, path: (await createRoom(user)).path });
  const names = page.locator(".agent strong");
  await names.first().waitFor();
  await page.locator(".agent", { hasText: "Grace" }).dragTo(page.locator(".agent", { hasText: "Ada" }));
  await expect.poll(() => names.allInnerTexts()).toEqual(["Grace", "Ada", "Linus"]);
  await page.reload();
  await names.first().waitFor();
  expect(await names.allInnerTexts()).toEqual(["Grace", "Ada", "Linus"]);
});

test("at 360 px a turn is run and the room's panels are reached", async () => {
  await setScript({ default: { text: "Narrow." } });
  const user = newUser();
  const room = await createRoom(user);
  const page = await openConsole({ user, path: room.path, width: 360, height: 740 });
  await page.getByLabel("Your message", { exact: true }).fill("@ada hello");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Narrow.").waitFor();
  await page.getByRole("button", { name: "Room", exact: true }).click();
  await page.getByRole("heading", { name: "Agents" }).waitFor();
  await takePicture(page, "narrow-room-panel");
  await page.getByRole("button", { name: "Room", exact: true }).click();
  await page.getByRole("button", { name: "Usage" }).click();
  await page.getByText("This session").waitFor();
});
