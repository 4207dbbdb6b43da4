import type { RunKey } from "../../src/db/turn/take-over-run.ts";
import type { Deps } from "../../src/deps.ts";
import type { StockClient } from "../../src/domain/turn/stream-client.ts";
import worker from "../../src/index.ts";
import { SessionObject } from "../../src/live/session-object.ts";
import type { HandOver } from "../../src/turn/session-host.ts";
import { underNotedWatch } from "./database-requests.ts";
import { depsOfObject } from "./session-objects.ts";

/** Production's object with the parts of the application that its test has made. */
export class LiveSession extends SessionObject {
  protected override get deps(): Deps {
    return depsOfObject(this.ctx.id.name);
  }

  override run(handOver: HandOver) {
    return underNotedWatch(handOver.run.turn.claim.holder, () => super.run(handOver));
  }

  override watch(handOver: HandOver, client: StockClient | null) {
    return underNotedWatch(handOver.run.turn.claim.holder, () => super.watch(handOver, client));
  }

  override recover(run: RunKey) {
    return underNotedWatch(run.runId, () => super.recover(run));
  }

  override alarm() {
    const [sessionId = ""] = this.ctx.id.name?.split("/") ?? [];
    return underNotedWatch(sessionId, () => super.alarm());
  }
}

export default worker;
