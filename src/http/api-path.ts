/** All routes but those for OpenAI's clients are below this path. */
export const apiPath = "/api/v1";

/** The routes for OpenAI's clients, whose base URL is the server and this path. */
export const openAiPath = "/v1";
