"""From bars to a verdict in ten lines."""

import nextclose as nc

bars = nc.load_bars("sample:AAPL")
X, y, dates = nc.make_windows(bars, seq_len=5)
print(X.shape, y.shape, dates[0])

study = nc.run(bars, recipes=["default"], seeds=2, test_start="2012-09-04", ladder=False)
for row in study.models:
    print(f"{row.name:12} skill {row.skill:+.3f}  {row.verdict}")
print(study.tomorrow[0])
