"""Write the sample data of the examples: the same bytes at every run.

    python scripts/make_samples.py

The people, shops and figures are invented.
"""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "data"
ORDERS = 2_400

FIRST = "Ada Bruno Chiara Dmitri Elif Farid Grace Hiro Ines Jonas Kofi Lena Mateo Nadia Olu Priya Quinn Rosa Sven Tara".split()
LAST = "Adler Bianchi Costa Diallo Eriksen Fischer Garcia Hansen Ito Jansen Kowalski Lopez Moreau Novak Okafor Patel Rossi Silva".split()
COUNTRIES = {
    "DE": ("EUR", 22), "FR": ("EUR", 14), "IT": ("EUR", 10), "ES": ("EUR", 9), "NL": ("EUR", 7), "PL": ("PLN", 6),
    "US": ("USD", 18), "CA": ("CAD", 6), "MX": ("MXN", 3), "GB": ("GBP", 9), "JP": ("JPY", 4), "BR": ("BRL", 3),
    "AU": ("AUD", 3), "IN": ("INR", 3), "ZA": ("ZAR", 2),
}  # fmt: skip
STATUSES = {"paid": 70, "open": 14, "refunded": 6, "cancelled": 10}
PRODUCTS = [
    ("KB-101", "Keyboard", 79.0), ("MS-204", "Mouse", 29.5), ("MN-330", "Monitor 27\"", 249.0), ("HB-009", "USB hub", 24.9),
    ("WC-511", "Webcam", 64.0), ("HS-720", "Headset", 119.0), ("DS-880", "Desk lamp", 39.0), ("CH-415", "Office chair", 329.0),
    ("ST-050", "Laptop stand", 45.0), ("CB-002", "Cable set", 12.5), ("SP-610", "Speaker", 89.0), ("MC-340", "Microphone", 139.0),
]  # fmt: skip


def pick(random_: random.Random, weights: dict[str, int]) -> str:
    """One key, by weight."""
    return random_.choices(list(weights), list(weights.values()))[0]


def order(random_: random.Random, number: int, start: datetime) -> dict[str, Any]:
    """One order with one to five lines; now and then a customer without e-mail or a stray space in a name."""
    country = pick(random_, {code: weight for code, (_, weight) in COUNTRIES.items()})
    first, last = random_.choice(FIRST), random_.choice(LAST)
    lines = [
        {"sku": sku, "quantity": random_.randint(1, 4), "price": price}
        for sku, _, price in random_.sample(PRODUCTS, random_.choices([1, 2, 3, 4, 5], [45, 28, 15, 8, 4])[0])
    ]
    return {
        "id": f"A-{10_000 + number}",
        "placed_at": (start + timedelta(minutes=random_.randint(0, 60 * 24 * 90)))
        .isoformat()
        .replace("+00:00", "Z"),
        "status": pick(random_, STATUSES),
        "customer": {
            "first_name": f" {first}" if random_.random() < 0.03 else first,
            "last_name": last,
            "email": None if random_.random() < 0.04 else f"{first}.{last}{number % 97}@example.com".lower(),
        },
        "country": country,
        "currency": COUNTRIES[country][0],
        "lines": lines,
        "note": random_.choice(["", "", "", "", "gift", "call before delivery", "leave with neighbour"]),
    }


def main() -> None:
    """Write all files."""
    random_ = random.Random(2026)
    FOLDER.mkdir(parents=True, exist_ok=True)
    orders = [order(random_, number, datetime(2026, 6, 1, tzinfo=UTC)) for number in range(ORDERS)]
    orders.sort(key=lambda row: row["placed_at"])
    write_json("orders.json", orders)
    write_json("products.json", [{"sku": sku, "name": name, "price": price} for sku, name, price in PRODUCTS])
    stock = [
        {"sku": sku, "warehouse": w, "on_hand": random_.randint(0, 60)}
        for sku, _, _ in PRODUCTS[1:]
        for w in ("Berlin", "Lyon")
    ]
    write_json("stock.json", [*stock, {"sku": "XX-000", "warehouse": "Lyon", "on_hand": 7}])
    with (FOLDER / "customers.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "email", "country"])
        seen = {
            (o["customer"]["first_name"].strip(), o["customer"]["last_name"], o["country"]): o for o in orders
        }
        for (first, last, country), o in sorted(seen.items())[:300]:
            rows.writerow([f"{first} {last}", o["customer"]["email"] or "", country])


def write_json(name: str, rows: list[dict[str, Any]]) -> None:
    """One object a line, so that changes can be read."""
    body = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    (FOLDER / name).write_text(f"[\n{body}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
