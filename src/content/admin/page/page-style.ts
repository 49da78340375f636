/** How the page looks: light or dark as the system is, at any width. */

/** The style sheet. */
export const pageStyle: string = `
:root {
  color-scheme: light;
  --ground: #f5f7f9; --panel: #fff; --line: #d5dce3; --ink: #17212b; --soft: #55636f; --mark: #eaf1f7;
  --link: #0b5cad; --good: #13713a; --warn: #8a5300; --bad: #b3201b; --on: #fff;
}
@media (prefers-color-scheme: dark) {
  :root {
    color-scheme: dark;
    --ground: #0f151b; --panel: #18212a; --line: #33404c; --ink: #e6edf3; --soft: #9fb0be; --mark: #22303c;
    --link: #7cbcff; --good: #5fd08a; --warn: #f0b45b; --bad: #ff8f88; --on: #0f151b;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: 4rem; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: 1rem; background: var(--panel); padding: .5rem; z-index: 3; }
.away { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
header, main { max-width: 1240px; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; padding-top: 1rem; }
h1 { font-size: 1.35rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 .7rem; }
h3 { font-size: .95rem; margin: 1rem 0 .4rem; overflow-wrap: anywhere; }
header .who { margin-left: auto; color: var(--soft); overflow-wrap: anywhere; }
.tools { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; width: 100%; color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
main { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; padding-top: 1rem; padding-bottom: 4rem; }
section { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 1rem; min-width: 0; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 99px; padding: 0 .6rem; font-weight: 600; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); } .soft { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .6rem; margin: 0; }
.tiles div { background: var(--mark); border-radius: 8px; padding: .5rem .7rem; min-width: 0; }
.tiles dt { color: var(--soft); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.3rem; font-weight: 600; font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: collapse; margin-top: 1rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { text-align: left; padding: .35rem .6rem .35rem 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
thead th { white-space: nowrap; border-top: 0; color: var(--soft); font-weight: 500; font-size: .85rem; }
tbody th { font-weight: 500; }
tbody th, .long { overflow-wrap: anywhere; }
.number, .short { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
.key, pre, code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .88rem; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; background: var(--mark); padding: .7rem; border-radius: 8px; max-height: 24rem; overflow-y: auto; }
form { display: flex; flex-wrap: wrap; gap: .7rem; align-items: end; }
label { display: grid; gap: .2rem; font-size: .9rem; color: var(--soft); min-width: 0; }
label.grow { flex: 1 1 14rem; } label.whole { flex: 1 1 100%; }
p.hint { margin: 0; flex: 1 1 100%; }
p.hint:empty { display: none; }
label.tick { display: flex; align-items: center; gap: .4rem; }
input, select, textarea, button { font: inherit; color: var(--ink); background: var(--panel); border: 1px solid var(--soft); border-radius: 7px; padding: .4rem .6rem; max-width: 100%; min-height: 2.4rem; }
input[type=checkbox] { min-height: 0; width: 1.1rem; height: 1.1rem; accent-color: var(--link); }
textarea { min-height: 4.5rem; resize: vertical; }
input:not([type=checkbox]), select, textarea { width: 100%; }
button { cursor: pointer; font-weight: 600; }
button:hover { background: var(--mark); }
button.do { background: var(--link); border-color: var(--link); color: var(--on); }
button.drop { background: var(--bad); border-color: var(--bad); color: var(--on); }
button:disabled { opacity: .55; cursor: default; }
.row { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin-top: .8rem; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem .9rem; margin: .4rem 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
.list { margin: .3rem 0; padding-left: 1.1rem; max-height: 14rem; overflow-y: auto; }
meter { width: 4.5rem; height: .7rem; vertical-align: middle; margin-right: .4rem; }
#said { position: sticky; bottom: 0; z-index: 2; margin: 0 auto; max-width: 1240px; padding: 0 1rem; }
#said p { margin: 0 0 .8rem; padding: .6rem .9rem; border-radius: 8px; background: var(--ink); color: var(--ground); overflow-wrap: anywhere; }
dialog { border: 1px solid var(--line); border-radius: 10px; background: var(--panel); color: var(--ink); width: min(30rem, calc(100vw - 2rem)); }
dialog::backdrop { background: rgb(0 0 0 / .5); }
@media (min-width: 900px) {
  main { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .whole-width { grid-column: 1 / -1; }
}
@media (max-width: 700px) {
  table, tbody { display: block; }
  caption { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 1rem; border-top: 1px solid var(--line); padding: .4rem 0; }
  tbody th { grid-column: 1 / -1; border: 0; padding: 0; }
  tbody td { display: flex; justify-content: space-between; gap: .6rem; border: 0; padding: .1rem 0; text-align: right; }
  tbody td::before { content: attr(data-label); flex: none; color: var(--soft); text-align: left; font-family: system-ui, sans-serif; }
  tbody td.long { grid-column: 1 / -1; }
  tbody td > span { min-width: 0; }
  meter { display: none; }
  tbody td.none { grid-column: 1 / -1; }
  tbody td.none::before { content: none; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
