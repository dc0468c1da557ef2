/* style.c - the style sheet of the page: light and dark, wide and narrow, print */
#include "report/style_priv.h"

#include <stddef.h>

const char *const lem_report_style[] = {
    ":root{color-scheme:light dark;--bg:#fdfdfc;--fg:#1d2126;--dim:#626b76;--edge:#dfe3e8;--card:#f4f6f8;--link:#1f5fbf;--good:#1b7f4b;--bad:#b3372f;"
    "--c0:#2767c9;--c1:#cf6a10;--c2:#20885a;--c3:#a83279;--c4:#6a55c9;--c5:#8a7100;--c6:#12848c;--c7:#7d4a2d}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e4e7eb;--dim:#98a2ae;--edge:#30363d;--card:#1d2227;--link:#82b1ff;--good:#5cc98d;"
    "--bad:#f28b82;--c0:#6ea6ff;--c1:#f5a04c;--c2:#5cc796;--c3:#ea86c0;--c4:#ab9bfa;--c5:#d8bd4a;--c6:#54c6cd;--c7:#c99774}}\n"
    "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}\n"
    "body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
    "main{max-width:56rem;margin:0 auto;padding:2.2rem 1.1rem 4rem}\n"
    "h1{font-size:1.85rem;line-height:1.2;margin:0 0 .3rem;letter-spacing:-.01em}h2{font-size:1.3rem;margin:2.6rem 0 .7rem;padding-top:.9rem;"
    "border-top:1px solid var(--edge)}h3{font-size:1.02rem;margin:1.7rem 0 .5rem}p{margin:.6rem 0;max-width:46rem}\n"
    ".sub{color:var(--dim);margin:0 0 1.2rem}a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}\n"
    "nav{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.92rem;margin:0 0 1.4rem}\n"
    ".note{border-left:3px solid var(--c0);background:var(--card);padding:.55rem .9rem;border-radius:0 6px 6px 0;max-width:46rem;font-size:.95rem}\n",

    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.6rem,1fr));gap:.7rem;margin:1rem 0}\n"
    ".tile{background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:.7rem .85rem}.tile b{display:block;font-size:1.55rem;"
    "line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums}.tile span{display:block;color:var(--dim);font-size:.85rem}\n"
    ".wide{overflow-x:auto;margin:.8rem "
    "0}table{border-collapse:collapse;min-width:min(100%,28rem);font-size:.94rem;font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;color:var(--dim);font-size:.88rem;padding:0 0 .35rem}th,td{text-align:left;padding:.34rem .8rem .34rem 0;"
    "border-bottom:1px solid "
    "var(--edge);vertical-align:top;unicode-bidi:isolate;overflow-wrap:anywhere}th{font-weight:600;border-bottom-color:var(--dim);white-space:nowrap}"
    "td+td,th+th{padding-left:.4rem}.num{text-align:right;white-space:nowrap}tr.mark td{font-weight:650}tbody tr:hover{background:var(--card)}\n"
    "dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem 1.2rem;margin:.8rem 0;font-size:.94rem}dt{color:var(--dim)}"
    "dd{margin:0;overflow-wrap:anywhere}@media(max-width:32rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.45rem}}\n",

    "figure{margin:1.1rem 0 1.5rem}figcaption{font-weight:600;font-size:.98rem;margin-bottom:.3rem}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;font-size:.88rem;color:var(--dim);margin:.1rem 0 .4rem}.legend i{display:inline-block;"
    "width:1.1rem;height:.22rem;border-radius:2px;margin-right:.42rem;vertical-align:.25em;background:currentColor}\n"
    "svg{display:block;width:100%;min-width:30rem;max-width:46rem;height:auto;font:12.5px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu "
    "Sans',sans-serif}\n"
    ".grid{stroke:var(--edge)}.axis{stroke:var(--dim)}.tick,.label{fill:var(--dim)}.line{fill:none;stroke:currentColor;stroke-width:2;"
    "stroke-linejoin:round;stroke-linecap:round}.dash{stroke-dasharray:6 4}.band{fill:currentColor;opacity:.14}.dot{fill:currentColor}\n"
    ".s0{color:var(--c0)}.s1{color:var(--c1)}.s2{color:var(--c2)}.s3{color:var(--c3)}.s4{color:var(--c4)}.s5{color:var(--c5)}.s6{color:var(--c6)}"
    ".s7{color:var(--c7)}\n"
    ".bars{display:grid;grid-template-columns:max-content minmax(6rem,1fr) max-content;gap:.5rem "
    ".8rem;align-items:center;max-width:46rem;font-size:.93rem;"
    "font-variant-numeric:tabular-nums}.track{position:relative;height:1.15rem;background:var(--card);border-radius:3px}.fill{position:absolute;"
    "inset:0 auto 0 0;"
    "background:var(--c0);opacity:.8;border-radius:3px}.ci{position:absolute;top:.24rem;bottom:.24rem;border:solid var(--fg);border-width:0 2px;"
    "background:linear-gradient(var(--fg),var(--fg)) center/100% 2px no-repeat}.bars span:nth-child(3n){text-align:right}.bars em{color:var(--dim);"
    "font-style:normal;font-size:.86em}\n",

    "details{border:1px solid var(--edge);border-radius:8px;margin:.6rem 0;padding:.5rem "
    ".9rem}summary{cursor:pointer;font-weight:600;overflow-wrap:anywhere}\n"
    ".part{margin:.75rem 0}.part>span{display:block;font-size:.84rem;color:var(--dim);margin-bottom:.2rem}pre{margin:0;white-space:pre-wrap;"
    "overflow-wrap:anywhere;background:var(--card);border-left:3px solid var(--edge);border-radius:0 6px 6px 0;padding:.5rem "
    ".75rem;unicode-bidi:isolate;"
    "font:.88rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans "
    "Mono',monospace}.good>pre{border-left-color:var(--good)}.good>span{color:var(--good)}"
    ".bad>pre{border-left-color:var(--bad)}.bad>span{color:var(--bad)}\n"
    "footer{margin-top:3rem;color:var(--dim);font-size:.85rem}\n"
    "@media "
    "print{body{background:#fff;color:#000}details>*{display:block}nav{display:none}h2,h3,figcaption{break-after:avoid}figure,tr,.tile{break-inside:"
    "avoid}}\n",
    NULL,
};
