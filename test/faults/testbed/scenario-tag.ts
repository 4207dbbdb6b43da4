const tagPattern = /\[s(\d+) #(\d+)]/g;

/** Stands in a user's message, and so in every prompt of its session: whose it is, and which request. */
export function tagOf(sceneId: number, request: number): string {
  return `[s${sceneId} #${request}]`;
}

/** The scene and the request that a text speaks of last: in a prompt the user's message follows the history. */
export function readTag(text: string): { sceneId: number; request: number } | undefined {
  const [, sceneId, request] = [...text.matchAll(tagPattern)].at(-1) ?? [];
  return sceneId === undefined ? undefined : { sceneId: Number(sceneId), request: Number(request) };
}
