export {};

declare module "vitest" {
  interface ProvidedContext {
    /** What the run leaves to chance begins with it, in every project but `architecture`. */
    seed: number;
    // What the global setup of the `worker` project tells its tests:
    /** Where the Neon driver must post: http://127.0.0.1:port/sql/secret */
    neonEndpoint: string;
    databaseUrl: string;
    /** Origin of the scripted model server; a test's base URL is `<modelServer>/s/<its own id>/v1`. */
    modelServer: string;
    /** Origin of the scripted search server; a test's base URL is `<searchServer>/s/<its own id>`. */
    searchServer: string;
    /** False for the embedded database, in which no two transactions overlap. */
    trueConcurrency: boolean;
    /** How hard the abuse suite tries. */
    abuse: { requests: number; isLong: boolean };
  }
}
