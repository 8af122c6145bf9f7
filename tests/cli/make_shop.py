"""Writes events.csv of the shop: 40 users, ten buyers an arm. Options leave things out."""

import sys

leave_out = set(sys.argv[1:])
print("user_id,event,ts,variant,amount")
for user in range(40):
    arm = "control" if user % 2 == 0 or "treatment" in leave_out else "treatment"
    day = 1 + user // 4
    if "assignments" not in leave_out:
        print(f"u{user},assigned,2026-01-{day:02} 09:00:00,{arm},")
    print(f"u{user},open,2026-01-{day:02} 10:00:00,,")
    if user % 4 < 2:
        print(f"u{user},buy,2026-01-{day:02} 11:00:00,,{5 + user % 7}")
