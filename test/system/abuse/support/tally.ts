/** Counts answers by route and by status and code. */
export function createTally() {
  const counts = new Map<string, Map<string, number>>();
  const of = (route: string) => counts.get(route) ?? new Map<string, number>();
  return {
    add(route: string, status: number, code: string | undefined): void {
      const kind = code === undefined ? `${status}` : `${status} ${code}`;
      counts.set(route, new Map(of(route)).set(kind, (of(route).get(kind) ?? 0) + 1));
    },
    /** How many answers of a route `fits` a status. */
    count: (route: string, fits: (status: number) => boolean): number =>
      [...of(route)].reduce((sum, [kind, count]) => (fits(Number.parseInt(kind, 10)) ? sum + count : sum), 0),
    total: (): number => [...counts.values()].flatMap((of) => [...of.values()]).reduce((a, b) => a + b, 0),
    /** A line for each route, then one for each status of all of them. */
    describe(): string {
      const byStatus = new Map<string, number>();
      const lines = [...counts].map(([route, of]) => {
        for (const [kind, count] of of) byStatus.set(kind, (byStatus.get(kind) ?? 0) + count);
        return `${route.padEnd(62)} ${listOf(of)}`;
      });
      return [...lines, "", `${"all".padEnd(62)} ${listOf(byStatus)}`].join("\n");
    },
  };
}

function listOf(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([kind, count]) => `${kind}: ${count}`).join(", ");
}
