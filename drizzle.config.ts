import { defineConfig } from "drizzle-kit";

const url = process.env.DATABASE_URL ?? "";
const reachesDatabase = process.argv.some((word) => word === "migrate" || word === "push");
if (reachesDatabase && url === "") {
  console.error("DATABASE_URL: is missing; it names the Postgres to be changed.");
  process.exit(1);
}

export default defineConfig({
  dialect: "postgresql",
  schema: "./src/db/schema.ts",
  out: "./drizzle",
  dbCredentials: { url },
  strict: true,
});
