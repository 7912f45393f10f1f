"""Pebble, an ACME CA, and the name server that it asks: names lead to the loopback."""

import json
import ssl
import urllib.request

from lab import Running, free_port

DOMAIN = "litellm.example.com"


class Pebble:
    """Runs within its `with`; the same one can be started again, with another root of its own."""

    def __init__(self, folder, authority, http, tls, life=None):
        self.folder, self.trusted = folder, authority.roots
        self.acme, self.management, self.dns, self.dns_management = (free_port() for _ in range(4))
        certificate, key = authority.issue("localhost", "127.0.0.1")
        config = {
            "listenAddress": f"127.0.0.1:{self.acme}",
            "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": str(certificate),
            "privateKey": str(key),
            "httpPort": http,
            "tlsPort": tls,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
        if life:
            config["certificateValidityPeriod"] = life
        self.config = folder / "pebble.json"
        self.config.write_text(json.dumps({"pebble": config}))
        self.directory = f"https://localhost:{self.acme}/dir"
        self.refused = 0

    def refusing(self, nonces):
        """Refuses so many of a hundred nonces for no reason."""
        self.refused = nonces
        return self

    def __enter__(self):
        dns = f"127.0.0.1:{self.dns}"
        names = ["pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]
        names += ["-http01", "", "-https01", "", "-tlsalpn01", "", "-dns01", dns]
        names += ["-management", f"127.0.0.1:{self.dns_management}"]
        pebble = ["pebble", "-config", self.config, "-dnsserver", dns]
        knobs = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0"}
        knobs["PEBBLE_WFE_NONCEREJECT"] = str(self.refused)
        self.names = Running(names, self.folder / "names.log").listens(self.dns_management)
        self.pebble = Running(pebble, self.folder / "pebble.log", **knobs).listens(self.acme)
        return self

    def __exit__(self, *_):
        self.pebble.end()
        self.names.end()

    def orders(self):
        return self.pebble.told().count("POST /order-plz")

    def roots(self):
        """A file with the root of what it issues."""
        context = ssl.create_default_context(cafile=self.trusted)
        url = f"https://localhost:{self.management}/roots/0"
        with urllib.request.urlopen(url, context=context, timeout=10) as answer:
            (self.folder / "issued-root.pem").write_bytes(answer.read())
        return self.folder / "issued-root.pem"
