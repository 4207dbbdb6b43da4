import { deltaChannelHistoryTests, validate } from "@langchain/langgraph-checkpoint-validation";
import * as vitest from "vitest";
import { type CheckpointDatabase, startCheckpointDatabase } from "../../support/node/checkpoint-database.ts";
import type { RowSaver } from "../../support/row-saver.ts";

// LangGraph's own suite for savers takes vitest's functions for globals.
const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } = vitest;
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });

let database: CheckpointDatabase;

const initializer = {
  checkpointerName: "RowSaver",
  beforeAllTimeout: 30_000,
  async beforeAll() {
    database = await startCheckpointDatabase();
  },
  createCheckpointer: (): RowSaver => database.newSaver(),
  destroyCheckpointer: () => database.empty(),
  afterAll: () => database.stop(),
};

validate(initializer);

// Not among those that `validate` runs, though every saver of LangGraph's own is held to it.
deltaChannelHistoryTests(initializer);
