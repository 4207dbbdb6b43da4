/** The part of papaparse that is used; its published types bring all of Node's. */
declare module "papaparse" {
  const Papa: {
    parse<Row>(
      text: string,
      options: { delimiter: string; skipEmptyLines: "greedy"; preview: number },
    ): { data: Row[] };
    unparse(rows: readonly (readonly string[])[]): string;
  };
  export default Papa;
}
