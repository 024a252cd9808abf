#!/usr/bin/env python3
"""`gridtwin pki`: the set that it makes, as OpenSSL's own command line sees it."""

import json
import re
import shutil
import stat
import subprocess

from harness import Skip, check, check_equal, main

CLIENTS = {"head-end-1": ("devices", "urn:gridtwin:device:head-end-1"),
           "head-end-2": ("devices", "urn:gridtwin:device:head-end-2"),
           "settlement-1": ("services", "urn:gridtwin:service:settlement:settlement-1"),
           "network-operator-1": ("services", "urn:gridtwin:service:network-operator:network-operator-1"),
           "flexibility-1": ("services", "urn:gridtwin:service:flexibility:flexibility-1"),
           "auditor-1": ("services", "urn:gridtwin:service:auditor:auditor-1"),
           "operator-1": ("operators", "urn:gridtwin:operator:operator-1")}


def openssl(*arguments):
    if not shutil.which("openssl"):
        raise Skip("there is no openssl command")
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)


def verify(folder, plane, name, purpose):
    return openssl("verify", "-x509_strict", "-crl_check_all", "-purpose", purpose, "-CAfile", folder / plane / "root.pem",
                   "-CRLfile", folder / plane / "revoked.pem", "-untrusted", folder / plane / "issuing.pem", folder / f"{name}.pem")


def init(context, *more):
    folder = context.fresh("pki")
    made = json.loads(context.program.run("pki", "init", "--out", folder, *more, "--json"))
    check_equal(sorted(made["files"]), sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()),
                "files that are told and files that are there")
    return folder


def the_set_holds_for_openssl(context):
    folder = init(context, "--days", "7", "--host", "node.example", "--host", "192.0.2.7")
    for name, (plane, uri) in CLIENTS.items():
        for other in ("devices", "services", "operators"):
            done = verify(folder, other, name, "sslclient")
            check_equal(done.returncode == 0, other == plane, f"{name} under {other}: {done.stdout}{done.stderr}")
        check(verify(folder, plane, name, "sslserver").returncode != 0, f"{name} may not be a server")
        text = openssl("x509", "-in", folder / f"{name}.pem", "-noout", "-ext", "subjectAltName,extendedKeyUsage").stdout
        check_equal(re.findall(r"(?:URI|DNS|IP Address|email):\S+", text), [f"URI:{uri}"], f"names of {name}")
    done = verify(folder, "services", "server", "sslserver")
    check_equal(done.returncode, 0, f"the server: {done.stderr}")
    for host in ("localhost", "node.example"):
        check("does match" in openssl("x509", "-in", folder / "server.pem", "-noout", "-checkhost", host).stdout, host)
    for address in ("127.0.0.1", "::1", "192.0.2.7"):
        check("does match" in openssl("x509", "-in", folder / "server.pem", "-noout", "-checkip", address).stdout, address)
    for file in folder.rglob("*.key"):
        check_equal(stat.S_IMODE(file.stat().st_mode), 0o600, f"mode of {file.name}")
        check_equal(openssl("pkey", "-in", file, "-noout", "-check").returncode, 0, f"{file.name} is a key")
    serials = [openssl("x509", "-in", file, "-noout", "-serial").stdout for file in folder.rglob("*.pem") if file.name != "revoked.pem"]
    check_equal(len(set(serials)), len(serials), "serial numbers differ")


def a_revoked_certificate_is_revoked_for_openssl(context):
    folder = init(context)
    done = json.loads(context.program.run("pki", "revoke", "--dir", folder, "head-end-2", "--json"))
    check_equal((done["changed"], done["number"]), (True, 2), "the first time")
    check(done["serial"] in openssl("x509", "-in", folder / "head-end-2.pem", "-noout", "-serial").stdout, "its serial number")
    refused = verify(folder, "devices", "head-end-2", "sslclient")
    check(refused.returncode != 0 and "revoked" in refused.stderr, f"head-end-2 is revoked: {refused.stderr}")
    check_equal(verify(folder, "devices", "head-end-1", "sslclient").returncode, 0, "head-end-1 is not")
    done = json.loads(context.program.run("pki", "revoke", "--dir", folder, "head-end-2", "--json"))
    check_equal((done["changed"], done["number"]), (False, 2), "the second time")
    context.program.run("pki", "revoke", "--dir", folder, "devices/issuing")
    check("revoked" in verify(folder, "devices", "head-end-1", "sslclient").stderr, "all of an authority's")


def many_at_once_lose_no_revocation(context):
    folder = init(context)
    names = [name for name, (plane, _) in CLIENTS.items() if plane == "services"] + ["server"]
    running = [context.program.start("pki", "revoke", "--dir", folder, name) for name in names]
    for process in running:
        _, err = process.communicate()
        check_equal(process.returncode, 0, f"exit status: {err}")
    for name in names:
        check("revoked" in verify(folder, "services", name, "any").stderr, f"{name} is revoked")


def what_is_there_is_not_overwritten(context):
    folder = init(context)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    done = context.program.try_run("pki", "init", "--out", folder)
    check(done.status == 2 and b"nothing is overwritten" in done.err, done.describe())
    check_equal({file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}, before, "the files of the first time")
    for wrong in (["pki"], ["pki", "init"], ["pki", "init", "--out", context.fresh("x"), "--days", "0"],
                  ["pki", "init", "--out", context.fresh("x"), "--host", "*.example"], ["pki", "revoke", "--dir", folder],
                  ["pki", "revoke", "--dir", folder, "nobody"], ["pki", "revoke", "--dir", folder, "../server"]):
        done = context.program.try_run(*wrong)
        check(done.status == 2 and done.err.startswith(b"gridtwin") and not done.out, done.describe())
    check_equal({file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}, before, "the files after all that")


if __name__ == "__main__":
    main(__doc__, [the_set_holds_for_openssl, a_revoked_certificate_is_revoked_for_openssl, many_at_once_lose_no_revocation,
                   what_is_there_is_not_overwritten])
