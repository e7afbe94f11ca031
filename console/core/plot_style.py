"""How plots look, on light and on dark ground."""

_LIGHT = """
.rc-plot{display:block;width:100%;height:auto;font:10.5px ui-sans-serif,system-ui,-apple-system,"Segoe UI",sans-serif}
.rc-plot text{fill:#57606a}
.rc-plot .heading{font-size:13px;font-weight:600;fill:#1f2328}
.rc-plot .key{fill:#1f2328}
.rc-plot .end{text-anchor:end}
.rc-plot .mid,.rc-plot .empty{text-anchor:middle}
.rc-plot .day{font-weight:600}
.rc-plot .empty{font-size:13px}
.rc-plot path{fill:none}
.rc-plot .grid{stroke:#d8dee4;stroke-width:.7}
.rc-plot .axis{stroke:#8c959f;stroke-width:1}
.rc-plot .line{stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}
.rc-plot .line.canary{stroke:#c2410c}
.rc-plot .line.baseline{stroke:#2563eb;stroke-dasharray:5 3.5}
.rc-plot .line.all{stroke:#0f766e}
.rc-plot .dot.canary{fill:#c2410c}
.rc-plot .dot.baseline{fill:#2563eb}
.rc-plot .dot.all{fill:#0f766e}
.rc-plot .limit{stroke-width:1}
.rc-plot .limit.target{stroke:#1a7f37;stroke-dasharray:1.5 3}
.rc-plot .limit.warning{stroke:#9a6700;stroke-dasharray:7 3}
.rc-plot .limit.critical{stroke:#cf222e}
.rc-plot .limit-name.target{fill:#1a7f37}
.rc-plot .limit-name.warning{fill:#9a6700}
.rc-plot .limit-name.critical{fill:#cf222e;font-weight:600}
.rc-plot .bad{fill:#cf222e;fill-opacity:.05}
.rc-plot .mark path{stroke:#6e40c9;stroke-width:1}
.rc-plot .mark text{fill:#6e40c9}
.rc-plot .mark.phase path{stroke:#57606a;stroke-dasharray:2 2}
.rc-plot .mark.phase text{fill:#57606a}
"""

_DARK = """
.rc-plot text{fill:#9198a1}
.rc-plot .heading,.rc-plot .key{fill:#e6edf3}
.rc-plot .grid{stroke:#2f363d}
.rc-plot .axis{stroke:#6e7681}
.rc-plot .line.canary{stroke:#fb923c}
.rc-plot .line.baseline{stroke:#60a5fa}
.rc-plot .line.all{stroke:#2dd4bf}
.rc-plot .dot.canary{fill:#fb923c}
.rc-plot .dot.baseline{fill:#60a5fa}
.rc-plot .dot.all{fill:#2dd4bf}
.rc-plot .limit.target{stroke:#3fb950}
.rc-plot .limit.warning{stroke:#d29922}
.rc-plot .limit.critical{stroke:#f85149}
.rc-plot .limit-name.target{fill:#3fb950}
.rc-plot .limit-name.warning{fill:#d29922}
.rc-plot .limit-name.critical{fill:#f85149}
.rc-plot .bad{fill:#f85149;fill-opacity:.09}
.rc-plot .mark path{stroke:#a371f7}
.rc-plot .mark text{fill:#b78bff}
.rc-plot .mark.phase path{stroke:#9198a1}
.rc-plot .mark.phase text{fill:#9198a1}
"""

PLOT_CSS = f"{_LIGHT}@media (prefers-color-scheme: dark){{{_DARK}}}".replace("\n", "")
"""One stylesheet for every plot on a page; it names no font or picture from outside."""
