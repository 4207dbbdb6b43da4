import { expect } from "vitest";
import { setScript } from "./support/api.ts";
import { consoleUrl, newUser, openConsole, takePicture, test } from "./support/pages.ts";
import { tokenOf } from "./support/token.ts";

test("a person opens the printed address and talks with three agents, without reading anything", async () => {
  await setScript({});
  const page = await openConsole();
  // The token is gone from the address before anything else happens.
  expect(page.url()).toBe(`${consoleUrl}/`);
  await takePicture(page, "first-visit");
  await page.getByRole("button", { name: "Launch council" }).click();
  await page.getByRole("button", { name: "Make the room" }).click();
  await page.getByRole("button", { name: "@ada @linus @grace" }).click();
  for (const name of ["Ada", "Linus", "Grace"]) {
    await page
      .getByRole("article", { name: `Answer of ${name}` })
      .getByText(/^ok from/)
      .waitFor();
  }
  await page.getByRole("link", { name: "Receipt" }).waitFor();
});

test("a token that is not accepted leads to the sign-in, which says so; a pasted one works", async () => {
  const page = await openConsole({ isSignedIn: false, path: "/#token=not.a.token" });
  await page.getByText("Your sign-in has ended or was not accepted").waitFor();
  expect(page.url()).toBe(`${consoleUrl}/`);
  await takePicture(page, "sign-in");
  await page.getByLabel("Token").fill("what is <this>");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("This is no token").waitFor();
  await page.getByLabel("Token").fill(`Bearer ${await tokenOf("pasted")}\n`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Rooms" }).waitFor();
  await page.getByText("pasted@example.com").waitFor();
});

test("a token that ends while the console is open leads to the sign-in, and the draft is kept", async () => {
  const user = newUser();
  const page = await openConsole({ user });
  await page.getByRole("button", { name: "Launch council" }).click();
  await page.getByRole("button", { name: "Make the room" }).click();
  const field = page.getByLabel("Your message", { exact: true });
  await field.fill("@ada a long thought");
  await page.evaluate(() => sessionStorage.setItem("pantheon.token", "a.b.c"));
  await page.reload();
  await page.getByText("Your sign-in has ended").waitFor();
  await page.getByLabel("Token").fill(await tokenOf(user));
  await page.getByRole("button", { name: "Sign in" }).click();
  await field.waitFor();
  expect(await field.inputValue()).toBe("@ada a long thought");
});

test("signing out forgets the token", async () => {
  const page = await openConsole();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Pantheon" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Sign in to Pantheon" }).waitFor();
});
