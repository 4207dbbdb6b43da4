import type { ReportedUsage } from "./answer.ts";
import type { Dialect } from "./dialects.ts";

/** A usage report in the form of a provider. `usage` counts reasoning in the completion, and cached tokens in the prompt. */
export function usageBody(
  { prompt_tokens, completion_tokens, reasoning_tokens = 0, cached_tokens, cost }: ReportedUsage,
  { reasoning, cached }: Dialect["usage"],
) {
  const beside = cached === "beside_prompt" ? (cached_tokens ?? 0) : 0;
  const outside = reasoning === "outside_completion" ? reasoning_tokens : 0;
  return {
    prompt_tokens: prompt_tokens - beside,
    completion_tokens: completion_tokens - outside,
    total_tokens: prompt_tokens + completion_tokens,
    ...(reasoning_tokens === 0 ? {} : { completion_tokens_details: { reasoning_tokens } }),
    ...(cached_tokens === undefined ? {} : cachedFields(prompt_tokens, cached_tokens, cached)),
    ...(cost === undefined ? {} : { cost }),
  };
}

function cachedFields(prompt: number, cached: number, form: Dialect["usage"]["cached"]): object {
  return form === "cache_hit"
    ? { prompt_cache_hit_tokens: cached, prompt_cache_miss_tokens: prompt - cached }
    : { prompt_tokens_details: { cached_tokens: cached } };
}
