"""The programs of the demo project, run in the sandbox like anybody's."""

GROWTH = """\
import io
import urllib.request

import matplotlib.pyplot as plt
import pandas as pd

# The first uploaded file, by its signed link.
files = memory.get_content("sessionMeta")["content"]["artifacts"]
workbook = urllib.request.urlopen(files[0]["downloadUrl"]).read()
sales = pd.read_excel(io.BytesIO(workbook)).set_index("Month")

growth = ((sales.loc["Dec"] / sales.loc["Jan"] - 1) * 100).round(1)
table = pd.DataFrame({"Region": sales.columns, "Year total": sales.sum().round(1).values, "Growth %": growth.values})
artifact("Sales by region", table)

best = growth.idxmax()
artifact("Summary", f"{best} grew fastest: {growth[best]} % from January to December.")

figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
sales.plot(ax=axes, linewidth=2)
axes.set_title("Sales by month and region")
axes.set_ylabel("thousand")
axes.spines[["top", "right"]].set_visible(False)
figure.savefig("sales-by-month.png", dpi=150)

print(table.to_string(index=False))
"""

BARS = '''\
import json

import pandas as pd

sales = pd.read_excel("files/sales-2026.xlsx").set_index("Month")
data = [{"region": region, "total": round(total, 1)} for region, total in sales.sum().items()]
html = """<!doctype html><meta charset="utf-8"><title>Totals</title>
<style>body{font:14px system-ui;margin:24px;color:#1f2933}svg{max-width:720px}
rect{fill:#4f6bed}text{fill:currentColor}</style>
<svg id="c" viewBox="0 0 560 220" role="img" aria-label="Totals by region"></svg>
<script>
const rows = DATA, largest = Math.max(...rows.map(r => r.total)), svg = document.getElementById("c");
rows.forEach((r, i) => {
  const y = 12 + i * 50, w = 380 * r.total / largest;
  svg.insertAdjacentHTML("beforeend", `<rect x="70" y="${y}" width="${w}" height="32" rx="4"/>
    <text x="0" y="${y + 21}">${r.region}</text><text x="${w + 78}" y="${y + 21}">${r.total}</text>`);
});
</script>""".replace("DATA", json.dumps(data))
artifact("Totals by region", {"html": html, "visualization_data": data})
'''

REPORT = '''\
from pathlib import Path

Path("growth.py").write_text(
    "def growth(first: float, last: float) -> float:\\n"
    '    """Growth in per cent."""\\n'
    "    return round((last / first - 1) * 100, 1)\\n"
)
Path("plan.md").write_text(
    "# Plan for next year\\n\\n| Region | Aim | Owner |\\n| --- | ---: | --- |\\n"
    "| West | 12 % | Sam |\\n| East | 3 % | Kim |\\n\\n- [x] Depot opened\\n- [ ] Visit the two lost customers\\n"
)
Path("report.html").write_text(
    "<!doctype html><meta charset=utf-8><title>Report</title><style>body{font:16px/1.6 Georgia,serif;max-width:40em;"
    "margin:3em auto}</style><h1>Regional review</h1><p>The West grew fastest; the East is flat.</p>"
)
print("Wrote", *sorted(path.name for path in Path().glob("*.*")))
'''
