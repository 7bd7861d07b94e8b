/** The style of all pages. Colours have at least 4.5:1 contrast in both schemes (WCAG 2.2 AA). */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fcfcfb; --ink: #1b1d21; --soft: #5b616b; --line: #dfe1e4; --shade: #f1f2f3; --link: #0b57a4;
  --read: #1b6e3c; --write: #8a4b00;
  --sans: system-ui, -apple-system, "Segoe UI", sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181b; --ink: #e7e9ec; --soft: #a0a7b1; --line: #33373d; --shade: #1f2226; --link: #7ab7ff;
    --read: #6fd39a; --write: #f0b067;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); overflow-wrap: break-word; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible, pre:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px;
}
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 1rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 0 0 .25rem; }
h3 a { color: inherit; text-decoration: none; }
h3 a:hover { text-decoration: underline; }
h4 { font-size: .8rem; margin: 1.25rem 0 .4rem; color: var(--soft); text-transform: uppercase; letter-spacing: .05em; }
p { margin: .4rem 0; max-width: 44rem; }
code, pre { font: .875em/1.5 var(--mono); }
pre { margin: 0; padding: .75rem 1rem; background: var(--shade); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; }
main { padding: 1.5rem 1.25rem 6rem; max-width: 62rem; }
.plain { margin: 0 auto; max-width: 44rem; padding-top: 3rem; }
.soft { color: var(--soft); }
.layout > nav { padding: 1rem 1.25rem 0; }
nav ul { list-style: none; margin: 0 0 .75rem; padding: 0; }
nav li a { display: block; padding: .2rem .5rem; border-radius: 4px; text-decoration: none; color: var(--ink); font: .875rem/1.5 var(--mono); }
nav li a:hover { background: var(--shade); }
nav summary { font-weight: 600; cursor: pointer; padding: .5rem 0; }
label { display: block; font-size: .875rem; color: var(--soft); }
input { width: 100%; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft); border-radius: 6px; padding: .4rem .6rem; margin: .25rem 0 .75rem; }
.operation { margin: 0 0 2.25rem; padding-top: .25rem; }
.route { font: .9rem/1.5 var(--mono); margin: .25rem 0; }
.method { font-weight: 700; }
.GET { color: var(--read); } .POST, .PUT { color: var(--write); }
.traits { font-size: .875rem; color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .8rem; }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:first-child { white-space: nowrap; }
th:last-child { width: 50%; }
td b { font-weight: 600; color: var(--write); }
.copy { position: relative; }
.copy button { position: absolute; top: .4rem; right: .4rem; font: .8rem var(--sans); color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: 4px; padding: .15rem .5rem; cursor: pointer; }
[hidden] { display: none !important; }
@media (min-width: 60rem) {
  .layout { display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
  .layout > nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border-right: 1px solid var(--line); padding-bottom: 2rem; }
  main { padding: 2rem 2.5rem 6rem; }
}
@media (max-width: 40rem) {
  thead { position: absolute; left: -99rem; }
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  td { display: block; border: 0; padding: 0; }
}
`
