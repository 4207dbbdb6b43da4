import * as z from "zod";
import { parseDecimal } from "../domain/billing/pricing.ts";
import { logLevels } from "../domain/log.ts";
import { permissionOf } from "../domain/tool-names.ts";
import { locationHints } from "../domain/turn/session-objects.ts";
import { modelOverrides } from "./model-override.ts";
import { httpUrl, jsonText } from "./setting-forms.ts";

/** A longer time is a typing error; a timer of more than 2³¹ − 1 ms would fire at once. */
const maxMs = 24 * 60 * 60 * 1_000;

/** Digits only: JavaScript would also read `1e3`, `0x10` and ` 5 ` as numbers. */
function integer(fallback: number, minimum: number, maximum: number) {
  const range = `must be a whole number from ${minimum} to ${maximum}`;
  return z
    .union([z.number(), z.string().regex(/^\d{1,15}$/)], range)
    .transform(Number)
    .pipe(z.int(range).min(minimum, range).max(maximum, range))
    .default(fallback);
}

const milliseconds = (fallback: number, minimum = 1) => integer(fallback, minimum, maxMs);

/** A decimal with eight places at most, read as 10⁻⁸ credits. */
function credits(fallback: string) {
  return z
    .union([z.number().transform(String), z.string()])
    .pipe(
      z
        .string()
        .regex(/^(?!0+(\.0+)?$)\d{1,7}(\.\d{1,8})?$/, "must be a decimal above 0 with at most 8 places"),
    )
    .default(fallback)
    .transform((text) => parseDecimal(text, 8));
}

/** JSON: `{"search": "0.02"}`. */
const toolPrices = jsonText("{}")
  .pipe(
    z.record(
      z.string().refine((name) => permissionOf(name) !== undefined, "must name tools"),
      z.string().regex(/^\d{1,7}(\.\d{1,8})?$/, "must be a decimal of credits"),
    ),
  )
  .transform(
    (prices) => new Map(Object.entries(prices).map(([tool, text]) => [tool, parseDecimal(text, 8)])),
  );

function ratio(fallback: number) {
  const range = "must be a decimal above 0, up to 1";
  return z
    .union([z.number(), z.string().regex(/^\d?\.?\d{1,6}$/)], range)
    .transform(Number)
    .pipe(z.number(range).gt(0, range).max(1, range))
    .default(fallback);
}

/** The parts that the Neon driver needs. The driver itself would complain only at the first request. */
const databaseUrl = z.string().refine((text) => {
  if (!URL.canParse(text)) return false;
  const { protocol, username, hostname, pathname } = new URL(text);
  return /^postgres(ql)?:$/.test(protocol) && username !== "" && hostname !== "" && pathname.length > 1;
}, "must look like postgres://user:password@host/database");

/** Sent in a header unchanged. */
export const key = z.string().regex(/^[\x21-\x7e]{1,4096}$/, "must be printable ASCII without spaces");

/** Compared exactly. */
const claim = z
  .string()
  .refine((text) => text === text.trim(), "must not begin or end with white space")
  .max(1_024);

/**
 * Anything longer, for example with a trailing slash, would never match a browser's `Origin`. A wildcard matches one
 * label before at least two others.
 */
function isOrigin(text: string): boolean {
  const plain = text.replace(/^(https?:\/\/)\*\.(?=[^.*]+\.[^*])/, "$1any.");
  return !plain.includes("*") && URL.canParse(plain) && new URL(plain).origin === plain;
}
const origins = z
  .string()
  .default("")
  .transform((list) => list.split(",").flatMap((origin) => origin.trim() || []))
  .pipe(
    z.array(
      z
        .string()
        .refine(
          isOrigin,
          "must be an origin as browsers send it: https://chat.example, or https://*.chat.example",
        ),
    ),
  );

/** The form and default of every setting. src/config.ts checks several of them together. */
export const settings = z.object({
  DATABASE_URL: databaseUrl,
  NEON_HTTP_ENDPOINT: httpUrl.optional(),
  LLM_BASE_URL: httpUrl.default("https://openrouter.ai/api/v1"),
  LLM_API_KEY: key.optional(),
  MODELS_JSON: modelOverrides,
  TAVILY_API_KEY: key.optional(),
  TAVILY_BASE_URL: httpUrl.default("https://api.tavily.com"),
  MAX_OUTPUT_TOKENS: integer(2_048, 1, 1_000_000),
  MODEL_CALL_TIMEOUT_MS: milliseconds(60_000),
  MODEL_CALL_TOTAL_MS: milliseconds(240_000),
  TURN_TIMEOUT_MS: milliseconds(300_000),
  JSON_WAIT_MS: milliseconds(240_000),
  TURN_LEASE_MS: milliseconds(30_000, 1_000),
  TURN_RESUME_WINDOW_MS: milliseconds(600_000, 0),
  SESSION_LOCATION_HINT: z.enum(locationHints).optional(),
  CHECKPOINT_RETENTION_DAYS: integer(7, 0, 3_650),
  FILE_RETENTION_DAYS: integer(7, 0, 3_650),
  DELETED_RETENTION_DAYS: integer(30, 0, 3_650),
  MANAGER_MODEL_ALIAS: z.string().default("deepseek"),
  SUMMARIZER_MODEL_ALIAS: z.string().default("deepseek"),
  SESSION_TITLES: z.enum(["off", "model"]).default("off"),
  CONTEXT_SUMMARY_RATIO: ratio(0.7),
  CONTEXT_PRUNE_RATIO: ratio(0.9),
  CONTEXT_SUMMARY_EVERY_TURNS: integer(8, 1, 1_000),
  CONTEXT_KEEP_RAW_TURNS: integer(4, 1, 1_000),
  TURN_MAX_CREDITS: credits("20"),
  TURN_MIN_CREDITS: credits("0.05"),
  CREDITS_REQUIRED: z.enum(["on", "off"]).default("off"),
  TOOL_PRICES: toolPrices,
  SUMMARY_GRACE_MS: milliseconds(2_000, 0),
  FILE_MAX_BYTES: integer(10_485_760, 1, 104_857_600),
  ROOM_MAX_FILE_BYTES: integer(104_857_600, 1, 10_737_418_240),
  ROOM_MAX_FILES: integer(200, 1, 10_000),
  USER_MAX_FILE_BYTES: integer(1_073_741_824, 1, 1_099_511_627_776),
  FILE_TOKENS_PER_TURN: integer(24_000, 1_000, 1_000_000),
  USER_MAX_ROOMS: integer(100, 1, 100_000),
  AUTH_JWT_SECRET: z.string().min(32, "must have at least 32 characters").optional(),
  AUTH_JWKS_URL: httpUrl.optional(),
  AUTH_ISSUER: claim,
  AUTH_AUDIENCE: claim,
  ADMIN_CLAIM: claim.min(1).default("roles"),
  ADMIN_ROLE: claim.min(1).default("pantheon-admin"),
  CORS_ALLOWED_ORIGINS: origins,
  OIDC_ISSUER: httpUrl.optional(),
  OIDC_CLIENT_ID: claim.optional(),
  OIDC_AUDIENCE: claim.optional(),
  OIDC_SCOPES: z.string().max(1_024).default("openid email"),
  RATE_LIMIT: z.enum(["on", "off"]).optional(),
  LOG_LEVEL: z.enum(logLevels).default("info"),
});

export type Settings = z.output<typeof settings>;
