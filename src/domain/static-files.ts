/** The binding of the platform that has the built files of the console. */
export type StaticFiles = {
  fetch(request: Request): Promise<Response>;
};
