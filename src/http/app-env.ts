import type { Log } from "../domain/log.ts";
import type { User } from "../domain/user.ts";

/** What middleware leaves in the context of a request. */
export type AppEnv = {
  Variables: { requestId: string; log: Log; user: User };
};
