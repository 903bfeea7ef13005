/** The style sheet of the report, but for its colours. */
export const STYLE = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-behavior:smooth;scroll-padding-top:4.2rem}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;overflow-wrap:break-word}
a{color:inherit;text-decoration-color:var(--muted);text-underline-offset:.18em;text-decoration-thickness:1px}
a:hover{color:var(--accent);text-decoration-color:currentColor}
:focus-visible{outline:2px solid var(--accent);outline-offset:3px;border-radius:2px}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
h1,h2,h3,h4,p,ul,dl,figure{margin:0}
h1,h2,h3,h4{line-height:1.25;text-wrap:balance;font-weight:640}
h1,h2,h3,td,th,dd{overflow-wrap:anywhere}
h1{font-size:clamp(1.9rem,1.2rem + 3.2vw,3rem);letter-spacing:-.025em;line-height:1.1}
h2{font-size:1.55rem;letter-spacing:-.015em}
h3{font-size:1.08rem}
h4{font-size:.9rem;font-weight:500;color:var(--muted)}
ul{padding:0;list-style:none}
.page{max-width:66rem;margin:0 auto;padding:0 1.25rem 4rem;overflow-x:clip}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:1rem;top:-4rem;z-index:2;background:var(--ink);color:var(--paper);padding:.5rem 1rem;border-radius:3px}
.skip:focus{top:1rem;color:var(--paper)}
.top{display:flex;align-items:center;gap:.4rem 1.6rem;padding:.8rem 0;font-size:.85rem;color:var(--muted)}
.top>strong{color:var(--ink);font-weight:640;white-space:nowrap}
.top nav{flex:1}
.top ul{display:flex;flex-wrap:wrap;gap:0 1.15rem}
.top nav a{display:inline-block;padding:.25rem 0;text-decoration:none}
.top nav a:hover{text-decoration:underline}
button{font:inherit;font-size:.82rem;color:var(--ink);background:none;border:1px solid var(--rule);border-radius:999px;padding:.3rem .85rem;min-height:2.1rem;cursor:pointer}
button:hover{border-color:var(--muted)}
.title{padding:2.2rem 0 1.6rem;max-width:46rem}
.summary{font-size:1.18rem;line-height:1.5;margin-top:1.1rem;text-wrap:pretty}
.made{margin-top:.9rem;color:var(--muted);font-size:.92rem}
main>section{padding-top:4.2rem}
main>section>h2{padding-bottom:.7rem;border-bottom:1px solid var(--ink);margin-bottom:1.5rem}
main>section.first{padding-top:0}
.lead,figcaption,.says,.note{max-width:42rem;text-wrap:pretty}
.lead{margin-bottom:1.4rem}
.note{color:var(--muted);font-size:.92rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums lining-nums;width:100%}
caption{text-align:left;color:var(--muted);font-size:.86rem;padding-bottom:.5rem}
th{font-weight:inherit;text-align:left;padding-inline:0}
td{padding-inline:0}
.results thead th{font-size:.86rem;font-weight:600;border-bottom:1px solid var(--ink);padding:.3rem 0;vertical-align:bottom}
.results thead th+th{width:19%;padding-left:1.6rem}
.results.with-ends thead th+th{width:22.5%}
.results .group th{padding:1.15rem 0 .25rem;font-size:.86rem;color:var(--muted)}
.results tbody:nth-of-type(1) .group th{padding-top:.7rem}
.results tbody tr:not(.group)>*{padding-block:.3rem;border-top:1px solid var(--rule);vertical-align:top;line-height:1.4}
.results td{padding-left:1.6rem}
.cell{display:grid;grid-template-columns:2.5em minmax(2rem,1fr);column-gap:.7em;align-items:center}
.with-ends .cell{grid-template-columns:2.5em minmax(2rem,1fr) 4.6rem}
.value{text-align:right}
.ends{font-size:.74rem;color:var(--muted);white-space:nowrap}
.bar{position:relative;height:.5rem;background:var(--soft)}
.bar i{position:absolute;inset:0 auto 0 0;background:var(--bar)}
.bar b{position:absolute;top:50%;height:1px;min-width:1px;background:var(--ink);box-shadow:0 0 0 .5px var(--paper)}
.merged .bar i{background:var(--bar-merged)}
.best .bar i{background:var(--accent)}
.best>th,.best .value{font-weight:700}
.tag{font-size:.72rem;font-weight:600;color:var(--accent);white-space:nowrap;display:inline-block}
details{margin-top:.9rem;font-size:.92rem}
summary{cursor:pointer;color:var(--muted);padding:.3rem 0;width:fit-content}
summary:hover{color:var(--ink)}
.scroll{overflow-x:auto;margin-top:.4rem;border-top:1px solid var(--rule);border-bottom:1px solid var(--rule)}
.scroll caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.scroll table{font-size:.86rem}
.scroll th,.scroll td{padding:.35rem 1.1rem .35rem 0;vertical-align:top;white-space:nowrap}
.scroll thead th{font-weight:600;border-bottom:1px solid var(--rule)}
.scroll tbody tr+tr>*{border-top:1px solid var(--rule)}
.scroll .prose{display:block;white-space:normal;min-width:16rem;max-width:26rem}
.scroll code{color:var(--muted)}
figure{padding-top:2.6rem}
figure+details{margin-top:.7rem}
h2+figure,h2+.lead+figure{padding-top:0}
figure h3 .number{color:var(--muted);font-weight:400;margin-right:.35em}
.says{margin-top:.3rem}
.legend{display:flex;flex-wrap:wrap;gap:.15rem 1.3rem;margin:.9rem 0 0;font-size:.86rem}
.legend li{display:flex;align-items:center;gap:.45rem}
.panels{display:grid;gap:1.2rem 2rem;margin-top:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr))}
.pair .panels{grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr))}
.small .panels{grid-template-columns:repeat(4,minmax(0,1fr));gap:1.2rem 1rem}
.wide .panel{max-width:41rem}
.narrow{display:none}
@media (min-width:46rem){
figure.pair{display:grid;grid-template-columns:1fr 1fr;column-gap:2rem}
figure.pair>*{grid-column:1/-1}
figure.pair>.panels{display:contents}
figure.pair>.panels>.panel{margin-top:1.2rem}
figure.pair.odd>figcaption{grid-column:2;margin-top:2.6rem}
}
@media (min-width:60rem){
.top{position:sticky;top:0;z-index:1;background:var(--paper);border-bottom:1px solid var(--rule)}
figure.wide{display:grid;grid-template-columns:minmax(0,1fr) 16rem;column-gap:2.6rem}
figure.wide>*{grid-column:1/-1}
figure.wide>.panels{grid-column:1}
figure.wide>figcaption{grid-column:2;margin-top:1.2rem}
}
.pair .panel{max-width:30rem}
.panel-title{font-size:.86rem;font-weight:600;line-height:1.3}
svg.plot{display:block;font-size:12px;max-width:100%;overflow:visible;font-variant-numeric:tabular-nums}
.panel svg.plot{width:100%;height:auto}
svg.plot text{white-space:pre;font-family:inherit}
figcaption{margin-top:1.1rem;font-size:.92rem;color:var(--muted)}
figcaption a{color:inherit}
.expectations li{padding:.9rem 0;border-top:1px solid var(--rule);display:grid;gap:.2rem;max-width:46rem}
.expectations .mark{display:inline-block;width:1.3em;font-weight:700}
.expectations .verdict{font-size:.82rem;color:var(--muted);margin-right:.5em}
.missed .mark,.missed .verdict{color:var(--accent)}
.expectations p+p{color:var(--muted);font-size:.94rem}
.samples+.samples{margin-top:2.4rem}
.samples h4{margin:1rem 0 .6rem}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.6rem,1fr));gap:1.3rem 1.3rem}
.cards img{display:block;image-rendering:pixelated;border:1px solid var(--rule);background:var(--soft)}
.cards li{display:grid;grid-template-columns:auto 1fr;column-gap:.7rem;align-items:end}
.truth{font-size:1.6rem;font-weight:640;line-height:1;font-variant-numeric:lining-nums}
.cards dl{grid-column:1/-1;font-size:.76rem;line-height:1.45;margin-top:.4rem}
.cards dl div{display:flex;justify-content:space-between;align-items:baseline;gap:.6rem;padding:.08rem 0}
.cards dt{color:var(--muted);min-width:0;line-height:1.3}
.cards dd{margin:0;font-variant-numeric:tabular-nums}
.cards s{color:var(--accent);font-weight:700;text-decoration-thickness:1.5px}
.copyable{margin:.8rem 0 1.6rem;border:1px solid var(--rule);border-radius:4px}
.copyable p{display:flex;justify-content:space-between;align-items:center;min-height:2.6rem;padding:.2rem .4rem .2rem 1rem;font-size:.82rem;color:var(--muted);border-bottom:1px solid var(--rule)}
.copyable pre{margin:0;background:var(--soft);padding:.9rem 1rem;overflow-x:auto;line-height:1.5;max-height:30rem}
.copy{border-color:transparent;min-height:1.9rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,13rem),1fr));gap:.9rem 2rem;margin-bottom:1.8rem}
.facts dt{font-size:.82rem;color:var(--muted)}
.facts dd{margin:0;overflow-wrap:anywhere}
.papers li{padding:.5rem 0;max-width:46rem;font-size:.94rem}
.papers li:target{background:var(--soft)}
footer{margin-top:4rem;padding-top:1rem;border-top:1px solid var(--rule);font-size:.85rem;color:var(--muted)}
@media (max-width:40rem){
.wide-only{display:none}
.narrow{display:block}
.top{flex-wrap:wrap}
.top>strong{flex:1}
.top nav{order:1;flex:0 0 100%}
.top nav a{padding:.15rem 0}
.page{padding:0 1rem 3rem}
.title{padding:1.1rem 0 1.2rem}
.summary{font-size:1.06rem}
main>section{padding-top:3.2rem}
.cell,.with-ends .cell{grid-template-columns:1fr;row-gap:.15rem}
.value{text-align:left}
.results thead th+th,.results.with-ends thead th+th{width:22%;padding-left:.7rem}
.results td{padding-left:.7rem}
.results{font-size:.9rem}
.cards{grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr))}
.panels{gap:1.2rem .8rem}
.small .panels{grid-template-columns:repeat(2,minmax(0,1fr));gap:1rem .8rem}
}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media print{
@page{margin:16mm 14mm}
body{font-size:10pt;line-height:1.45}
.page{max-width:none;padding:0}
.skip,.top button,.top nav,.copy{display:none!important}
.bar,.bar i,.bar b,.cards img,.copyable pre{-webkit-print-color-adjust:exact;print-color-adjust:exact}
main>section{padding-top:1.6rem}
figure,.panel,.cards li,.expectations li,.papers li,tr{break-inside:avoid}
figure.small,figure:has(details[open]){break-inside:auto}
figure.wide,figure.pair{display:block}
.narrow{display:none}
.wide-only{display:block!important}
h2,h3,h4,.says,.group{break-after:avoid}
details:not([open]){display:none}
.panels,figure.pair>.panels{display:grid;grid-template-columns:1fr 1fr}
.small .panels{grid-template-columns:repeat(4,1fr)}
.wide .panels{grid-template-columns:1fr}
.copyable pre{white-space:pre-wrap;overflow-wrap:anywhere;max-height:none}
.results{font-size:9pt}
.results tbody tr:not(.group)>*{padding-block:.12rem}
.results .group th{padding-top:.6rem}
.wide .panel{max-width:125mm}
.scroll{overflow:visible}
.scroll th,.scroll td{white-space:normal}
a{text-decoration:none}
}
`;
