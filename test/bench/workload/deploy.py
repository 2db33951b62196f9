"""The workload for pyinfra; KEYSTORE_PASSWORD comes by the environment."""

import os
from pathlib import Path

from pyinfra import host
from pyinfra.facts.server import Command
from pyinfra.operations import files, server, systemd

SETTINGS = {
    "xpack.security.http.ssl.enabled": "true",
    "xpack.security.http.ssl.keystore.path": "certs/http.p12",
}
changes = []

files.directory(name="Folder of the certificates", path="/etc/app/certs", user="root", group="app", mode="750")
changes.append(
    files.put(
        name="Keystore of this host",
        src=str(Path(__file__).parent / "files" / f"{host.name}.p12"),
        dest="/etc/app/certs/http.p12",
        user="root",
        group="app",
        mode="660",
    )
)
for setting, value in SETTINGS.items():
    pattern = "^" + setting.replace(".", r"\.") + ":.*"
    changes.append(files.line(name=setting, path="/etc/app/app.yml", line=pattern, replace=f"{setting}: {value}"))

names = host.get_fact(Command, command="app-keystore list") or ""
missing = "http.secure_password" not in names.split()
if missing:
    server.shell(
        name="Password of the keystore",
        commands=['printf %s "$KEYSTORE_PASSWORD" | app-keystore add http.secure_password'],
        _env={"KEYSTORE_PASSWORD": os.environ["KEYSTORE_PASSWORD"]},
    )
systemd.service(name="The service runs, and starts with the machine", service="app", running=True, enabled=True)
systemd.service(
    name="restart app",
    service="app",
    restarted=True,
    _if=lambda: missing or any(change.did_change() for change in changes),
)
server.shell(name="The service is active", commands=["systemctl is-active app"])
