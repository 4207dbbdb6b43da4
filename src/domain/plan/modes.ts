import type { Mode } from "./mode.ts";
import { orchestrator } from "./modes/orchestrator.ts";
import { roundtable } from "./modes/roundtable.ts";
import { tag } from "./modes/tag.ts";

/** Every mode of a room. A new mode is a file in `modes/` and a line here; a part that is missing does not compile. */
export const modes = {
  /** The same as `tag`, under another name. */
  manual: tag,
  tag,
  roundtable,
  orchestrator,
} as const satisfies Record<string, Mode>;

export type RoomMode = keyof typeof modes;

/** In the order in which the API lists them. */
export const roomModes = Object.keys(modes) as [RoomMode, ...RoomMode[]];
