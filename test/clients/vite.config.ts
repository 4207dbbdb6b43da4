import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const pages = ["copilotkit", "assistant-ui-ag-ui", "assistant-ui-ai-sdk"];
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: at("./pages"),
  // It warns of each "use client" of the packages.
  logLevel: "error",
  build: {
    outDir: at("./dist"),
    emptyOutDir: true,
    chunkSizeWarningLimit: 20_000,
    rolldownOptions: { input: pages.map((page) => at(`./pages/${page}.html`)) },
  },
});
