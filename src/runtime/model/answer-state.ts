import {
  type AnswerFields,
  addProviderFields,
  keepAnswerFields,
  maxAnswerFieldBytes,
  type ProviderFields,
} from "../../domain/context/provider-fields.ts";
import { readContent, readReasoning } from "./content-text.ts";
import { joinFinishReasons, type ReportedFinish, readFinishReason } from "./finish-reason.ts";
import { type ProviderError, readChunkError } from "./provider-error.ts";
import { chainFilters, createStorableFilter, type TextFilter } from "./text-filters.ts";
import { createThinkFilter } from "./think-tags.ts";
import {
  addToolCalls,
  callFieldsOf,
  countFieldCharacters,
  emptyAssembly,
  type ToolCallAssembly,
} from "./tool-call-assembly.ts";
import { joinReports, readUsage, type UsageReport } from "./usage-report.ts";
import { toList, toNumber, toRecord, type WireRecord } from "./wire-values.ts";

/** What has been read of one answer. */
export type AnswerState = {
  /** As it is stored and emitted. */
  text: string;
  filter: TextFilter;
  reasoning: ReasoningText;
  calls: ToolCallAssembly;
  finishReason: ReportedFinish | null;
  /** The provider's own text of `finishReason`, if it is printable ASCII. */
  providerReason: string | null;
  /** Whether the end mark of a stream has arrived, or a complete JSON answer. */
  isDone: boolean;
  hasRefusal: boolean;
  error: ProviderError | null;
  usage: UsageReport | null;
  /** Whether usage was reported with the end of the answer or after it. */
  hasFinalUsage: boolean;
  responseId: string | null;
  /** The index of the first choice that was seen. Other choices are ignored. */
  choice: number | null;
  fields: ProviderFields;
  fieldCharacters: number;
};

/** Reasoning is kept up to a limit, to estimate its tokens. */
export type ReasoningText = { text: string; characters: number };

const maxReasoningCharacters = 256 * 1024;

/** `reasoningInText`: the model may end its reasoning with a closing tag that nothing opened. */
export function emptyAnswer({ reasoningInText }: { reasoningInText: boolean }): AnswerState {
  const reasoning: ReasoningText = { text: "", characters: 0 };
  return {
    text: "",
    filter: chainFilters(
      createStorableFilter(),
      createThinkFilter({ onReasoning: (text) => addReasoning(reasoning, text), reasoningInText }),
    ),
    reasoning,
    calls: emptyAssembly(),
    finishReason: null,
    providerReason: null,
    isDone: false,
    hasRefusal: false,
    error: null,
    usage: null,
    hasFinalUsage: false,
    responseId: null,
    choice: null,
    fields: {},
    fieldCharacters: 0,
  };
}

function addReasoning(reasoning: ReasoningText, text: string): void {
  reasoning.characters += text.length;
  if (reasoning.text.length < maxReasoningCharacters) reasoning.text += text;
}

/** Whether the answer is complete. Nothing that happens later turns it into a failure. */
export function isWhole({ finishReason, isDone }: AnswerState): boolean {
  return finishReason !== null || isDone;
}

/** Whether anything of an answer has arrived that a provider charges for. */
export function hasStarted({ text, reasoning, calls, finishReason, usage }: AnswerState): boolean {
  if (text !== "" || reasoning.characters > 0 || calls.calls.length > 0) return true;
  return finishReason !== null || usage !== null;
}

/** `text` is to be emitted. `isProgress`: the chunk held a part of the answer. */
export type ChunkReading = { text: string; isProgress: boolean };

const nothingRead: ChunkReading = { text: "", isProgress: false };

/** Adds one chunk to what was read. A chunk of an unknown form is ignored. */
export function readChunk(answer: AnswerState, value: unknown, eventName?: string): ChunkReading {
  const chunk = toRecord(value);
  if (chunk === null) return nothingRead;
  answer.responseId ??= readId(chunk.id);
  const error = readChunkError(chunk, eventName);
  if (error !== null && !isWhole(answer)) answer.error ??= error;
  const choices = toList(chunk.choices).map(toRecord);
  const choice = choices.find((candidate) => candidate !== null && isCounted(answer, candidate)) ?? null;
  const reading = choice === null || answer.error !== null ? nothingRead : readChoice(answer, choice);
  addUsage(answer, readUsage(chunk, choice));
  return reading;
}

function isCounted(answer: AnswerState, choice: WireRecord): boolean {
  const index = toNumber(choice.index) ?? 0;
  answer.choice ??= index;
  return index === answer.choice;
}

function readChoice(answer: AnswerState, choice: WireRecord): ChunkReading {
  const delta = toRecord(choice.delta) ?? toRecord(choice.message) ?? { content: choice.text };
  const content = readContent(delta.content);
  const reasoning = content.reasoning + readReasoning(delta);
  addReasoning(answer.reasoning, reasoning);
  const hasCalls = addToolCalls(answer.calls, delta);
  if (typeof delta.refusal === "string" && delta.refusal.trim() !== "") answer.hasRefusal = true;
  addFields(answer, delta);
  const text = answer.filter.push(content.text);
  answer.text += text;
  setFinishReason(answer, choice.finish_reason);
  return { text, isProgress: content.text !== "" || reasoning !== "" || hasCalls };
}

function setFinishReason(answer: AnswerState, value: unknown): void {
  const reason = readFinishReason(value);
  if (reason === null) return;
  if (answer.finishReason === null) answer.providerReason = readId(value);
  answer.finishReason = joinFinishReasons(answer.finishReason, reason);
}

function addUsage(answer: AnswerState, report: UsageReport | null): void {
  if (report === null) return;
  answer.usage = joinReports(answer.usage, report);
  if (answer.finishReason !== null || answer.error !== null) answer.hasFinalUsage = true;
}

/** Above the limit the fields are not sent back, so nothing more is kept. */
function addFields(answer: AnswerState, delta: WireRecord): void {
  if (answer.fieldCharacters > maxAnswerFieldBytes) return;
  answer.fieldCharacters += countFieldCharacters(delta);
  addProviderFields(answer.fields, delta);
}

/** The provider's fields that are sent back with the calls of a complete answer. */
export function answerFieldsOf(answer: AnswerState): AnswerFields | null {
  return keepAnswerFields({ message: answer.fields, calls: callFieldsOf(answer.calls) });
}

/** Returns the text that was held back. To be called once, after the last chunk. */
export function endText(answer: AnswerState): string {
  const text = answer.filter.end();
  answer.text += text;
  return text;
}

/** A provider's text is kept only as printable ASCII: a text that cannot be stored would fail the whole turn. */
function readId(id: unknown): string | null {
  return typeof id === "string" && /^[\x21-\x7e]{1,200}$/.test(id) ? id : null;
}
