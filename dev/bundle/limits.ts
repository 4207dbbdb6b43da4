/** What a deployment may weigh, gzipped; Cloudflare's own limit is 3 MiB on its free plan. */
export const maxKib = 480;
/** How long it may take to start; Cloudflare's own limit is 1 s. */
export const maxStartupMs = 150;

/** The same for the parser of files: PDFium is most of it. Cloudflare's limit is 3 MiB on its free plan. */
export const maxParserKib = 2_700;
export const maxParserStartupMs = 300;

/** Of the form that a deployment's own have: a Worker without them would not start, and nothing be measured. */
export const placeholderSecrets = {
  DATABASE_URL: "postgres://user:password@ep-example.us-east-1.aws.neon.tech/pantheon",
  LLM_API_KEY: "no-key",
  AUTH_JWT_SECRET: "no-secret-no-secret-no-secret-no-secret",
  AUTH_ISSUER: "https://issuer.example",
};
