import type { Page } from "playwright-core";

const maxTabs = 80;

/** Presses Tab until what has the focus is named so. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < maxTabs; presses += 1) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || !element.matches("button, a, input, textarea, select")) return "";
      const label = element.getAttribute("aria-label") ?? element.closest("label")?.textContent;
      return `${label ?? ""} ${element.textContent}`;
    });
    if (focused.includes(name)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not lead to ${name}`);
}
