import { Markup } from "./markup.ts";

/** The looks of the reference page, for narrow and wide windows, light and dark. */
export const style = new Markup(`
:root { --text: #1c2330; --soft: #5b6475; --line: #dfe3ea; --back: #fff; --link: #1550c0; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ef; --soft: #9aa4b5; --line: #2e3643; --back: #12161c; --link: #86b0ff; }
}
* { box-sizing: border-box; }
body { margin: 0; color: var(--text); background: var(--back); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
a { color: var(--link); }
code { font: 0.9em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
h2 { margin: 2.5rem 0 0.5rem; font-size: 1.15rem; }
table { display: block; width: 100%; overflow-x: auto; border-collapse: collapse; }
th, td { padding: 0.3rem 1rem 0.3rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
th { border-top: 0; color: var(--soft); font-weight: 600; }
:target { outline: 2px solid var(--link); outline-offset: 2px; }
`);
