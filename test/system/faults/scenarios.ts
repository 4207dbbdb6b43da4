import type { Scenario } from "./scenario.ts";
import { budgetSequences } from "./scenarios/budget-sequences.ts";
import { cancels } from "./scenarios/cancels.ts";
import { databaseFaults } from "./scenarios/database-faults.ts";
import { dialectForms } from "./scenarios/dialects.ts";
import { kills } from "./scenarios/kills.ts";
import { lateCopies } from "./scenarios/late-copies.ts";
import { longLedger } from "./scenarios/long-ledger.ts";
import { lostClients } from "./scenarios/lost-clients.ts";
import { modelFaults } from "./scenarios/model-faults.ts";
import { objectFaults } from "./scenarios/object-faults.ts";
import { pauses } from "./scenarios/pauses.ts";
import { queues } from "./scenarios/queues.ts";
import { roomChanges } from "./scenarios/room-changes.ts";
import { killedRounds } from "./scenarios/rounds.ts";
import { keyStorms, sessionStorms } from "./scenarios/storms.ts";
import { twoObjects } from "./scenarios/two-objects.ts";
import { walletRaces } from "./scenarios/wallet-races.ts";
import { watchedKills } from "./scenarios/watched-kills.ts";
import { cutReaders, idleReaders, longTurn } from "./scenarios/watched-turns.ts";

/** Every kind of fault, in the order in which they are tried. */
export const scenarios: readonly Scenario[] = [
  kills,
  killedRounds,
  watchedKills,
  objectFaults,
  twoObjects,
  pauses,
  cancels,
  keyStorms,
  sessionStorms,
  lateCopies,
  databaseFaults,
  modelFaults,
  dialectForms,
  lostClients,
  roomChanges,
  walletRaces,
  budgetSequences,
  longLedger,
  queues,
  cutReaders,
  idleReaders,
  longTurn,
];
