import type * as z from "zod";
import type { Orchestration } from "../../domain/plan/orchestration.ts";
import type { newRoom, orchestrationChange, roomChange } from "./room.ts";

/** A new room as its request describes it. */
export function toNewRoom({ name, goal, current_mode: mode, orchestration }: z.output<typeof newRoom>) {
  return { name, goal, mode, orchestration: toOrchestration(orchestration) };
}

/** The columns that a request changes. */
export function toRoomChange({ orchestration, ...named }: z.output<typeof roomChange>) {
  return { ...named, ...toOrchestration(orchestration) };
}

function toOrchestration(requested: z.output<typeof orchestrationChange>): Partial<Orchestration> {
  const { max_rounds: maxRounds, synthesis } = requested ?? {};
  return {
    ...(maxRounds === undefined ? {} : { maxRounds }),
    ...(synthesis === undefined ? {} : { synthesis }),
  };
}
