import { Runnable } from "@langchain/core/runnables";

/**
 * The smallest runnable that LangGraph accepts for a node or an edge. A plain function would be wrapped at every call
 * for tracing, callbacks and streams that are not used here.
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
