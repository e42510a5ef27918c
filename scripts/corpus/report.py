"""The tables of docs/corpus.md."""

import re


def tables(statistics):
    licenses = {package["name"]: package["license"] for package in statistics["packages"]}
    rows = [
        "| source | license | documents | texts | words | validation | held out |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    other = {
        split: {row["source"]: row["texts"] for row in statistics["splits"][split]}
        for split in ("validation", "heldout")
    }
    total = [0] * 5
    for row in statistics["splits"]["train"]:
        name = row["source"]
        license = "; ".join(
            sorted({licenses[package] for package in statistics["sources"].get(name, ()) if package in licenses})
        )
        numbers = [row["documents"], row["texts"], row["words"], *(other[split].get(name, 0) for split in other)]
        total = [a + b for a, b in zip(total, numbers, strict=True)]
        rows.append(f"| {name} | {license or 'as their documents'} | {' | '.join(f'{n:,}' for n in numbers)} |")
    rows.append(f"| **all** | | {' | '.join(f'**{n:,}**' for n in total)} |")

    rows += ["", "| why left out | texts or documents |", "| --- | ---: |"]
    reasons = {}
    for why in statistics["dropped"].values():
        for reason, count in why.items():
            reasons[reason] = reasons.get(reason, 0) + count
    rows += [f"| {reason} | {count:,} |" for reason, count in sorted(reasons.items()) if count]

    rows += [
        "",
        "| package | registry | version | license | SHA-256 of the download |",
        "| --- | --- | --- | --- | --- |",
    ]
    for package in statistics["packages"]:
        rows.append("| {name} | {registry} | {version} | {license} | `{sha256}` |".format(**package))

    rows += ["", f"Seed {statistics['seed']}. Held-out file: SHA-256 `{statistics['held_out_file'] or 'none'}`.", ""]
    rows += ["| file | MB | SHA-256 |", "| --- | ---: | --- |"]
    for name, file in statistics["files"].items():
        rows.append(f"| {name} | {file['bytes'] / 1e6:.1f} | `{file['sha256']}` |")
    return "\n".join(rows)


def rewrite(page, statistics):
    """Puts the tables between the page's marks and leaves the rest of it alone."""
    text = page.read_text(encoding="utf-8")
    marks = re.compile(r"(<!-- tables -->\n).*(<!-- /tables -->)", re.S)
    if not marks.search(text):
        raise ValueError(f"{page}: expected the marks <!-- tables --> and <!-- /tables -->")
    page.write_text(marks.sub(lambda mark: f"{mark[1]}\n{tables(statistics)}\n\n{mark[2]}", text), encoding="utf-8")
