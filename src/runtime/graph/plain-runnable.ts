import { Runnable } from "@langchain/core/runnables";

/**
 * A function as LangGraph takes it for a node or an edge, and no more: given as it is, a function is wrapped
 * for tracing, callbacks and streams of its own, at every call.
 */
export class PlainRunnable<Input, Output> extends Runnable<Input, Output> {
  override lc_namespace = ["pantheon"];
  override name: string;
  readonly #run: (input: Input) => Output | Promise<Output>;

  constructor(name: string, run: (input: Input) => Output | Promise<Output>) {
    super();
    this.name = name;
    this.#run = run;
  }

  override async invoke(input: Input): Promise<Output> {
    return this.#run(input);
  }
}
