import { readAttachments } from "../files/attachments.ts";
import type { Attachment, MentionedFile } from "../files/turn-files.ts";
import { mayUse } from "../permissions.ts";
import { planAgents, type TurnPlan } from "../plan/turn-plan.ts";
import type { AgentContext } from "./agent-context.ts";
import { planAgentBudget } from "./context-budget.ts";
import { defaultTokenScale } from "./token-scale.ts";
import type { TurnContext } from "./turn-context.ts";
import { type FitSettings, fitTurn } from "./turn-fit.ts";

/**
 * Attaches the files that the turn's message names, and fits each agent's context. Where the turn does not fit with their
 * texts, it is fitted without: agents can still read them page by page.
 */
export function attachFiles(
  plan: TurnPlan,
  context: TurnContext,
  mentioned: readonly MentionedFile[],
  settings: FitSettings,
): { context: TurnContext; fits: AgentContext[] } {
  const readers = planAgents(plan).filter(({ toolPermissions }) => mayUse(toolPermissions, "file_read"));
  const budgets = readers.map((agent) => ({
    inputBudget: planAgentBudget(agent, settings.catalog, settings.limits.maxOutputTokens).inputBudget,
    tokenScale: context.tokenScales.get(agent.modelAlias) ?? defaultTokenScale,
  }));
  const fitWith = (attachments: readonly Attachment[]) => {
    const withFiles = { ...context, files: { ...context.files, attachments } };
    return { context: withFiles, fits: fitTurn(plan, withFiles, settings) };
  };
  const attachments = readers.length === 0 ? [] : readAttachments(context.userMessage, mentioned, budgets);
  const fitted = fitWith(attachments);
  const isWhole = attachments.some(({ kind }) => kind === "whole");
  return isWhole && fitted.fits.some(({ overflow }) => overflow)
    ? fitWith(attachments.map(withoutText))
    : fitted;
}

function withoutText({ fileId, file, kind }: Attachment): Attachment {
  return { fileId, file, kind: kind === "whole" ? "too_long" : kind };
}
