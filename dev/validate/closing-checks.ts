import { problem } from "../../src/http/schemas.ts";
import { type Check, CheckFailed, expectAnswer, expectEqual } from "./check.ts";

/** Deletes what was created, and looks for server errors. They run last, also after failed checks. */
export const closingChecks: readonly Check[] = [
  {
    name: "cleanup",
    async run({ api, created }) {
      for (const path of created) {
        const { status } = await api.send({ method: "DELETE", path });
        expectEqual(`the answer to DELETE ${path}`, status, 204);
        expectAnswer(await api.send({ method: "GET", path }), 404, problem);
      }
      return { removed: created.length };
    },
  },
  {
    name: "no server error",
    async run({ api }) {
      const errors = api.exchanges.filter(({ status }) => status >= 500);
      const [first] = errors;
      if (first) {
        const { method, path, status, requestId } = first;
        throw new CheckFailed(
          `${errors.length} answers of 5xx, the first: ${status} to ${method} ${path}, request ${requestId}`,
        );
      }
      return { requests: api.exchanges.length };
    },
  },
];
