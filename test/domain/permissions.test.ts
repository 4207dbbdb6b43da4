import { expect, test } from "vitest";
import { PantheonError } from "../../src/domain/errors.ts";
import { mayUse, readPermissions, requireKnownPermissions } from "../../src/domain/permissions.ts";

test("a list of known names is read, each name once", () => {
  expect(readPermissions(["search"])).toEqual(["search"]);
  expect(readPermissions(["search", "search"])).toEqual(["search"]);
  expect(readPermissions([])).toEqual([]);
});

test.each([
  [null],
  [undefined],
  ["search"],
  [{ 0: "search", length: 1 }],
  [{ search: true }],
  [["search", "rm"]],
  [["search", 7]],
  [["search", null]],
  [[["search"]]],
  [["Search"]],
  [["file_search"]],
  [["file_read", "file_search"]],
  [[Object("search")]],
  [42],
])("%j counts as no permission", (stored) => {
  expect(readPermissions(stored)).toEqual([]);
});

test("one permission is for both tools of files, and for no other", () => {
  const allowed = (permissions: string[]) =>
    ["search", "file_read", "file_search", "toString"].filter((tool) => mayUse(permissions, tool));
  expect(allowed(["file_read"])).toEqual(["file_read", "file_search"]);
  expect(allowed(["search"])).toEqual(["search"]);
  expect(allowed(["file_search"])).toEqual([]);
});

test("permissions that are asked for must be known", () => {
  expect(requireKnownPermissions(["search", "file_read", "search"])).toEqual(["search", "file_read"]);
  expect(requireKnownPermissions([])).toEqual([]);
  for (const name of ["file_search", "SEARCH", "", "toString"]) {
    const refused = expect(() => requireKnownPermissions(["search", name]));
    refused.toThrow(PantheonError);
    refused.toThrow(`There is no permission '${name}'; known: search, file_read.`);
  }
});
