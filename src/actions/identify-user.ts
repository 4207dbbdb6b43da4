import { storeUser } from "../db/rooms/users.ts";
import type { Deps } from "../deps.ts";
import type { User } from "../domain/user.ts";

/** Gives back who the token names, and keeps the user's row where this is its first sight. */
export async function identifyUser(deps: Deps, user: User): Promise<User> {
  await storeUser(deps.db, user, deps.now());
  return user;
}
