#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fail on links to what is not there, in Markdown and in the documentation made of it.

Usage: check-links.py ROOT [FOLDER-WITH-HTML]
"""

import html.parser
import pathlib
import re
import sys
import urllib.parse

MARKDOWN_LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors.update(filter(None, (values.get("id"), values.get("name"))))
        if tag == "a" and values.get("href"):
            self.links.add(values["href"])


def check_markdown(root: pathlib.Path):
    for path in [*root.glob("*.md"), *root.glob("docs/*.md")]:
        for link in MARKDOWN_LINK.findall(CODE.sub("", path.read_text(encoding="utf-8"))):
            target = urllib.parse.urlsplit(link)
            # Pages of the documentation are looked at as HTML.
            if target.scheme or not target.path or target.path.endswith(".html"):
                continue
            if not (path.parent / target.path).exists():
                yield path, link


def check_html(folder: pathlib.Path):
    pages = {path.name: Page(path.read_text(encoding="utf-8")) for path in folder.glob("*.html")}
    for name, page in pages.items():
        for link in sorted(page.links):
            target = urllib.parse.urlsplit(link)
            if target.scheme or target.netloc:
                continue
            there = pages.get(target.path or name)
            missing = there is None and not (folder / target.path).exists()
            if missing or (there and target.fragment and target.fragment not in there.anchors):
                yield folder / name, link


def main(root: str, *folders: str) -> int:
    faults = list(check_markdown(pathlib.Path(root)))
    for folder in folders:
        faults += check_html(pathlib.Path(folder))
    for path, link in faults:
        print(f"{path}: {link} leads nowhere")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
