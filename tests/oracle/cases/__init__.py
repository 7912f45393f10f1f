"""All cases, by what they are about."""

from collections import Counter

from . import answers, bodies, connections, errors, forged, methods, paths, redirects, streams

MODULES = (methods, paths, redirects, errors, forged, connections, bodies, answers, streams)
ALL = [case for module in MODULES for case in module.CASES]

twice = [name for name, count in Counter(case.name for case in ALL).items() if count > 1]
assert not twice, f"names of several cases: {twice}"
