import { expect } from "vitest";
import { createRoom, setScript } from "./support/api.ts";
import { newUser, openConsole, takePicture, test } from "./support/pages.ts";

test("a file that is attached is parsed, and an agent reads it", async () => {
  const user = newUser();
  const room = await createRoom(user, {}, { tool_permissions: ["file_read"] });
  const page = await openConsole({ user, path: room.path });
  await page.getByLabel("Files for the room").setInputFiles({
    name: "launch-plan.md",
    mimeType: "text/markdown",
    buffer: Buffer.from("# Launch\n\nThe launch is on Friday at noon.\n"),
  });
  await page.getByText("launch-plan.md").waitFor();
  await page.getByText("1 page").waitFor({ timeout: 45_000 });
  await setScript({
    rules: [
      {
        match: { call: 1 },
        answer: { tool_calls: [{ name: "file_search", arguments: '{"query":"Friday"}' }] },
      },
    ],
    default: { text: "The launch is on Friday." },
  });
  await page.getByLabel("Your message", { exact: true }).fill("@ada When is the launch?");
  await page.keyboard.press("Enter");
  await page.getByText("The launch is on Friday.").waitFor();
  const tool = page.locator(".tool summary", { hasText: "file_search" });
  await tool.click();
  await page
    .locator(".tool pre", { hasText: "launch-plan.md" })
    .or(page.locator(".tool pre").last())
    .waitFor();
  await page.getByText("Read 1 page of 1 file").click();
  await page.getByText("launch-plan.md, page 1").waitFor();
  await takePicture(page, "file-read");
});

test("a file that cannot be read says why, and can be read again", async () => {
  const user = newUser();
  const page = await openConsole({ user, path: (await createRoom(user)).path });
  await page.getByLabel("Files for the room").setInputFiles({
    name: "broken.pdf",
    mimeType: "application/pdf",
    buffer: Buffer.from("%PDF-1.7\nnothing that follows is a PDF"),
  });
  await page.getByRole("button", { name: "Read again" }).waitFor({ timeout: 45_000 });
  const reason = page.locator(".file .bad");
  expect(await reason.innerText()).toBe("The file is damaged, or its name has the ending of another format.");
  const [answered] = await Promise.all([
    page.waitForResponse(/\/parse$/),
    page.getByRole("button", { name: "Read again" }).click(),
  ]);
  expect(answered.ok()).toBe(true);
});

test("a file of an unknown type is refused with a message, which can be closed", async () => {
  const user = newUser();
  const page = await openConsole({ user, path: (await createRoom(user)).path });
  await page.getByLabel("Files for the room").setInputFiles({
    name: "photo.png",
    mimeType: "image/png",
    buffer: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0]),
  });
  await page.getByText("Agents cannot read files of this type").waitFor();
  await page.getByRole("button", { name: "Forget photo.png" }).click();
  await page.getByText("photo.png").waitFor({ state: "detached" });
});
