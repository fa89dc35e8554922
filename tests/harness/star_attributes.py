"""Made-up attributes for the schools of the STAR plan, to standard output:
star_attributes.py PLAN.yaml DATA.csv"""
import csv
import sys

plan, data = sys.argv[1:]
with open(data, newline="", encoding="utf-8") as file:
    schools = sorted({row["school"] for row in csv.DictReader(file)}, key=int)
with open(plan, encoding="utf-8") as file:
    text = file.read()
text = text.replace("  test: knha\n", "  test: knha\n  by: [mechanism, teachers]\n")
text = text.replace("  level: agency\n", "  level: agency\n  smallest_effect: {reading: 5}\n")
print(text + "agencies:")
for place, school in enumerate(schools):
    # The last three have no attributes.
    mechanism = ["autonomy", "competence", "connection"][place % 3]
    attributes = ", attributes: {mechanism: %s, teachers: %d.5}" % (mechanism, place * 7 % 13)
    print("  - {name: %s, id: tn-%s%s}" % (school, school, attributes if place < len(schools) - 3 else ""))
print("  - {name: nowhere, attributes: {mechanism: autonomy}}")
