"""The table of what works, and the file where it is kept."""

import os
import pathlib

import roster

FILE = pathlib.Path(__file__).parent / "RESULTS.md"
HEAD = """\
# Clients

Libraries from PyPI and npm against the built gateway, for a model of each provider: where the
library's API is not the provider's, the gateway translates. `tests/clients/run.sh` makes this table
and fails if it comes out otherwise; each ✓ is a test that passed, of what the library returned and
of what the provider was sent. "chat" and "stream" are also about the tokens counted, and "errors"
about the library's own exception with the provider's message.
"""


class Table:
    """Cells as tests fill them."""

    def __init__(self):
        self.passed = set()
        self.failed = set()

    def text(self):
        notes = []
        features = list(roster.FEATURES)
        titles = ["client", "version", "API", "provider", *roster.FEATURES.values()]
        lines = ["| " + " | ".join(titles) + " |"]
        lines.append("|---" * len(titles) + "|")
        for client, provider in roster.pairs(direct=False):
            cells = [self.cell(client, provider, feature, notes) for feature in features]
            kind = "Python" if client.adapter else "Node"
            row = [f"{client.name} ({kind})", client.version, client.speaks, provider, *cells]
            lines.append("| " + " | ".join(row) + " |")
        told = [f"[^{number}]: {note}" for number, note in enumerate(notes, 1)]
        return "\n".join([HEAD, *lines, "", *told, ""])

    def cell(self, client, provider, feature, notes):
        reason = roster.cannot(client, provider, feature)
        if reason:
            if reason not in notes:
                notes.append(reason)
            return f"–[^{notes.index(reason) + 1}]"
        return "✓" if (client, provider, feature) in self.passed else "✗"

    def is_whole(self):
        """Whether every cell was tried."""
        return set(roster.cases(direct=False)) == self.passed | self.failed

    def settle(self):
        """Compares with the file, or writes it if that is asked."""
        if os.environ.get("TOLLGATE_BLESS") == "1":
            FILE.write_text(self.text())
        kept = FILE.read_text() if FILE.exists() else ""
        assert kept == self.text(), "the table differs from RESULTS.md; TOLLGATE_BLESS=1 writes it"
