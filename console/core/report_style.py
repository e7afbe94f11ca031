"""How a report looks in a browser and on paper."""

PAGE_CSS = """
:root{color-scheme:light dark;--ground:#f6f8fa;--page:#fff;--ink:#1f2328;--soft:#59636e;--line:#d8dee4;
--ok:#1a7f37;--off:#57606a;--unknown:#6e40c9;--broken:#6e40c9;--warning:#9a6700;--critical:#cf222e}
@media (prefers-color-scheme: dark){:root{--ground:#0d1117;--page:#151b23;--ink:#e6edf3;--soft:#9198a1;--line:#2f363d;
--ok:#3fb950;--off:#9198a1;--unknown:#b78bff;--broken:#b78bff;--warning:#d29922;--critical:#f85149}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:14px/1.5 ui-sans-serif,system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1320px;margin:0 auto;padding:28px 24px 64px}
header{background:var(--page);border:1px solid var(--line);border-left:6px solid var(--off);border-radius:8px;
padding:20px 24px 18px}
header.ok{border-left-color:var(--ok)}header.warning{border-left-color:var(--warning)}
header.critical{border-left-color:var(--critical)}header.unknown,header.broken{border-left-color:var(--unknown)}
.rollout{margin:0;color:var(--soft);font:12.5px ui-monospace,Menlo,Consolas,monospace}
h1{margin:2px 0 10px;font-size:23px;line-height:1.25}
h2{margin:34px 0 10px;font-size:17px}
h3{margin:22px 0 8px;font-size:14.5px}
.verdict{margin:0 0 14px;font-size:15px;overflow-wrap:anywhere}
.verdict strong{display:inline-block;margin-right:8px;padding:1px 10px;border:1.5px solid;border-radius:999px;
font-size:14px;white-space:nowrap}
.ok{color:var(--ok)}.off,.not{color:var(--off)}.unknown{color:var(--unknown)}.broken{color:var(--broken)}
.warning{color:var(--warning)}.critical{color:var(--critical)}
header.ok,header.off,header.not,header.unknown,header.broken,header.warning,header.critical{color:inherit}
dl{display:flex;flex-wrap:wrap;gap:8px 34px;margin:0 0 12px}
dt{color:var(--soft);font-size:12px}
dd{margin:0;overflow-wrap:anywhere}
.soak svg{display:block;width:100%;height:7px;border-radius:4px}
.soak .rest{fill:var(--line)}.soak .over{fill:#2563eb}
.note{margin:0 0 8px;color:var(--soft)}
.wide{overflow-x:auto;background:var(--page);border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%}
th,td{padding:6px 10px;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-size:12px;font-weight:600;white-space:nowrap}
td{white-space:nowrap}
td.long{white-space:normal;overflow-wrap:anywhere;min-width:13em}
tbody tr:last-child td{border-bottom:0}
.number{text-align:right;font-variant-numeric:tabular-nums}
.tone{font-weight:600;white-space:nowrap}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr));gap:16px}
figure{margin:0;padding:10px 8px 6px;background:var(--page);border:1px solid var(--line);border-radius:8px}
@page{size:A4 landscape;margin:11mm}
@media print{:root{color-scheme:light;--ground:#fff;--page:#fff;--ink:#1f2328;--soft:#59636e;--line:#d8dee4;
--ok:#1a7f37;--off:#57606a;--unknown:#6e40c9;--broken:#6e40c9;--warning:#9a6700;--critical:#cf222e}
body{background:none;font-size:10.5px}main{max-width:none;padding:0}h2{font-size:14px;margin-top:18px}
.wide{overflow:visible;border-radius:0}th,td{padding:3px 6px}td,th{white-space:normal;overflow-wrap:anywhere}
td.long{min-width:0}figure,tr{break-inside:avoid}h2,h3{break-after:avoid}thead{display:table-header-group}}
""".replace("\n", "")
"""The page's stylesheet; it names no font or picture from outside."""
