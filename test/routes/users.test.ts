import { expect, test } from "vitest";
import { createTestApi, mintToken, newUser } from "../support/api.ts";
import { connectSql } from "../support/sql.ts";

const api = createTestApi();
const sql = connectSql();

test("the token's user is returned and stored", async () => {
  const user = newUser();
  const answer = await api.as(user).get("/auth/me");
  expect(answer).toMatchObject({ status: 200, body: { user_id: user.userId, email: user.email } });
  expect(await sql`select id, email from users where id = ${user.userId}`).toEqual([
    { id: user.userId, email: user.email },
  ]);
});

test("the stored address is that of the latest token; without one it is null", async () => {
  const user = newUser();
  await api.as(user).get("/auth/me");
  await api.as({ ...user, email: "new@example.com" }).get("/auth/me");
  const readEmail = async () => (await sql`select email from users where id = ${user.userId}`)[0]?.email;
  expect(await readEmail()).toBe("new@example.com");
  const Authorization = `Bearer ${await mintToken({ sub: user.userId })}`;
  const { body } = await api.send("GET", "/auth/me", { headers: { Authorization } });
  expect(body).toEqual({ user_id: user.userId, email: null });
  expect(await readEmail()).toBeNull();
});

test.each(["a\u0000@x", "\ud800@x", "x".repeat(321), 7, " "])(
  "an address that cannot be stored (%j) is null",
  async (email) => {
    const Authorization = `Bearer ${await mintToken({ sub: newUser().userId, email })}`;
    const { status, body } = await api.send("GET", "/auth/me", { headers: { Authorization } });
    expect([status, body.email]).toEqual([200, null]);
  },
);
