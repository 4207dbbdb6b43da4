/** Loosely typed on purpose: what it holds is what a test asserts. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = any;
