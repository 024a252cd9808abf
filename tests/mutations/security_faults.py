#!/usr/bin/env python3
"""Plants faults in who is believed and what is allowed, one at a time, and runs the unit tests that must notice each.

    security_faults.py [--preset dev] [--built] [NAME...]

Builds edge_tests, and for each fault the one source that has it, from a copy: no source is changed. Exit 1 if a fault goes
unnoticed."""

import argparse
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRUST, POLICY, TLS = "src/security/peer_trust.cpp", "src/security/access_policy.cpp", "src/security/tls_context.cpp"
EDGE, TALK = "src/security/edge_trust.cpp", "src/wire/server_conversation.cpp"

# name: (file, what stands there, what is put in its place)
FAULTS = {
    "role-from-common-name": (TRUST, '''  if (at < 0)
    return refused(''', '''  if (char text[256]; at < 0 && X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, 256) > 0)
    return parse_identity(text);
  if (at < 0)
    return refused('''),
    "missing-list-accepted": (TRUST, "X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_X509_STRICT", "X509_V_FLAG_X509_STRICT"),
    "authorities-not-revoked": (TRUST, "X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |", "X509_V_FLAG_CRL_CHECK |"),
    "expired-accepted": (TRUST, "X509_VERIFY_PARAM_set_time(param, static_cast<time_t>(now_s));",
                         "X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME + 0 * static_cast<unsigned long>(now_s));"),
    "any-use-accepted": (TRUST, "if ((X509_get_extension_flags(peer) & EXFLAG_XKUSAGE) == 0 ||",
                         "if ((X509_get_extension_flags(peer) & EXFLAG_XKUSAGE) != 0 &&"),
    "wrong-plane-accepted": (TRUST, "vouching == roots_.end() || vouching->plane != plane_of(identity->role)", "vouching == roots_.end()"),
    "older-list-accepted": (TRUST, "BN_cmp(number.get(), earlier->second.get()) < 0", "BN_cmp(number.get(), earlier->second.get()) < -1"),
    "one-more-intermediate": (TRUST, "X509_VERIFY_PARAM_set_depth(param, most_intermediates);",
                              "X509_VERIFY_PARAM_set_depth(param, most_intermediates + 1);"),
    "weak-keys-accepted": (TRUST, "if (!is_strong(sk_X509_value(chain, i)))", "if (!is_strong(sk_X509_value(chain, i)) && i > 9)"),
    "no-certificate-needed": (TLS, "SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT", "SSL_VERIFY_PEER"),
    "sessions-are-resumed": (TLS, "SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);",
                             "SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER); SSL_CTX_clear_options(context, SSL_OP_NO_TICKET);"),
    "policy-allows-by-default": (POLICY, "return {access_refusal::unknown_identity};",
                                 "return {access_refusal::none};"),
    "disabled-is-enabled": (POLICY, "return {grant->enabled ? access_refusal::none : access_refusal::disabled};", "return {access_refusal::none};"),
    "floor-off-by-one": (POLICY, "*resource.contributors >= privacy_floor_", "*resource.contributors + 1 >= privacy_floor_"),
    "consent-ignored": (POLICY, "return holds(grant.consented, *resource.meter) ? access_refusal::none", "return true ? access_refusal::none"),
    "masked-field-shown": (POLICY, "|| masks_[role][at];", "|| (at != 0 && masks_[role][at]);"),
    "household-is-an-aggregate": (POLICY, "  if (resource.meter)\n    return access_refusal::household;\n", ""),
    "anothers-transformer": (POLICY, "if (!grant.all_transformers && !holds(grant.transformers, resource.transformer))",
                             "if (!grant.all_transformers && grant.transformers.empty())"),
    "policy-before-certificates": (EDGE, '''  std::vector<std::shared_ptr<const tls_context::generation>> prepared;
''', '''  std::vector<std::shared_ptr<const tls_context::generation>> prepared;
  {
    const std::lock_guard lock(mutex_);
    policy_ = std::make_shared<const access_policy>(*policy);
  }
'''),
    "first-listener-alone-reloads": (EDGE, "for (std::size_t i = 0; i < prepared.size(); ++i)", "for (std::size_t i = 0; i < 1; ++i)"),
    "nobody-is-told-of-a-reload": (EDGE, "  looks_to_retry_ = 0;\n  ask_again();\n", "  looks_to_retry_ = 0;\n"),
    "files-that-change-are-not-seen": ("src/security/file_stamps.cpp", "return ++unsettled_ >= most_unsettled_looks || settled;",
                                       "return ++unsettled_ >= most_unsettled_looks && settled && false;"),
    "two-sessions-an-identity": ("src/wire/session_registry.cpp", "    live.end(goodbye_reason::superseded);\n", "    static_cast<void>(0);\n"),
    "foreign-meters-accepted": (TALK, "      may = s_.may_speak(identity_, meter);", "      may = may || s_.may_speak(identity_, meter);"),
    "credit-not-held": (TALK, "batches_.size() >= s_.credit.batches || bytes", "bytes"),
    "rate-not-held": (TALK, "if (const std::int64_t wait_us = s_.take_rate(readings, now_us); wait_us > 0) {",
                      "if (const std::int64_t wait_us = s_.take_rate(readings, now_us); wait_us < 0) {"),
    "superseded-goes-on": (TALK, "if (s_.superseded()) //", "if (s_.superseded() && decoded_.readings.empty()) //"),
    "strangers-fill-the-trail": ("src/gate/audit_trail.cpp", "told_today_[act] >= audit_bounds::a_day", "told_today_[act] > 1'000'000"),
}


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, shell=isinstance(command, str), **options)


class Builder:
    """edge_tests with one source in place of another: the built libraries serve for all that is not changed."""

    def __init__(self, preset, folder, is_built):
        self.build, self.folder = ROOT / "build" / preset, pathlib.Path(folder)
        built = None if is_built else run(["scripts/build.sh", preset, "edge_tests"], cwd=ROOT)
        if built and built.returncode:
            sys.exit(f"edge_tests does not build: {built.stderr[-2000:]}")
        self.compile = {one["file"]: one for one in json.loads((self.build / "compile_commands.json").read_text())}
        self.link = run(["ninja", "-t", "commands", "tests/edge_tests"], cwd=self.build).stdout.splitlines()[-1]

    def unit_of(self, file):
        """What is compiled: the source, or those that are united with it."""
        if file in self.compile:
            return file
        units = [unit for unit in self.compile if unit.endswith("_cxx.cxx") and f'"{file}"' in pathlib.Path(unit).read_text(encoding="utf-8")]
        if len(units) != 1:
            raise ValueError(f"{file} is compiled in {units}")
        return units[0]

    def make(self, file, text):
        """The program; an error where the text does not build."""
        source, made, program = self.folder / pathlib.Path(file).name, self.folder / "mutant.o", self.folder / "edge_tests"
        source.write_text(text, encoding="utf-8")
        whole = self.unit_of(str(ROOT / file))
        command = shlex.split(self.compile[whole]["command"])
        if whole != str(ROOT / file):
            united = self.folder / "united.cxx"
            united.write_text(pathlib.Path(whole).read_text(encoding="utf-8").replace(f'"{ROOT / file}"', f'"{source}"'), encoding="utf-8")
            source = united
        command[command.index("-o") + 1] = str(made)
        command[command.index("-c") + 1] = str(source)
        built = run(command, cwd=self.build)
        if not built.returncode:
            # What stands before the libraries is taken instead of their own.
            built = run(self.link.replace(" -o tests/edge_tests ", f" {made} -o {program} "), cwd=self.build)
        if built.returncode:
            raise ValueError("it does not build: " + built.stderr[:600])
        return program


def planted(name, builder):
    """What became of a fault: caught and by which cases, alive, or what was wrong."""
    file, old, new = FAULTS[name]
    before = (ROOT / file).read_text(encoding="utf-8")
    if before.count(old) != 1:
        return "wrong", f"what it changes stands {before.count(old)} times in {file}"
    try:
        tested = run([str(builder.make(file, before.replace(old, new)))], timeout=300)
    except ValueError as wrong:
        return "wrong", str(wrong)
    except subprocess.TimeoutExpired:
        return "caught", "by its time: it does not end"
    if tested.returncode == 0:
        return "ALIVE", "no test notices it"
    cases = [line.removeprefix("TEST CASE:").strip() for line in tested.stdout.splitlines() if line.startswith("TEST CASE:")]
    return "caught", f"{len(dict.fromkeys(cases))}: " + "; ".join(dict.fromkeys(cases))[:140]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="dev")
    parser.add_argument("--built", action="store_true", help="edge_tests is built already")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    unnoticed = 0
    with tempfile.TemporaryDirectory() as folder:
        builder = Builder(options.preset, folder, options.built)
        for name in options.names or FAULTS:
            outcome, why = planted(name, builder)
            unnoticed += outcome != "caught"
            print(f"{outcome:7} {name:32} {why}", flush=True)
    sys.exit(1 if unnoticed else 0)


if __name__ == "__main__":
    main()
