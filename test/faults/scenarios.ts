import type { Scenario } from "./scenario.ts";
import { kills } from "./scenarios/kills.ts";

/** Every kind of fault, in the order in which they are tried. */
export const scenarios: readonly Scenario[] = [kills];
