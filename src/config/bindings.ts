import type { Bucket } from "../domain/files/bucket.ts";
import type { ParseQueue } from "../domain/files/parse-queue.ts";
import type { StaticFiles } from "../domain/static-files.ts";
import type { SessionObjects } from "../domain/turn/session-objects.ts";

/** A binding of the platform is recognised by its methods. */
export function isBucket(binding: unknown): binding is Bucket {
  return hasMethods(binding, ["put", "get", "delete", "list"]);
}

export function isQueue(binding: unknown): binding is ParseQueue {
  return hasMethods(binding, ["send"]);
}

export function isStaticFiles(binding: unknown): binding is StaticFiles {
  return hasMethods(binding, ["fetch"]);
}

export function isObjectNamespace(binding: unknown): binding is SessionObjects {
  return hasMethods(binding, ["getByName"]);
}

function hasMethods(binding: unknown, names: readonly string[]): boolean {
  if (typeof binding !== "object" || binding === null) return false;
  return names.every((name) => name in binding && typeof Reflect.get(binding, name) === "function");
}
