import { emptyCheckpoint } from "@langchain/langgraph-checkpoint";
import { expect, test } from "vitest";
import { joinParts, ListParts } from "../../src/runtime/checkpoint/list-parts.ts";

const step = (version: number, calls: readonly string[], changed = true) => ({
  checkpoint: {
    ...emptyCheckpoint(),
    channel_values: { calls, routing: null },
    channel_versions: { calls: version, routing: 1 },
  },
  newVersions: changed ? { calls: version } : {},
});

/** The values of all steps so far, as the database holds them by channel and version. */
function store(parts: ListParts, steps: readonly ReturnType<typeof step>[]) {
  const blobs = new Map<string, unknown>([["routing 1", null]]);
  let last = emptyCheckpoint();
  for (const one of steps) {
    const { checkpoint, newVersions } = parts.split(one);
    for (const [channel, version] of Object.entries(newVersions)) {
      blobs.set(`${channel} ${version}`, checkpoint.channel_values[channel]);
    }
    last = checkpoint;
  }
  const read = () => ({
    ...last,
    channel_values: Object.fromEntries(
      Object.entries(last.channel_versions).flatMap(([channel, version]) => {
        const key = `${channel} ${version}`;
        return blobs.has(key) ? [[channel, blobs.get(key)]] : [];
      }),
    ),
  });
  return { blobs, read };
}

test("a list is stored in parts, each entry once, and read back unchanged", () => {
  const { blobs, read } = store(new ListParts(), [
    step(2, ["a"]),
    step(3, ["a", "b", "c"]),
    step(3, ["a", "b", "c"], false),
    step(4, ["a", "b", "c", "d"]),
  ]);
  expect([...blobs].filter(([key]) => key.startsWith("calls"))).toEqual([
    ["calls#0 2", ["a"]],
    ["calls#1 3", ["b", "c"]],
    ["calls#3 4", ["d"]],
  ]);
  const joined = joinParts(read());
  expect(joined.isWhole).toBe(true);
  expect(joined.checkpoint.channel_values).toEqual({ calls: ["a", "b", "c", "d"], routing: null });
  expect(joined.checkpoint.channel_versions).toEqual({ calls: 4, routing: 1 });
});

test("a holder that continues a stored run adds the next part", () => {
  const first = store(new ListParts(), [step(2, ["a"]), step(3, ["a", "b"])]);
  const parts = new ListParts(joinParts(first.read()));
  const { checkpoint, newVersions } = parts.split(step(4, ["a", "b", "c"]));
  expect(newVersions).toEqual({ "calls#2": 4 });
  expect(checkpoint.channel_values["calls#2"]).toEqual(["c"]);
  expect(checkpoint.channel_versions).toMatchObject({ "calls#0": 2, "calls#1": 3, "calls#2": 4 });
});

test("with a missing part the run is not whole, and its other entries are kept", () => {
  const { blobs, read } = store(new ListParts(), [
    step(2, ["a"]),
    step(3, ["a", "b"]),
    step(4, ["a", "b", "c"]),
  ]);
  blobs.delete("calls#1 3");
  const joined = joinParts(read());
  expect(joined.isWhole).toBe(false);
  expect(joined.checkpoint.channel_values.calls).toEqual(["a", "c"]);
});

test("a run from before lists had parts keeps its answers, and stores the list whole once", () => {
  const old = {
    ...emptyCheckpoint(),
    channel_values: { replies: { ada: { agentKey: "ada" } }, calls: ["a"] },
    channel_versions: { replies: 2, calls: 2 },
  };
  const joined = joinParts(old);
  expect(joined.isWhole).toBe(true);
  expect(joined.checkpoint.channel_values).toEqual({ replies: [{ agentKey: "ada" }], calls: ["a"] });
  const { checkpoint } = new ListParts(joined).split(step(3, ["a", "b"]));
  expect(checkpoint.channel_values["calls#0"]).toEqual(["a", "b"]);
});
