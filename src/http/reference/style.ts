import { Markup } from "./markup.ts";

/** The looks of the reference page, for narrow and wide windows, light and dark. */
export const style = new Markup(`
:root { --text: #1c2330; --soft: #5b6475; --line: #dfe3ea; --back: #fff; --panel: #f6f7f9; --link: #1550c0; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ef; --soft: #9aa4b5; --line: #2e3643; --back: #12161c; --panel: #1a2029; --link: #86b0ff; }
}
* { box-sizing: border-box; }
body { margin: 0; color: var(--text); background: var(--back); font: 16px/1.5 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
code, pre { font: 0.9em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { padding: 0.75rem; overflow-x: auto; background: var(--panel); border-radius: 6px; }
nav { padding: 0.5rem 1rem; background: var(--panel); border-bottom: 1px solid var(--line); }
nav a { display: none; font-size: 0.9rem; }
nav a.group { display: inline-block; padding: 0.25rem 0.75rem 0.25rem 0; font-weight: 600; text-transform: capitalize; }
main { padding: 1rem; max-width: 60rem; }
h1 { margin: 0.5rem 0; }
h2 { margin: 2.5rem 0 0.25rem; padding-bottom: 0.25rem; border-bottom: 1px solid var(--line); text-transform: capitalize; }
h3 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; }
h4 { margin: 1rem 0 0.25rem; font-size: 0.9rem; color: var(--soft); }
article { margin: 1rem 0; padding: 1rem; border: 1px solid var(--line); border-radius: 8px; }
table { display: block; width: 100%; overflow-x: auto; border-collapse: collapse; font-size: 0.92rem; }
th, td { padding: 0.3rem 1rem 0.3rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
td:first-child { white-space: nowrap; }
th { border-top: 0; color: var(--soft); font-weight: 600; }
td b { margin-left: 0.15rem; color: #c2410c; }
small { color: var(--soft); }
.method { display: inline-block; min-width: 4.2rem; padding: 0 0.4rem; border-radius: 4px; color: #fff; font-size: 0.8rem; text-align: center; }
.get { background: #1d6f42; } .post { background: #1550c0; } .put, .patch { background: #96580b; } .delete { background: #b3261e; }
:target { outline: 2px solid var(--link); outline-offset: 2px; }
@media (min-width: 60rem) {
  body { display: grid; grid-template-columns: 18rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; height: 100vh; padding: 1rem; overflow-y: auto; border: 0; border-right: 1px solid var(--line); }
  nav a { display: block; padding: 0.1rem 0 0.1rem 0.75rem; }
  nav a.group { display: block; padding: 0.6rem 0 0.1rem; }
  main { padding: 1.5rem 2.5rem 4rem; }
}
`);
