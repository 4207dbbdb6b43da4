export {};

declare module "vitest" {
  /** What the global setup of the `worker` project tells its tests. */
  interface ProvidedContext {
    /** Where the Neon driver must post: http://host:port/sql */
    neonEndpoint: string;
    databaseUrl: string;
    /** Origin of the scripted model server; a test's base URL is `<modelServer>/s/<its own id>/v1`. */
    modelServer: string;
    /** Origin of the scripted search server; a test's base URL is `<searchServer>/s/<its own id>`. */
    searchServer: string;
    /** False for the embedded database, in which no two transactions overlap. */
    trueConcurrency: boolean;
    /** How hard the abuse suite tries; every run with this seed tries the same. */
    abuse: { seed: number; requests: number; isLong: boolean };
  }
}
