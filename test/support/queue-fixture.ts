import { createTurnFixture, says, type TurnFixture } from "./turn-fixture.ts";
import { until } from "./until.ts";

/** The queue of a fixture's session. */
export function queueOf(fixture: TurnFixture) {
  const { api, owner, turnsPath, sessionId } = fixture;
  const client = api.as(owner);
  return {
    add: (message: string, key?: string) =>
      client.post(
        `${turnsPath}/queue`,
        { message },
        { headers: key === undefined ? {} : { "Idempotency-Key": key } },
      ),
    list: async () => (await client.get(`/sessions/${sessionId}/queue`)).body.data,
    inputs: async () =>
      (await fixture.list()).body.data.map(({ user_input }: { user_input: string }) => user_input),
    /** Resolves once nothing runs and nothing waits. */
    drained: () => {
      const isEmpty = async () => {
        const [row] =
          await fixture.sql`select (select count(*) from turn_claims where session_id = ${sessionId})
          + (select count(*) from queued_turns where session_id = ${sessionId} and status = 'waiting') as left`;
        return Number(row?.left) === 0;
      };
      // Ten turns may wait, and they run one after the other.
      return until("the queue is empty", isEmpty, 20_000);
    },
  };
}

/** A session whose first turn is held until `gate` is released. */
export async function createBusy(options: Parameters<typeof createTurnFixture>[0] = {}) {
  const fixture = await createTurnFixture(options);
  await fixture.models.script(says("ada", { text: "first", hold: "gate" }, 1), says("ada", "later"));
  const queue = queueOf(fixture);
  const running = await queue.add("@ada one");
  await fixture.models.wait({ calls: 1 });
  return { fixture, queue, running, finish: () => fixture.models.release("gate") };
}
