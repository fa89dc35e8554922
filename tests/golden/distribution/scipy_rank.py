# A second route to rank.csv's unblocked lines: /usr/bin/python3 scipy_rank.py, from this folder.
# scipy 1.10.1; says how far statistic and p-value are from rank.csv's.
import csv
from scipy.stats import brunnermunzel

data = list(csv.DictReader(open("data.csv")))
for case in csv.DictReader(open("rank.csv")):
    if (case["block"], case["cluster"], case["weight"]) != ("0", "0", "0"):
        continue
    of = lambda arm: [float(r[case["outcome"]]) for r in data if r["arm"] == arm and r[case["outcome"]]]
    got = brunnermunzel(of("c"), of("t"))
    statistic = (float(case["estimate"]) - 0.5) / float(case["std_error"])
    worst = max(abs(got.statistic / statistic - 1), abs(got.pvalue / float(case["p_value"]) - 1))
    assert worst < 1e-9, (case, got)
    print(case["outcome"], "%.1e" % worst)
