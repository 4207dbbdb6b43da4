const scenePattern = /\[s(\d+)/;
const requestPattern = /\[s\d+ #(\d+)]/g;

/** Stands in a user's message, and so in every prompt of its session: whose it is, and which request. */
export function tagOf(sceneId: number, request: number): string {
  return `[s${sceneId} #${request}]`;
}

/** The same for what is said to many requests alike. */
export function sceneTagOf(sceneId: number): string {
  return `[s${sceneId}]`;
}

export function readSceneId(text: string): number | undefined {
  const [, sceneId] = scenePattern.exec(text) ?? [];
  return sceneId === undefined ? undefined : Number(sceneId);
}

/** The request that a text speaks of last: in a prompt the user's message follows the history. */
export function readRequest(text: string): number | undefined {
  const [, request] = [...text.matchAll(requestPattern)].at(-1) ?? [];
  return request === undefined ? undefined : Number(request);
}
