const fixturePattern = /\[s(\d+)/;
const requestPattern = /\[s\d+ #(\d+)]/g;

/** Part of a user's message, and so of each prompt of its session. It names the fixture and the request. */
export function tagOf(fixtureId: number, request: number): string {
  return `[s${fixtureId} #${request}]`;
}

/** The same for texts that belong to no single request. */
export function fixtureTagOf(fixtureId: number): string {
  return `[s${fixtureId}]`;
}

export function readFixtureId(text: string): number | undefined {
  const [, fixtureId] = fixturePattern.exec(text) ?? [];
  return fixtureId === undefined ? undefined : Number(fixtureId);
}

/** The last request that a text names. In a prompt the user's message follows the history. */
export function readRequest(text: string): number | undefined {
  const [, request] = [...text.matchAll(requestPattern)].at(-1) ?? [];
  return request === undefined ? undefined : Number(request);
}
