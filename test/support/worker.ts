import type { Deps } from "../../src/deps.ts";
import worker from "../../src/index.ts";
import { SessionObject } from "../../src/live/session-object.ts";
import { depsOfObject } from "./session-objects.ts";

/** Production's object with the parts of the application that its test has made. */
export class LiveSession extends SessionObject {
  protected override get deps(): Deps {
    return depsOfObject(this.ctx.id.name);
  }
}

export default worker;
