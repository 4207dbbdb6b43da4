import { problem } from "../../src/http/schemas.ts";
import { type Check, expectAnswer, expectEqual, Miss } from "./check.ts";

/** Leaves nothing behind, and looks back. They come last, whatever was missed before. */
export const closingChecks: readonly Check[] = [
  {
    name: "cleanup",
    async run({ api, made }) {
      for (const path of made) {
        const { status } = await api.send({ method: "DELETE", path });
        expectEqual(`the answer to DELETE ${path}`, status, 204);
        expectAnswer(await api.send({ method: "GET", path }), 404, problem);
      }
      return { removed: made.length };
    },
  },
  {
    name: "no server error",
    async run({ api }) {
      const errors = api.exchanges.filter(({ status }) => status >= 500);
      const [first] = errors;
      if (first) {
        const { method, path, status, requestId } = first;
        throw new Miss(
          `${errors.length} answers of 5xx, the first: ${status} to ${method} ${path}, request ${requestId}`,
        );
      }
      return { requests: api.exchanges.length };
    },
  },
];
