/** All routes are below this path. */
export const apiPath = "/api/v1";
