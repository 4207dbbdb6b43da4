import { createLabels, type EventView } from "./ag-ui-labels.ts";
import { createOlderView } from "./ag-ui-older.ts";

/** How a stock client is to be shown a run. */
export type ClientView = { isOlder: boolean; hasLabels: boolean };

/** The view of a run; null: the events as they are. */
export function createClientView({ isOlder, hasLabels }: ClientView): EventView | null {
  if (!isOlder && !hasLabels) return null;
  const label = createLabels();
  if (!isOlder) return label;
  const show = createOlderView();
  return (event) => label(event).flatMap(show);
}

/** A client that does not say its protocol version is older than 1.0. */
export function isOlderProtocol(protocolVersion = ""): boolean {
  return !/^[1-9]\d*\.\d/.test(protocolVersion);
}
