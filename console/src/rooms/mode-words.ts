import type { Mode } from "../api/types.ts";

/** Each mode in words for people. */
export const modeWords: Readonly<Record<Mode, { name: string; about: string }>> = {
  tag: { name: "Tag", about: "Those you tag with @ answer, side by side." },
  manual: { name: "Manual", about: "The same as Tag." },
  roundtable: { name: "Round table", about: "All answer in turn; each reads those before." },
  orchestrator: { name: "Orchestrator", about: "A manager picks who answers." },
};

/** `manual` is another name of `tag`, and only shown where a room has it. */
export function offeredModes(current: Mode): Mode[] {
  const modes: Mode[] = ["tag", "roundtable", "orchestrator"];
  return current === "manual" ? ["manual", ...modes] : modes;
}
