import type { Hook } from "@hono/zod-openapi";
import { notFound, PantheonError } from "../domain/errors.ts";
import type { AppEnv } from "./app-env.ts";

/** Turns what a schema refuses into our errors: a bad path part is not found, the rest is 422. */
export const refuseInvalid: Hook<unknown, AppEnv, string, unknown> = (result) => {
  if (result.success) return;
  if (result.target === "param") throw notFound();
  const errors = result.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ path: [...issue.path, key].join("."), message: "is not a known field" }))
      : [{ path: issue.path.join("."), message: issue.message }],
  );
  const [first] = errors;
  const detail =
    first === undefined ? "The request does not validate." : `${first.path || "body"}: ${first.message}`;
  throw new PantheonError("validation_failed", detail, { members: { errors } });
};
