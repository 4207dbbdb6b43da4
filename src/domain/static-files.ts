/** The binding of the platform that has the built files of the console. */
export type StaticFiles = {
  readonly fetch: (request: Request) => Promise<Response>;
};
