/** A message of the queue that wakes the parser. */
export type ParseMessage = { file_id: string };

/** The shape of the platform's own binding. A message may be lost, or come more than once. */
export type ParseQueue = { send(message: ParseMessage): Promise<unknown> };
