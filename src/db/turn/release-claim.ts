import type { Catalog } from "../../domain/catalog.ts";
import type { Claim } from "../../domain/turn/claim.ts";
import type { StoredProblem } from "../../domain/turn/queued-turn.ts";
import { deleteThread } from "../checkpoint/checkpoints.ts";
import { type Db, postgresFields, repeatIfLost } from "../core/client.ts";
import { assertClaim, claimLost, deleteClaim, keepRefusal, markRunRefused } from "./claim-statements.ts";
import { deleteSurplusEstimates, insertSpendIfNew, type Spend } from "./late-spend.ts";
import { recordPrices } from "./record-prices.ts";

export type Release = {
  /** What past holders of the run spent; null: nothing. */
  spend: RefusedSpend | null;
  /** Token scales that the session takes over, by model alias (see session-state.ts). */
  refusalScales: Readonly<Record<string, number>>;
  /** Kept in the queue where the turn waited there. */
  problem: StoredProblem;
};

export type RefusedSpend = Spend & {
  catalog: Catalog;
  /** Of each call that is only estimated, the ids that its rows may have. */
  estimatedIds: string[][];
};

/**
 * Deletes the claim of a run that was refused after it was taken, and its checkpoints. What past holders spent goes into
 * the ledger in the same batch, and token scales into the session. The claim of another holder stays. So does the ledger, where
 * this request has deleted the claim before and its answer was lost. In these two cases it returns false.
 * @throws what else Postgres refuses.
 */
export async function releaseClaim(
  db: Db,
  claim: Claim,
  { spend, refusalScales, problem }: Release,
): Promise<boolean> {
  try {
    await repeatIfLost(db, () =>
      db.batch([
        assertClaim(claim),
        ...(spend === null ? [] : writeSpend(db, spend)),
        deleteThread(claim.runId),
        markRunRefused(claim, refusalScales),
        keepRefusal(claim, problem),
        deleteClaim(claim),
      ]),
    );
    return true;
  } catch (error) {
    if (postgresFields(error).code === claimLost) return false;
    throw error;
  }
}

function writeSpend(db: Db, { catalog, estimatedIds, ...spend }: RefusedSpend) {
  if (spend.ledger.length === 0) return [];
  return [
    ...recordPrices(db, spend.createdAt, catalog, spend.pricing),
    insertSpendIfNew(db, spend.ledger),
    ...deleteSurplusEstimates(estimatedIds),
  ];
}
