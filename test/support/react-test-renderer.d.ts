/** What tests use of it; the package has no types of its own. */
declare module "react-test-renderer" {
  import type { ReactNode } from "react";

  // biome-ignore lint/suspicious/noExplicitAny: the props of any element
  type Shown = { props: any; findByType(type: string): Shown; findAllByType(type: string): Shown[] };

  export function create(element: ReactNode): { root: Shown; unmount(): void };
}
