import { sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  date,
  type ExtraConfigColumn,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { type AdminEventKind, adminEventKinds } from "../domain/billing/admin-event.ts";
import { type BudgetPeriod, budgetPeriods } from "../domain/billing/budget.ts";
import type { RunPricing } from "../domain/billing/run-pricing.ts";
import type { DroppedRange } from "../domain/context/seq-ranges.ts";
import type { FileAudit } from "../domain/files/file-audit.ts";
import type { FileErrorCode } from "../domain/files/file-error.ts";
import { type FileStatus, fileStatuses } from "../domain/files/file-status.ts";
import { type RoomMode, roomModes } from "../domain/plan/modes.ts";
import { defaultOrchestration, maxRoundsLimit, type Orchestration } from "../domain/plan/orchestration.ts";
import type { RosterAgent } from "../domain/plan/roster-agent.ts";
import type { RoutingDecision } from "../domain/routing/routing-decision.ts";
import { type ExclusionReason, exclusionReasons } from "../domain/turn/exclusion.ts";
import { type FinishReason, finishReasons } from "../domain/turn/finish-reason.ts";
import type { OrchestrationRecord } from "../domain/turn/orchestration-record.ts";
import { type QueuedStatus, queuedStatuses, type StoredProblem } from "../domain/turn/queued-turn.ts";
import type { OverheadCall } from "../domain/turn/turn-outcome.ts";
import { bytea } from "./core/bytea.ts";
import { instant } from "./core/instant.ts";
import { tsvector } from "./core/tsvector.ts";

const createdAt = () => instant("created_at", { precision: 3 }).notNull();
const updatedAt = () => instant("updated_at", { precision: 3 }).notNull();
/** The step of the turn; null: the row is of an earlier version, and its step is `<agent_key>#1`. */
const step = () => text("step");
/** Rows that go with their session, turn or run. */
const ofSession = () =>
  uuid("session_id")
    .notNull()
    .references(() => sessions.id, { onDelete: "cascade" });
const ofTurn = () =>
  uuid("turn_id")
    .notNull()
    .references(() => turns.id, { onDelete: "cascade" });
const ofRun = () =>
  uuid("run_id")
    .notNull()
    .references(() => turnRuns.id, { onDelete: "cascade" });
/** The first columns of a row for a call of a model or a tool. Such rows outlive what they are of. */
const ofCall = () => ({
  id: uuid("id").primaryKey(),
  userId: text("user_id")
    .notNull()
    .references(() => users.id, { onDelete: "restrict" }),
  roomId: uuid("room_id").references(() => rooms.id, { onDelete: "set null" }),
  sessionId: uuid("session_id").references(() => sessions.id, { onDelete: "set null" }),
  turnId: uuid("turn_id").references(() => turns.id, { onDelete: "set null" }),
  runId: uuid("run_id").notNull(),
  step: step(),
  agentKey: text("agent_key").notNull(),
  round: integer("round").notNull(),
});
const credits = (name: string) => numeric(name, { precision: 20, scale: 8 });
const lower = (column: ExtraConfigColumn) => sql`lower(${column})`;

/** A check constraint for a closed set of words. Null passes. */
const oneOf = (name: string, column: ExtraConfigColumn, words: readonly string[]) =>
  check(name, sql`${column} in (${sql.raw(words.map((word) => `'${word}'`).join(", "))})`);

export const users = pgTable("users", {
  id: text("id").primaryKey(),
  email: text("email"),
  createdAt: createdAt(),
});

/** A user's key for clients that cannot renew a token. The key itself is not stored. */
export const apiKeys = pgTable(
  "api_keys",
  {
    id: uuid("id").primaryKey(),
    userId: text("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "restrict" }),
    name: text("name").notNull(),
    /** SHA-256 of the key, in hex. */
    hash: text("hash").notNull(),
    /** The key's last characters, by which its user recognises it. */
    ending: text("ending").notNull(),
    createdAt: createdAt(),
    lastUsedAt: instant("last_used_at", { precision: 3 }),
  },
  (t) => [
    unique("uq_api_keys_hash").on(t.hash),
    index("ix_api_keys_user_id_created_at_id").on(t.userId, t.createdAt, t.id),
  ],
);

export const rooms = pgTable(
  "rooms",
  {
    id: uuid("id").primaryKey(),
    ownerUserId: text("owner_user_id")
      .notNull()
      .references(() => users.id, { onDelete: "restrict" }),
    name: text("name").notNull(),
    goal: text("goal"),
    currentMode: text("current_mode").$type<RoomMode>().notNull().default("orchestrator"),
    pendingMode: text("pending_mode").$type<RoomMode>(),
    /** How often the manager may pick agents in one turn. */
    maxRounds: integer("max_rounds").notNull().default(defaultOrchestration.maxRounds),
    /** Who writes one consolidated answer: `off`, `manager`, or an agent's key. */
    synthesis: text("synthesis").notNull().default(defaultOrchestration.synthesis),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: instant("deleted_at", { precision: 3 }),
  },
  (t) => [
    index("ix_rooms_owner_user_id_created_at_id").on(t.ownerUserId, t.createdAt, t.id),
    index("ix_rooms_deleted_at").on(t.deletedAt).where(sql`${t.deletedAt} is not null`),
    oneOf("ck_rooms_current_mode", t.currentMode, roomModes),
    oneOf("ck_rooms_pending_mode", t.pendingMode, roomModes),
    check("ck_rooms_max_rounds", sql`${t.maxRounds} between 1 and ${sql.raw(String(maxRoundsLimit))}`),
  ],
);

/** The agents of a room. Tool permissions are read from here only. */
export const roomAgents = pgTable(
  "room_agents",
  {
    id: uuid("id").primaryKey(),
    roomId: uuid("room_id")
      .notNull()
      .references(() => rooms.id, { onDelete: "cascade" }),
    agentKey: text("agent_key").notNull(),
    name: text("name").notNull(),
    modelAlias: text("model_alias").notNull(),
    rolePrompt: text("role_prompt").notNull(),
    toolPermissions: jsonb("tool_permissions").$type<unknown>().notNull().default([]),
    modelSettings: jsonb("model_settings").$type<unknown>().notNull().default({}),
    position: integer("position").notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    uniqueIndex("uq_room_agents_room_id_agent_key").on(t.roomId, lower(t.agentKey)),
    uniqueIndex("uq_room_agents_room_id_name").on(t.roomId, lower(t.name)),
    index("ix_room_agents_room_id_position").on(t.roomId, t.position),
  ],
);

export const sessions = pgTable(
  "sessions",
  {
    id: uuid("id").primaryKey(),
    roomId: uuid("room_id")
      .notNull()
      .references(() => rooms.id, { onDelete: "cascade" }),
    startedByUserId: text("started_by_user_id")
      .notNull()
      .references(() => users.id, { onDelete: "restrict" }),
    /** Failed summaries since the last stored one, and the first turn in which the next may be tried. */
    summaryFailures: integer("summary_failures").notNull().default(0),
    nextSummaryTurnIndex: integer("next_summary_turn_index").notNull().default(0),
    /** By model alias: token scales learnt from refusals, until the provider counts a prompt again. */
    refusalScales: jsonb("refusal_scales").$type<Readonly<Record<string, number>>>().notNull().default({}),
    createdAt: createdAt(),
    deletedAt: instant("deleted_at", { precision: 3 }),
    /** The last run that was refused after its claim was taken: a late copy of its open takes no claim. */
    refusedRunId: uuid("refused_run_id"),
    /** Null: the user gave none, and there is no turn yet. */
    title: text("title"),
    /** When a run was stored last. */
    lastTurnAt: instant("last_turn_at", { precision: 3 }),
    /** SHA-256 of the id that a stock client gave its conversation; null: the session was started by its own route. */
    threadHash: text("thread_hash"),
  },
  (t) => [
    index("ix_sessions_room_id_last_use_id").on(
      t.roomId,
      sql`coalesce(${t.lastTurnAt}, ${t.createdAt})`,
      t.id,
    ),
    uniqueIndex("uq_sessions_room_id_thread_hash")
      .on(t.roomId, t.threadHash)
      .where(sql`${t.deletedAt} is null`),
    index("ix_sessions_room_id_created_at_id").on(t.roomId, t.createdAt, t.id),
    index("ix_sessions_started_by_user_id").on(t.startedByUserId),
    index("ix_sessions_deleted_at").on(t.deletedAt).where(sql`${t.deletedAt} is not null`),
  ],
);

/** A document of a room. Its bytes are in R2 under `files/<id>`. */
export const files = pgTable(
  "files",
  {
    id: uuid("id").primaryKey(),
    roomId: uuid("room_id")
      .notNull()
      .references(() => rooms.id, { onDelete: "cascade" }),
    userId: text("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "restrict" }),
    name: text("name").notNull(),
    mediaType: text("media_type").notNull(),
    bytes: integer("bytes").notNull(),
    sha256: text("sha256").notNull(),
    status: text("status").$type<FileStatus>().notNull().default("pending"),
    /** Counts from 0; each try to parse the file is an attempt of its own. */
    attempt: integer("attempt").notNull().default(0),
    /** After this attempt the file is given up. */
    lastAttempt: integer("last_attempt").notNull().default(4),
    /** Until when the parser may go on. */
    leaseUntil: instant("lease_until"),
    /** The attempt whose pages readers see. */
    readyAttempt: integer("ready_attempt"),
    pageCount: integer("page_count"),
    pagesRead: integer("pages_read"),
    tokens: integer("tokens"),
    errorCode: text("error_code").$type<FileErrorCode>(),
    /** The text's first characters. */
    preview: text("preview"),
    encodingGuessed: boolean("encoding_guessed").notNull().default(false),
    idempotencyKey: text("idempotency_key"),
    createdAt: createdAt(),
    /** Since when the file has waited for a parser. */
    pendingSince: instant("pending_since", { precision: 3 }).notNull(),
    deletedAt: instant("deleted_at", { precision: 3 }),
  },
  (t) => [
    uniqueIndex("uq_files_room_id_sha256").on(t.roomId, t.sha256).where(sql`${t.deletedAt} is null`),
    uniqueIndex("uq_files_room_id_idempotency_key")
      .on(t.roomId, t.idempotencyKey)
      .where(sql`${t.deletedAt} is null`),
    index("ix_files_room_id_created_at_id").on(t.roomId, t.createdAt, t.id),
    index("ix_files_user_id").on(t.userId),
    index("ix_files_status_pending_since").on(t.status, t.pendingSince),
    index("ix_files_deleted_at").on(t.deletedAt).where(sql`${t.deletedAt} is not null`),
    oneOf("ck_files_status", t.status, fileStatuses),
  ],
);

/** The text of a file, page by page. Rows of a later attempt replace those of earlier ones. */
export const filePages = pgTable(
  "file_pages",
  {
    fileId: uuid("file_id")
      .notNull()
      .references(() => files.id, { onDelete: "cascade" }),
    attempt: integer("attempt").notNull(),
    page: integer("page").notNull(),
    text: text("text").notNull(),
    tokens: integer("tokens").notNull(),
    search: tsvector("search").generatedAlwaysAs(sql`to_tsvector('simple', "text")`),
  },
  (t) => [
    primaryKey({ name: "pk_file_pages", columns: [t.fileId, t.attempt, t.page] }),
    index("ix_file_pages_search").using("gin", t.search),
  ],
);

export type RunKind = "turn" | "retry";

/** The input of the turn's plan, as it was when the claim was taken. */
export type ClaimSnapshot = {
  roomId: string;
  goal: string | null;
  mode: RoomMode;
  consumesPendingMode: boolean;
  roster: RosterAgent[];
  /** The id of a new turn's message, whichever holder commits it. */
  userMessageId: string;
  /** Absent in claims of an earlier version. */
  pricing?: RunPricing;
  /** Whether a budget limits the run. Absent likewise. */
  isBudgeted?: boolean;
  /** Whether the session had a title. Absent likewise. */
  hasTitle?: boolean;
  /** Absent likewise. Of a retry: one round, and the synthesis that the turn was planned with. */
  orchestration?: Orchestration;
};

/** The validated body of the run's request. */
export type ClaimedRequest = { message: string; modelAliasOverride?: string; maxCredits?: string };

/** A holder that was replaced. */
export type PastHolder = { holder: string };

/** The claim of a session: the one run in flight. */
export const turnClaims = pgTable(
  "turn_claims",
  {
    sessionId: uuid("session_id")
      .primaryKey()
      .references(() => sessions.id, { onDelete: "cascade" }),
    runId: uuid("run_id").notNull(),
    turnId: uuid("turn_id").notNull(),
    kind: text("kind").$type<RunKind>().notNull(),
    turnIndex: integer("turn_index").notNull(),
    idempotencyKey: text("idempotency_key"),
    requestHash: text("request_hash").notNull(),
    request: jsonb("request").$type<ClaimedRequest>().notNull(),
    snapshot: jsonb("snapshot").$type<ClaimSnapshot>().notNull(),
    /** When the run was opened first, by the database's clock. A takeover keeps it. */
    openedAt: instant("opened_at").notNull().default(sql`clock_timestamp()`),
    /** A holder has planned the run and may have called models. True for claims of earlier versions, which do not say. */
    hasStarted: boolean("has_begun").notNull().default(true),
    /** What the run may spend; null: the claim is of an earlier version, and nothing limits it. */
    grantedCredits: credits("granted_credits"),
    holder: uuid("holder").notNull(),
    pastHolders: jsonb("past_holders").$type<PastHolder[]>().notNull().default([]),
    leaseUntil: instant("lease_until").notNull(),
    /** The run is of a turn that waited in the queue: a refusal is stored there. */
    wasQueued: boolean("was_queued").notNull().default(false),
    /** When the run was cancelled, by the database's clock; null: it was not. Such a run is never resumed. */
    cancelledAt: instant("cancelled_at"),
  },
  (t) => [unique("uq_turn_claims_run_id").on(t.runId), index("ix_turn_claims_lease_until").on(t.leaseUntil)],
);

/** The queue of a session: turns that wait, and for a while those that were never started. */
export const queuedTurns = pgTable(
  "queued_turns",
  {
    /** The turn's id, and that of its first run. */
    id: uuid("id").primaryKey(),
    sessionId: ofSession(),
    /** Turns start in this order. */
    seq: integer("seq").notNull(),
    userId: text("user_id").notNull(),
    idempotencyKey: text("idempotency_key"),
    requestHash: text("request_hash").notNull(),
    request: jsonb("request").$type<ClaimedRequest>().notNull(),
    status: text("status").$type<QueuedStatus>().notNull(),
    /** Why the turn was not started; null: it waits, or was cancelled. */
    problem: jsonb("problem").$type<StoredProblem>(),
    createdAt: instant("created_at").notNull(),
    /** Since when the turn waits no more; null: it waits. */
    endedAt: instant("ended_at"),
  },
  (t) => [
    unique("uq_queued_turns_session_id_seq").on(t.sessionId, t.seq),
    unique("uq_queued_turns_session_id_idempotency_key").on(t.sessionId, t.idempotencyKey),
    index("ix_queued_turns_waiting").on(t.sessionId).where(sql`${t.status} = 'waiting'`),
    index("ix_queued_turns_ended_at").on(t.endedAt),
    oneOf("ck_queued_turns_status", t.status, queuedStatuses),
  ],
);

export const turns = pgTable(
  "turns",
  {
    id: uuid("id").primaryKey(),
    sessionId: ofSession(),
    turnIndex: integer("turn_index").notNull(),
    mode: text("mode").$type<RoomMode>().notNull(),
    userInput: text("user_input").notNull(),
    assistantOutput: text("assistant_output").notNull(),
    status: text("status").$type<"completed" | "partial" | "failed">().notNull(),
    modelAliasUsed: text("model_alias_used").notNull(),
    summaryTriggered: boolean("summary_triggered").notNull().default(false),
    summaryUsedFallback: boolean("summary_used_fallback").notNull().default(false),
    pruneTriggered: boolean("prune_triggered").notNull().default(false),
    overflowRejected: boolean("overflow_rejected").notNull().default(false),
    /** Key of the agent that was planned to write the synthesis; null: none was. */
    synthesis: text("synthesis"),
    createdAt: createdAt(),
  },
  (t) => [
    unique("uq_turns_session_id_turn_index").on(t.sessionId, t.turnIndex),
    oneOf("ck_turns_mode", t.mode, roomModes),
    oneOf("ck_turns_status", t.status, ["completed", "partial", "failed"]),
  ],
);

export const turnRuns = pgTable(
  "turn_runs",
  {
    id: uuid("id").primaryKey(),
    turnId: ofTurn(),
    sessionId: ofSession(),
    kind: text("kind").$type<RunKind>().notNull(),
    idempotencyKey: text("idempotency_key"),
    requestHash: text("request_hash").notNull(),
    committedBy: uuid("committed_by").notNull(),
    /** What the run was allowed to spend; null: it is of an earlier version. */
    grantedCredits: credits("granted_credits"),
    createdAt: createdAt(),
  },
  (t) => [
    unique("uq_turn_runs_session_id_idempotency_key").on(t.sessionId, t.idempotencyKey),
    index("ix_turn_runs_turn_id").on(t.turnId),
    oneOf("ck_turn_runs_kind", t.kind, ["turn", "retry"]),
  ],
);

export const messages = pgTable(
  "messages",
  {
    id: uuid("id").primaryKey(),
    sessionId: ofSession(),
    turnId: ofTurn(),
    runId: ofRun(),
    seq: integer("seq").notNull(),
    role: text("role").$type<"user" | "assistant" | "tool">().notNull(),
    step: step(),
    /** Of an agent's reply: the manager's round that it belongs to; null: stored before rounds were, or none. */
    round: integer("round"),
    agentKey: text("agent_key"),
    agentName: text("agent_name"),
    visibility: text("visibility").$type<"shared" | "private">().notNull().default("shared"),
    status: text("status").$type<"completed" | "failed">().notNull(),
    error: jsonb("error").$type<{ code: string; message: string }>(),
    content: text("content").notNull(),
    /** Of a failed reply: the text that had arrived when the turn was cancelled; null: there is none. */
    partial: text("partial"),
    /** Of a completed reply; null: no model was called, or the row is of an earlier version. */
    finishReason: text("finish_reason").$type<FinishReason>(),
    /** Of the content, unscaled; null: the row is of an earlier version. */
    estimatedTokens: integer("estimated_tokens"),
    /** Why the message's turn is left out of later prompts; null: it is not. */
    excluded: text("excluded").$type<ExclusionReason>(),
    supersedesId: uuid("supersedes_id").references((): AnyPgColumn => messages.id, { onDelete: "set null" }),
    createdAt: createdAt(),
    /** Since when no read and no later prompt has the text. */
    deletedAt: instant("deleted_at", { precision: 3 }),
  },
  (t) => [
    unique("uq_messages_session_id_seq").on(t.sessionId, t.seq),
    index("ix_messages_turn_id").on(t.turnId),
    index("ix_messages_run_id").on(t.runId),
    index("ix_messages_supersedes_id").on(t.supersedesId),
    oneOf("ck_messages_role", t.role, ["user", "assistant", "tool"]),
    oneOf("ck_messages_visibility", t.visibility, ["shared", "private"]),
    oneOf("ck_messages_status", t.status, ["completed", "failed"]),
    oneOf("ck_messages_finish_reason", t.finishReason, finishReasons),
    oneOf("ck_messages_excluded", t.excluded, exclusionReasons),
  ],
);

/** Summaries of a session. Each range begins where the last one ends. */
export const sessionSummaries = pgTable(
  "session_summaries",
  {
    id: uuid("id").primaryKey(),
    sessionId: ofSession(),
    turnId: ofTurn(),
    madeInTurnIndex: integer("made_in_turn_index").notNull(),
    fromSeq: integer("from_seq").notNull(),
    toSeq: integer("to_seq").notNull(),
    summaryText: text("summary_text").notNull(),
    keyFacts: jsonb("key_facts").$type<readonly string[]>().notNull(),
    decisions: jsonb("decisions").$type<readonly string[]>().notNull(),
    openQuestions: jsonb("open_questions").$type<readonly string[]>().notNull(),
    actionItems: jsonb("action_items").$type<readonly string[]>().notNull(),
    usedFallback: boolean("used_fallback").notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    unique("uq_session_summaries_session_id_to_seq").on(t.sessionId, t.toSeq),
    index("ix_session_summaries_turn_id").on(t.turnId),
    check("ck_session_summaries_range", sql`${t.fromSeq} <= ${t.toSeq}`),
  ],
);

/** What a step was sent, and why: one row for each step and run of a turn. */
export const turnContextAudit = pgTable(
  "turn_context_audit",
  {
    id: uuid("id").primaryKey(),
    sessionId: ofSession(),
    turnId: ofTurn(),
    runId: ofRun(),
    step: step(),
    agentKey: text("agent_key").notNull(),
    modelAlias: text("model_alias").notNull(),
    modelAliasMarker: text("model_alias_marker").notNull(),
    modelContextLimit: integer("model_context_limit").notNull(),
    inputBudget: integer("input_budget").notNull(),
    outputReserve: integer("output_reserve").notNull(),
    overheadReserve: integer("overhead_reserve").notNull(),
    estimatedTokensBefore: integer("estimated_tokens_before").notNull(),
    estimatedTokensAfterSummary: integer("estimated_tokens_after_summary").notNull(),
    estimatedTokensAfterPrune: integer("estimated_tokens_after_prune").notNull(),
    /** The factor of the estimate, and the provider's count of the same prompt. */
    tokenScale: numeric("token_scale", { precision: 8, scale: 4 }).notNull(),
    countedInputTokens: integer("counted_input_tokens"),
    summaryId: uuid("summary_id"),
    /** Ranges of `seq`, each `[from, to]`. */
    included: jsonb("included").$type<readonly (readonly [number, number])[]>().notNull(),
    dropped: jsonb("dropped").$type<readonly DroppedRange[]>().notNull(),
    unknownTags: jsonb("unknown_tags").$type<readonly string[]>().notNull(),
    /** What the step's prompt had of the room's files; null: nothing, or its agent may not read them. */
    files: jsonb("files").$type<FileAudit>(),
    /** The decision of the first round; in the row of the run's first step, like the next columns. */
    routing: jsonb("routing").$type<RoutingDecision>(),
    /** All decisions, why the rounds ended, and the result of the synthesis. */
    orchestration: jsonb("orchestration").$type<OrchestrationRecord>(),
    /** A checkpoint of the run was stored late, in part, or not at all. */
    checkpointFailed: boolean("checkpoint_degraded").notNull().default(false),
    /** The step was not asked, or not asked again, because the run had no credits left. */
    skippedBudget: boolean("skipped_budget").notNull().default(false),
    /** Calls of the run itself (routing, summary); in the row of its first step. */
    overheadCalls: jsonb("overhead_calls").$type<readonly OverheadCall[]>().notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    index("ix_turn_context_audit_turn_id").on(t.turnId),
    index("ix_turn_context_audit_run_id").on(t.runId),
    index("ix_turn_context_audit_session_id_model_alias").on(t.sessionId, t.modelAlias, t.createdAt),
  ],
);

/** The usage ledger. It outlives its room, session and turn. Rows are final, except estimates. */
export const llmCallEvents = pgTable(
  "llm_call_events",
  {
    ...ofCall(),
    provider: text("provider").notNull(),
    modelAlias: text("model_alias").notNull(),
    providerModel: text("provider_model").notNull(),
    inputTokensFresh: integer("input_tokens_fresh").notNull(),
    inputTokensCached: integer("input_tokens_cached").notNull(),
    outputTokens: integer("output_tokens").notNull(),
    totalTokens: integer("total_tokens").notNull(),
    oeTokens: numeric("oe_tokens", { precision: 20, scale: 4 }).notNull(),
    credits: credits("credits").notNull(),
    providerCostUsd: numeric("provider_cost_usd", { precision: 20, scale: 8 }),
    usageSource: text("usage_source").$type<"provider" | "estimated">().notNull(),
    latencyMs: integer("latency_ms").notNull(),
    attempts: integer("attempts").notNull(),
    status: text("status").$type<"completed" | "failed" | "unknown">().notNull(),
    pricingVersion: text("pricing_version")
      .notNull()
      .references(() => pricingVersions.version, { onDelete: "restrict" }),
    providerRequestId: text("provider_request_id"),
    /** When the run was opened; the windows of budgets go by it. Null: as `created_at`. */
    openedAt: instant("opened_at"),
    createdAt: createdAt(),
  },
  (t) => [
    index("ix_llm_call_events_user_id_created_at").on(t.userId, t.createdAt),
    index("ix_llm_call_events_user_id_opened").on(t.userId, sql`coalesce(${t.openedAt}, ${t.createdAt})`),
    index("ix_llm_call_events_room_id").on(t.roomId),
    index("ix_llm_call_events_session_id").on(t.sessionId),
    index("ix_llm_call_events_turn_id").on(t.turnId),
    index("ix_llm_call_events_run_id").on(t.runId),
    index("ix_llm_call_events_pricing_version").on(t.pricingVersion),
    oneOf("ck_llm_call_events_usage_source", t.usageSource, ["provider", "estimated"]),
    oneOf("ck_llm_call_events_status", t.status, ["completed", "failed", "unknown"]),
    check(
      "ck_llm_call_events_tokens",
      sql`${t.inputTokensFresh} >= 0 and ${t.inputTokensCached} >= 0 and ${t.outputTokens} >= 0 and ${t.totalTokens} = ${t.inputTokensFresh} + ${t.inputTokensCached} + ${t.outputTokens}`,
    ),
  ],
);

/** Tool calls of agents: one row for each execution or refusal. */
export const toolCallEvents = pgTable(
  "tool_call_events",
  {
    ...ofCall(),
    /**
     * The place of the call in its answer, from 1; null: the row is of an earlier version, and rows are in the order of
     * their ids.
     */
    place: integer("place"),
    toolName: text("tool_name").notNull(),
    input: jsonb("input").$type<unknown>().notNull(),
    output: jsonb("output").$type<unknown>().notNull(),
    status: text("status").$type<"success" | "error" | "denied">().notNull().default("success"),
    latencyMs: integer("latency_ms").notNull(),
    creditsCharged: credits("credits_charged").notNull().default("0"),
    /** As in the ledger. */
    openedAt: instant("opened_at"),
    createdAt: createdAt(),
  },
  (t) => [
    index("ix_tool_call_events_turn_id").on(t.turnId),
    index("ix_tool_call_events_session_id").on(t.sessionId),
    index("ix_tool_call_events_user_id").on(t.userId),
    index("ix_tool_call_events_room_id").on(t.roomId),
    index("ix_tool_call_events_user_id_opened")
      .on(t.userId, sql`coalesce(${t.openedAt}, ${t.createdAt})`)
      .where(sql`${t.creditsCharged} > 0`),
    oneOf("ck_tool_call_events_status", t.status, ["success", "error", "denied"]),
  ],
);

export const pricingVersions = pgTable(
  "pricing_versions",
  {
    version: text("version").primaryKey(),
    effectiveFrom: date("effective_from", { mode: "string" }).notNull(),
    /** Of an operator's version: from when on runs are opened under it. Null: a deployment's own. */
    effectiveAt: instant("effective_at"),
    createdBy: text("created_by"),
  },
  (t) => [unique("uq_pricing_versions_effective_at").on(t.effectiveAt)],
);

export const modelPrices = pgTable(
  "model_prices",
  {
    version: text("version")
      .notNull()
      .references(() => pricingVersions.version, { onDelete: "restrict" }),
    modelAlias: text("model_alias").notNull(),
    multiplier: numeric("multiplier", { precision: 8, scale: 2 }).notNull(),
    providerInputUsdPerMillion: numeric("provider_input_usd_per_million", { precision: 12, scale: 6 }),
    providerOutputUsdPerMillion: numeric("provider_output_usd_per_million", { precision: 12, scale: 6 }),
  },
  (t) => [primaryKey({ name: "pk_model_prices", columns: [t.version, t.modelAlias] })],
);

/** Limits of spending. Each is of a user, a room or a session, and has a counter for each of its periods. */
export const budgets = pgTable(
  "budgets",
  {
    id: uuid("id").primaryKey(),
    userId: text("user_id").references(() => users.id, { onDelete: "restrict" }),
    roomId: uuid("room_id").references(() => rooms.id, { onDelete: "cascade" }),
    sessionId: uuid("session_id").references(() => sessions.id, { onDelete: "cascade" }),
    period: text("period").$type<BudgetPeriod>().notNull(),
    /** Null: no limit; spending is counted all the same. */
    limitCredits: credits("limit_credits"),
    /** Whether an operator set the limit: its owner may only lower it. */
    setByOperator: boolean("set_by_operator").notNull().default(false),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    unique("uq_budgets_user_id_period").on(t.userId, t.period),
    unique("uq_budgets_room_id_period").on(t.roomId, t.period),
    unique("uq_budgets_session_id_period").on(t.sessionId, t.period),
    oneOf("ck_budgets_period", t.period, budgetPeriods),
    check("ck_budgets_scope", sql`num_nonnulls(${t.userId}, ${t.roomId}, ${t.sessionId}) = 1`),
    check("ck_budgets_limit_credits", sql`${t.limitCredits} >= 0`),
  ],
);

/** The counter of one period: always the sum of the ledger and tool rows of its budget and period. */
export const budgetWindows = pgTable(
  "budget_windows",
  {
    budgetId: uuid("budget_id")
      .notNull()
      .references(() => budgets.id, { onDelete: "cascade" }),
    /** UTC; of the period `ever` the epoch. */
    windowStart: instant("window_start").notNull(),
    spent: numeric("spent", { precision: 28, scale: 8 }).notNull().default("0"),
  },
  (t) => [primaryKey({ name: "pk_budget_windows", columns: [t.budgetId, t.windowStart] })],
);

/** What a run may still spend of a budget. It ends with the claim of its run. */
export const budgetHolds = pgTable(
  "budget_holds",
  {
    runId: uuid("run_id")
      .notNull()
      .references(() => turnClaims.runId, { onDelete: "cascade" }),
    budgetId: uuid("budget_id")
      .notNull()
      .references(() => budgets.id, { onDelete: "cascade" }),
    windowStart: instant("window_start").notNull(),
    amount: credits("amount").notNull(),
  },
  (t) => [
    primaryKey({ name: "pk_budget_holds", columns: [t.runId, t.budgetId] }),
    index("ix_budget_holds_budget_id_window_start").on(t.budgetId, t.windowStart),
    check("ck_budget_holds_amount", sql`${t.amount} >= 0`),
  ],
);

/**
 * The ledger and what tools cost, summed by hour of `opened_at`: what `GET /usage` reads. A trigger maintains it. It keeps
 * the ids of rooms and sessions that were deleted since; the zero UUID means none.
 */
export const usageHours = pgTable(
  "usage_hours",
  {
    userId: text("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "restrict" }),
    hour: instant("hour").notNull(),
    roomId: uuid("room_id").notNull(),
    sessionId: uuid("session_id").notNull(),
    agentKey: text("agent_key").notNull(),
    /** Empty: tools. */
    modelAlias: text("model_alias").notNull(),
    calls: integer("calls").notNull(),
    inputTokensFresh: bigint("input_tokens_fresh", { mode: "number" }).notNull(),
    inputTokensCached: bigint("input_tokens_cached", { mode: "number" }).notNull(),
    outputTokens: bigint("output_tokens", { mode: "number" }).notNull(),
    credits: numeric("credits", { precision: 28, scale: 8 }).notNull(),
    /** Of calls whose tokens are estimates. */
    estimatedCredits: numeric("estimated_credits", { precision: 28, scale: 8 }).notNull(),
    /** Of calls whose provider stated its cost: their number, credits and cost. */
    costedCalls: integer("costed_calls").notNull(),
    costedCredits: numeric("costed_credits", { precision: 28, scale: 8 }).notNull(),
    providerCostUsd: numeric("provider_cost_usd", { precision: 28, scale: 8 }).notNull(),
  },
  (t) => [
    primaryKey({
      name: "pk_usage_hours",
      columns: [t.userId, t.hour, t.roomId, t.sessionId, t.agentKey, t.modelAlias],
    }),
    index("ix_usage_hours_hour").on(t.hour),
  ],
);

/** Credits that an operator gave to a user. Append-only: their sum is the limit of the user's wallet. */
export const creditGrants = pgTable(
  "credit_grants",
  {
    id: uuid("id").primaryKey(),
    userId: text("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "restrict" }),
    amount: credits("amount").notNull(),
    idempotencyKey: text("idempotency_key").notNull(),
    grantedBy: text("granted_by").notNull(),
    note: text("note"),
    createdAt: createdAt(),
  },
  (t) => [
    unique("uq_credit_grants_user_id_idempotency_key").on(t.userId, t.idempotencyKey),
    check("ck_credit_grants_amount", sql`${t.amount} > 0`),
  ],
);

/** What operators did. Append-only. */
export const adminEvents = pgTable(
  "admin_events",
  {
    id: uuid("id").primaryKey(),
    actor: text("actor").notNull(),
    kind: text("kind").$type<AdminEventKind>().notNull(),
    /** The user whose money it is about; null: prices. */
    userId: text("user_id"),
    details: jsonb("details").$type<unknown>().notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    index("ix_admin_events_created_at_id").on(t.createdAt, t.id),
    oneOf("ck_admin_events_kind", t.kind, adminEventKinds),
  ],
);

// LangGraph's four tables, with its names and types: its Postgres savers can read them.
const threadId = () => text("thread_id").notNull();
const checkpointNs = () => text("checkpoint_ns").notNull().default("");

/** One row for each checkpoint. Channel values are in `checkpoint_blobs`, under the versions that it names. */
export const checkpoints = pgTable(
  "checkpoints",
  {
    threadId: threadId(),
    checkpointNs: checkpointNs(),
    checkpointId: text("checkpoint_id").notNull(),
    parentCheckpointId: text("parent_checkpoint_id"),
    type: text("type"),
    checkpoint: jsonb("checkpoint").$type<unknown>().notNull(),
    metadata: jsonb("metadata").$type<unknown>().notNull().default({}),
  },
  (t) => [
    primaryKey({ name: "checkpoints_pkey", columns: [t.threadId, t.checkpointNs, t.checkpointId] }),
    index("checkpoints_thread_id_idx").on(t.threadId),
  ],
);

/** One row for each version of a channel's value. */
export const checkpointBlobs = pgTable(
  "checkpoint_blobs",
  {
    threadId: threadId(),
    checkpointNs: checkpointNs(),
    channel: text("channel").notNull(),
    version: text("version").notNull(),
    type: text("type").notNull(),
    blob: bytea("blob"),
  },
  (t) => [
    primaryKey({
      name: "checkpoint_blobs_pkey",
      columns: [t.threadId, t.checkpointNs, t.channel, t.version],
    }),
    index("checkpoint_blobs_thread_id_idx").on(t.threadId),
  ],
);

/** Writes of the tasks that finished after a checkpoint and before the next. */
export const checkpointWrites = pgTable(
  "checkpoint_writes",
  {
    threadId: threadId(),
    checkpointNs: checkpointNs(),
    checkpointId: text("checkpoint_id").notNull(),
    taskId: text("task_id").notNull(),
    idx: integer("idx").notNull(),
    channel: text("channel").notNull(),
    type: text("type"),
    blob: bytea("blob").notNull(),
    taskPath: text("task_path").notNull().default(""),
  },
  (t) => [
    primaryKey({
      name: "checkpoint_writes_pkey",
      columns: [t.threadId, t.checkpointNs, t.checkpointId, t.taskId, t.idx],
    }),
    index("checkpoint_writes_thread_id_idx").on(t.threadId),
  ],
);

/** The numbers of LangGraph's migrations that these tables include. */
export const checkpointMigrations = pgTable("checkpoint_migrations", { v: integer("v").primaryKey() });
