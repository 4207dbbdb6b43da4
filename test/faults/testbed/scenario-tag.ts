const tagPattern = /\[s(\d+) #(\d+)]/g;

/** Stands in a user's message, and so in every prompt of its session: whose it is, and which request. */
export function tagOf(sceneId: number, request: number): string {
  return `[s${sceneId} #${request}]`;
}

/** The scene and the latest request that a text speaks of. */
export function readTag(text: string): { sceneId: number; request: number } | undefined {
  const tags = [...text.matchAll(tagPattern)].map(
    ([, scene, request]) => [Number(scene), Number(request)] as const,
  );
  const [sceneId] = tags[0] ?? [];
  if (sceneId === undefined) return undefined;
  return { sceneId, request: Math.max(...tags.map(([, request]) => request)) };
}
