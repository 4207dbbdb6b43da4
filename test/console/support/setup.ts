import type { TestProject } from "vitest/node";
import { startForBrowser } from "./start-for-browser.ts";

export default function setup(project: TestProject): Promise<() => Promise<void>> {
  return startForBrowser(project);
}
