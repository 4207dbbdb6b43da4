import type {
  llmCallEvents,
  messages,
  sessionSummaries,
  toolCallEvents,
  turnClaims,
  turnContextAudit,
  turns,
} from "../schema.ts";

// The rows of a turn, as they are written and read.
export type TurnRow = typeof turns.$inferSelect;
export type MessageRow = typeof messages.$inferSelect;
export type LedgerRow = typeof llmCallEvents.$inferSelect;
export type ToolEventRow = typeof toolCallEvents.$inferSelect;
export type AuditRow = typeof turnContextAudit.$inferSelect;
export type SummaryRow = typeof sessionSummaries.$inferSelect;

/** Whether the row's text was cut, or left out, because the turn is too large to be read whole. */
type Cut = { isCut?: boolean };

/** The claim of a session, with the request and the snapshot that its run is planned from. */
export type ClaimRow = typeof turnClaims.$inferSelect;

/** Decimals of credits. */
export type TurnCredits = {
  /** What the latest run of the turn was allowed to spend; null: it is of an earlier version. */
  granted: string | null;
  /** The balance of the payer's wallet after the turn, or as it is now where the turn is read again. Null: there is none. */
  walletLeft: string | null;
};

/** A stored turn with its rows: messages by `seq`, the others in the order of replies. */
export type StoredTurn = {
  turn: TurnRow;
  messages: (MessageRow & Cut)[];
  ledger: LedgerRow[];
  toolEvents: (ToolEventRow & Cut)[];
  /** Absent: it was not read. */
  credits?: TurnCredits;
};
