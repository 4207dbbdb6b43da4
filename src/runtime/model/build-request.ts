import type { PromptMessage } from "../../domain/context/prompt.ts";
import { type ProviderFields, pickProviderFields } from "../../domain/context/provider-fields.ts";
import type { MaxTokensField, ModelDialect } from "../../domain/model-dialect.ts";
import type { ModelSettings } from "../../domain/model-settings.ts";
import type { ModelRequest } from "./model-port.ts";
import type { RequestAdjustments } from "./request-adjustments.ts";
import { type FieldsOf, type WireMessage, writeMessages } from "./wire-messages.ts";
import { toFunctionName } from "./wire-tool-calls.ts";

type WireTool = {
  type: "function";
  function: { name: string; description: string; parameters: Record<string, unknown> };
};

/** The JSON body of one chat completion. It is always streamed, so that a cut answer can be recognised. */
export type RequestBody = Partial<Record<MaxTokensField, number>> &
  Omit<ModelSettings, "max_output_tokens"> & {
    model: string;
    messages: WireMessage[];
    tools?: WireTool[];
    tool_choice?: "auto" | "none";
    stream: true;
    stream_options?: { include_usage: true };
  };

/** Where a request is sent, and how its provider's earlier refusals change it. */
export type RequestTarget = { baseUrl: string; adjustments: RequestAdjustments };

export function buildRequestBody(request: ModelRequest, target: RequestTarget): RequestBody {
  const { dialect, providerModel } = request.model;
  const { adjustments } = target;
  const { max_output_tokens: _, ...settings } = request.settings;
  const body: RequestBody = {
    model: providerModel,
    messages: writeMessages(request.messages, {
      systemRole: dialect.systemRole,
      fieldsOf: (message) => fieldsToSend(message, request, target),
    }),
    [adjustments.maxTokensField ?? dialect.maxTokensField]: request.maxOutputTokens,
    ...settings,
    ...writeTools(request),
    stream: true,
    stream_options: { include_usage: true },
  };
  for (const parameter of [...dialect.omit, ...adjustments.dropped]) delete body[parameter];
  return { ...body, ...withoutParameters(dialect, adjustments) };
}

/** The extra parameters of the dialect, without those that the provider has refused. */
function withoutParameters({ extraBody }: ModelDialect, { dropped }: RequestAdjustments) {
  const refused: readonly string[] = dropped;
  return Object.fromEntries(Object.entries(extraBody).filter(([name]) => !refused.includes(name)));
}

/** Providers refuse tool results in a request that offers no tools. */
function writeTools({
  tools,
  toolChoice,
  messages,
}: ModelRequest): Pick<RequestBody, "tools" | "tool_choice"> {
  if (tools.length > 0) {
    return {
      tool_choice: toolChoice,
      tools: tools.map(({ name, description, parameters }) =>
        toWireTool(name, description, { ...parameters }),
      ),
    };
  }
  const names = new Set(messages.flatMap(calledNames));
  if (names.size === 0) return {};
  return {
    tool_choice: "none",
    tools: [...names].map((name) => toWireTool(name, "Not available.", noParameters)),
  };
}

const noParameters = { type: "object", properties: {} };

function toWireTool(name: string, description: string, parameters: Record<string, unknown>): WireTool {
  return { type: "function", function: { name, description, parameters } };
}

function calledNames(message: PromptMessage): string[] {
  return "toolCalls" in message ? message.toolCalls.map(({ name }) => toFunctionName(name)) : [];
}

/** A provider's fields are sent back only to the model and the base URL that they came from. */
function fieldsToSend(
  message: Parameters<FieldsOf>[0],
  { model }: ModelRequest,
  { baseUrl, adjustments }: RequestTarget,
): ReturnType<FieldsOf> {
  const { fields } = message;
  const { sendBack } = model.dialect;
  if (fields === undefined || fields.modelAlias !== model.alias || fields.baseUrl !== baseUrl) return null;
  const isSent = (name: keyof ProviderFields) =>
    sendBack !== "none" &&
    (sendBack === "auto" || sendBack.includes(name)) &&
    !adjustments.unsentFields.includes(name);
  return {
    message: pickProviderFields(fields.message, isSent),
    calls: fields.calls.map((call) => pickProviderFields(call, isSent)),
  };
}
