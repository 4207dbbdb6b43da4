import { type ProviderFieldName, providerFieldNames } from "../../domain/context/provider-fields.ts";
import type { MaxTokensField } from "../../domain/model-dialect.ts";
import type { RequestBody } from "./build-request.ts";
import {
  type DroppableParameter,
  droppableParameters,
  type RequestAdjustments,
} from "./request-adjustments.ts";

/** The parts of a request that a refusal may name. */
export type SentParameters = {
  parameters: ReadonlySet<string>;
  maxTokensField: MaxTokensField;
  fields: ReadonlySet<ProviderFieldName>;
};

export type AdjustedRequest = {
  adjustments: RequestAdjustments;
  /** Those that are kept for later calls: the provider's refusal shows that it does not know the parameter. */
  lasting: RequestAdjustments;
};

/** Whether an answer of this status may name a parameter that the provider does not accept. */
export function isAdjustableStatus(status: number): boolean {
  return status === 400 || status === 422;
}

export function describeSent(body: RequestBody): SentParameters {
  const parts = body.messages.flatMap((message) =>
    message.role === "assistant" ? [message, ...(message.tool_calls ?? [])] : [],
  );
  return {
    parameters: new Set(Object.keys(body)),
    maxTokensField: body.max_completion_tokens === undefined ? "max_tokens" : "max_completion_tokens",
    fields: new Set(providerFieldNames.filter((name) => parts.some((part) => Object.hasOwn(part, name)))),
  };
}

/** Words with which providers refuse a parameter, or every value of it but the default. */
const unsupported =
  /unsupported|not[ _]supported|n't support|not support|unrecogni[sz]ed|unknown|extra[ _](input|field|forbidden)|not permitted|not allowed|unexpected|cannot find|additional propert|deprecated|not accept|not available/i;

/** A refusal of the number, not of the parameter: the other parameter would be refused as well. */
const aboutSize = /too (large|high|big|long)|at most|at least|less than|greater than|exceed|maximum|context/i;

/**
 * What to change in a request that a provider refused because of a parameter. Null: nothing can be changed. The limit
 * of the answer's tokens gets its other name and is never dropped, since context budgets depend on it.
 */
export function adjustRefused(
  refusal: string,
  sent: SentParameters,
  before: RequestAdjustments,
): AdjustedRequest | null {
  const isNamed = createNameFinder(refusal);
  const isUnsupported = unsupported.test(refusal);
  const fields = providerFieldNames.filter((name) => sent.fields.has(name) && isNamed(name));
  const dropped = isUnsupported
    ? droppableParameters.filter((name) => sent.parameters.has(name) && isNamed(name))
    : [];
  const isExchanged =
    isUnsupported && dropped.length === 0 && isNamed(sent.maxTokensField) && !aboutSize.test(refusal);
  if (fields.length === 0 && dropped.length === 0 && !isExchanged) return null;
  const maxTokensField = isExchanged ? otherField(sent.maxTokensField) : before.maxTokensField;
  const parameters = { maxTokensField, dropped: union<DroppableParameter>(before.dropped, dropped) };
  const unsentFields = union<ProviderFieldName>(before.unsentFields, fields);
  return {
    adjustments: { ...parameters, unsentFields },
    // A refusal may name a field because it is missing. Without a word of `unsupported` the field is left out only once.
    lasting: { ...parameters, unsentFields: isUnsupported ? unsentFields : before.unsentFields },
  };
}

function otherField(field: MaxTokensField): MaxTokensField {
  return field === "max_tokens" ? "max_completion_tokens" : "max_tokens";
}

/** Finds names as whole words; `maxTokens` and `max-tokens` are `max_tokens`. */
function createNameFinder(text: string): (name: string) => boolean {
  const words = new Set(text.match(/[A-Za-z]+(?:[_-]?[A-Za-z]+)*/g)?.map(squash));
  return (name) => words.has(squash(name));
}

function squash(name: string): string {
  return name.replace(/[_-]/g, "").toLowerCase();
}

function union<T>(left: readonly T[], right: readonly T[]): T[] {
  return [...new Set([...left, ...right])];
}
