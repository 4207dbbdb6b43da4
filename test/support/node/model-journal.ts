import type { ReportedUsage } from "../../../dev/model-server/answer.ts";
import type { ChatCall, ChatMessage, ToolOffer } from "../../../dev/model-server/chat-call.ts";

/** One call as the model server saw it: the judge of what was asked, spent and delivered. */
export type JournalEntry = {
  call_id: string;
  /** Place in the scenario, from 1. */
  n: number;
  model: string;
  stream: boolean;
  messages: ChatMessage[];
  tools: ToolOffer[];
  body: Record<string, unknown>;
  authorization_present: boolean;
  accept_encoding: string | null;
  /** null until headers went out. */
  status: number | null;
  /** What the answer reports, also when a fault keeps it from arriving; null when it reports nothing. */
  usage: ReportedUsage | null;
  /** The answer was sent to its end. */
  finished: boolean;
  /** The client went away first. */
  client_closed: boolean;
  /** Milliseconds since the epoch, with fractions. */
  arrived_at_ms: number;
  /** The same of its end; null: it is under way. */
  ended_at_ms: number | null;
  /** Calls of this scenario under way at that moment, this one included. */
  in_flight_at_arrival: number;
};

const now = () => performance.timeOrigin + performance.now();

type Waiter = { isMet(): boolean; resolve(): void };

/** The calls of one scenario in order of arrival, and who waits for them. */
export class ModelJournal {
  readonly entries: JournalEntry[] = [];
  private readonly waiters = new Set<Waiter>();
  private inFlight = 0;

  arrive(call: ChatCall): JournalEntry {
    this.inFlight++;
    const entry: JournalEntry = {
      call_id: call.callId,
      n: this.entries.length + 1,
      model: call.model,
      stream: call.stream,
      messages: call.messages,
      tools: call.tools,
      body: call.body,
      authorization_present: call.authorizationPresent,
      accept_encoding: call.acceptEncoding,
      status: null,
      usage: null,
      finished: false,
      client_closed: false,
      arrived_at_ms: now(),
      ended_at_ms: null,
      in_flight_at_arrival: this.inFlight,
    };
    this.entries.push(entry);
    this.wake();
    return entry;
  }

  /** To be called once for every entry, when its answer is over, however it ended. */
  settle(entry: JournalEntry, end: Pick<JournalEntry, "status" | "finished" | "client_closed">): void {
    Object.assign(entry, end, { ended_at_ms: now() });
    this.inFlight--;
    this.wake();
  }

  /** Drops all entries; for a long run that reads none, since each holds a whole prompt. */
  clear(): void {
    this.entries.length = 0;
  }

  /** True once that many calls have arrived and that many are over; false when `timeoutMs` pass first. */
  async waitFor({ calls, settled, timeoutMs }: { calls: number; settled: number; timeoutMs: number }) {
    const isMet = () => this.entries.length >= calls && this.entries.length - this.inFlight >= settled;
    if (isMet()) return true;
    return new Promise<boolean>((resolve) => {
      const finish = (met: boolean) => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve(met);
      };
      const waiter = { isMet, resolve: () => finish(true) };
      const timer = setTimeout(() => finish(false), timeoutMs);
      this.waiters.add(waiter);
    });
  }

  private wake(): void {
    for (const waiter of this.waiters) if (waiter.isMet()) waiter.resolve();
  }
}
