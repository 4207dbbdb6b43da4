import * as z from "zod";
import { giveUpFile } from "../db/files/parse-jobs.ts";
import { nameOfError } from "../domain/error-name.ts";
import { type ParserDeps, runParseJob } from "./run-parse-job.ts";

const parseMessage = z.object({ file_id: z.uuid() });

/** Names of queues that receive messages after their last attempt. */
const deadLetters = /^pantheon-parse-dead/;

/** Seconds before the second, third and fourth attempt. */
const retryDelaysSeconds = [5, 30, 120];

/**
 * Handles a batch of messages: parses each file. In a queue of dead letters it marks the file as failed instead. A
 * message without a file's id is dropped.
 */
export async function handleBatch(deps: ParserDeps, batch: MessageBatch<unknown>): Promise<void> {
  for (const message of batch.messages) {
    const read = parseMessage.safeParse(message.body);
    if (!read.success) {
      deps.log.warn("parse_message_unreadable", { message_id: message.id });
      message.ack();
      continue;
    }
    const { file_id: fileId } = read.data;
    try {
      if (!deadLetters.test(batch.queue)) await runParseJob(deps, fileId);
      else if (await giveUpFile(deps.db, fileId)) deps.log.warn("files_given_up", { files: [fileId] });
      message.ack();
    } catch (error) {
      deps.log.warn("parse_attempt_failed", {
        file_id: fileId,
        attempt: message.attempts,
        error: nameOfError(error),
      });
      message.retry({ delaySeconds: retryDelaysSeconds[message.attempts - 1] ?? 120 });
    }
  }
}
