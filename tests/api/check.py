"""Runs Schemathesis against real daemons, and does not believe it unasked."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

import jsonschema_rs
import requests
import schemathesis
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from shop import PASSWORD, Daemon

HERE = Path(__file__).parent
DOCUMENT = HERE.parent.parent / "docs/openapi.json"
INSTANCE = "/instances/{instance}"
#: What every form of the back office holds.
CSRF = 'name="csrf" value="([^"]+)"'
#: Least number of cases of each operation.
ENOUGH = 100
#: What others would miss when it is gone, in the order in which it may go.
LATE = [
    ("PATCH", "/private"), ("POST", "/webui/password"), ("POST", "/webui/sign-out"), ("POST", "/private/auth"),
    ("DELETE", "/private/token"), ("DELETE", "/private"),
]
#: What nobody gets by what the document says alone.
UNREACHED = {
    "/forgot-password": "answers 501, always",
    "/instances": "answers 403 to those without a token of the special instance",
    "/pay": "answers 410, always",
    "/tip-pickup": "answers 410, always",
    "/tip-authorize": "answers 410, always",
    "/tip-query": "answers 410, always",
}


def operations(document):
    """Of each operation: name, method, path, tag, whether nothing can be said to it, and nothing wrong."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "servers":
                continue
            if path not in UNREACHED and not any(code < "400" for code in operation["responses"]):
                # Not offered yet: tests/it walks those.
                continue
            said = operation.get("parameters", [])
            silent = not said and not operation.get("requestBody")
            # A header may say anything.
            free = silent or all(one["in"] == "header" for one in said) and not operation.get("requestBody")
            yield operation["operationId"], method.upper(), path, operation["tags"][0], silent, free


class Lane(threading.Thread):
    """One daemon, and what is asked of it, one run after the other."""

    def __init__(self, name, instance, wanted, options):
        super().__init__()
        self.name, self.instance, self.options = name, instance, options
        self.daemon_ = Daemon(os.environ["TILLD"])
        own = [one for one in wanted if (one[1], self.plain(one[2])) not in LATE]
        operator = [one for one in own if one[3] == "operator"]
        self.runs = [[one for one in own if one not in operator], operator]
        for method, path in LATE:
            self.runs.append([one for one in wanted if (one[1], self.plain(one[2])) == (method, path)])
        self.failed, self.cases, self.answers = [], {}, {}

    @staticmethod
    def plain(path):
        return path.removeprefix("/public").removeprefix(INSTANCE)

    def run(self):
        try:
            self.ask_all()
        except Exception:
            self.failed.append(traceback.format_exc())
        finally:
            self.daemon_.stop()

    def ask_all(self):
        token = self.daemon_.tokens[self.instance]
        for place, wanted in enumerate(self.runs):
            if wanted:
                # What ends the token has one of its own.
                if place > 1:
                    token = self.daemon_.token(self.instance)
                self.schemathesis(wanted, token)
                self.repeat([one for one in wanted if one[4]], token)
        counted = sum(sum(one.values()) for one in self.answers.values())
        metrics = requests.get(f"{self.daemon_.admin}/metrics").text
        answered = sum(int(count) for count in re.findall(r"^tilld_http_requests_total{.*} (\d+)$", metrics, re.M))
        if answered < counted:
            self.failed.append(f"the daemon says that it answered {answered} of {counted} requests")
        self.failed += [f"the daemon complains: {line}" for line in self.daemon_.errors]
        if self.daemon_.process.poll() is not None:
            self.failed.append("the daemon ended")

    def document(self):
        """The document for a daemon at a port of its own, which its cookie has in its name."""
        port = self.daemon_.url.rsplit(":", 1)[1]
        path = Path(self.daemon_.room.name) / "openapi.json"
        text = Path(self.options.document).read_text()
        path.write_text(text.replace('"__Host-tilld"', f'"__Host-tilld-{port}"'))
        return str(path)

    def schemathesis(self, wanted, token):
        names = "|".join(re.escape(one[0]) for one in wanted)
        operator = wanted[0][3] == "operator"
        web_session, csrf = self.web_session()
        with tempfile.NamedTemporaryFile("r", suffix=".json") as counts:
            env = os.environ | {
                "TILLD_URL": self.daemon_.url, "TILLD_INSTANCE": self.instance, "TILLD_TOKEN": token,
                "TILLD_WEB_SESSION": web_session, "TILLD_CSRF": csrf, "TILLD_COUNTS": counts.name, "COLUMNS": "120",
                "HYPOTHESIS_STORAGE_DIRECTORY": f"{self.daemon_.room.name}/hypothesis",
                "PYTHONPATH": f"{HERE}:{os.environ['PYTHONPATH']}",
            }
            words = [
                sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()",
                "--config-file", str(HERE / "schemathesis.toml"),
                "run", self.document(), "--url", self.daemon_.admin if operator else self.daemon_.url,
                "--phases", "examples,coverage,fuzzing", "--max-examples", str(self.options.examples),
                "--include-operation-id-regex", f"^({names})$",
                "--seed", self.options.seed,
                *(["--report", "ndjson", "--report-ndjson-path", f"{self.options.keep}/{self.name}.ndjson"] if self.options.keep else []),
            ]
            began = time.monotonic()
            done = subprocess.run(words, env=env, cwd=HERE, text=True, capture_output=True)
            took = time.monotonic() - began
            if done.returncode:
                self.failed.append(done.stdout + done.stderr)
            text = counts.read()
            told = json.loads(text) if text else {"cases": {}, "answers": {}}
        self.failed += [f"no request could be made: {what}" for what in told.get("broken", [])]
        self.cases |= told["cases"]
        self.answers |= told["answers"]
        number = sum(sum(one.values()) for one in told["answers"].values())
        print(f"  {self.name}: {len(wanted)} operations, {number} requests in {took:.0f} s", flush=True)

    def repeat(self, wanted, token):
        """What nothing can be said to has but one case; so that is asked again and again."""
        if not wanted:
            return
        schema = schemathesis.openapi.from_path(self.options.document)
        base = self.daemon_.admin if wanted[0][3] == "operator" else self.daemon_.url
        port = self.daemon_.url.rsplit(":", 1)[1]
        headers = {"Authorization": f"Bearer {token}", "Cookie": f"__Host-tilld-{port}={self.web_session()[0]}"}
        own = [
            checks.status_code_conformance, checks.content_type_conformance,
            checks.response_headers_conformance, checks.response_schema_conformance,
        ]
        for name, method, path, *_ in wanted:
            case = schema[path][method].Case()
            for _ in range(ENOUGH):
                try:
                    case.validate_response(case.call(base_url=base, headers=headers), checks=own)
                except FailureGroup as bad:
                    self.failed.append(f"{method} {path}: {bad} {bad.exceptions}")
                    break
            else:
                self.cases.setdefault(name, {})["again positive"] = ENOUGH

    def web_session(self):
        """A new web session in the back office for each run."""
        session = requests.Session()
        session.trust_env = False
        place = f"{self.daemon_.url}/webui/sign-in"
        door = session.get(place)
        form = {"csrf": re.search(CSRF, door.text)[1], "instance": self.instance, "password": PASSWORD}
        # The cookie is for HTTPS, and for this machine.
        cookie = "; ".join(f"{one.name}={one.value}" for one in door.cookies)
        answer = session.post(place, data=form, headers={"Cookie": cookie, "Origin": self.daemon_.url}, allow_redirects=False)
        web_session = next((f"{one.name}={one.value}" for one in answer.cookies if "presession" not in one.name), None)
        # An earlier run has changed the password.
        if not web_session:
            return "none", "none"
        page = session.get(f"{self.daemon_.url}/webui/new-order", headers={"Cookie": web_session})
        return web_session.split("=", 1)[1], re.search(CSRF, page.text)[1]


def complaints(wanted, lanes):
    """What was skipped in silence, or never went well."""
    cases, answers = {}, {}
    for lane in lanes:
        cases |= lane.cases
        answers |= lane.answers
    for name, method, path, tag, silent, free in wanted:
        told = cases.get(name, {})
        made = sum(count for kind, count in told.items() if kind.startswith(("fuzzing", "again")))
        if made < ENOUGH:
            yield f"{method} {path} had {made} cases of {ENOUGH}"
        for mode in ["positive"] if free else ["positive", "negative"]:
            if not any(kind.endswith(mode) for kind in told):
                yield f"{method} {path} had no {mode} cases"
        went = [status for status in answers.get(name, {}) if status < "400"]
        if not went and Lane.plain(path) not in UNREACHED and tag != "office":
            yield f"{method} {path} never went well: {answers.get(name)}"


def misfits(document):
    """Examples that are none of what they are beside."""
    def fits(schema, example):
        return jsonschema_rs.validator_for(schema | {"components": document["components"]}).is_valid(example)

    def walk(part, place):
        if isinstance(part, list):
            for at, item in enumerate(part):
                yield from walk(item, f"{place}/{at}")
        if not isinstance(part, dict):
            return
        if isinstance(part.get("examples"), list) and not place.endswith("/properties"):
            yield from (f"{place}: {one} is no example" for one in part["examples"] if not fits(part, one))
        if "example" in part and "schema" in part and not fits(part["schema"], part["example"]):
            yield f"{place}: {part['example']} is no example"
        for name, inner in part.items():
            if name not in ("example", "examples"):
                yield from walk(inner, f"{place}/{name}")

    yield from walk(document, "")


def canary(options):
    """Would it be told if the daemon did not do what the document says? Two lies, and both must be found."""
    document = json.loads(Path(options.document).read_text())
    paths = document["paths"]
    document["components"]["schemas"]["ConfigAnswer"]["required"].append("lie")
    del paths["/sessions/{id}"]["get"]["responses"]["404"]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(document, file)
        file.flush()
        wanted = [one for one in operations(document) if one[2] in ("/config", "/sessions/{id}")]
        lied = argparse.Namespace(**vars(options) | {"document": file.name, "keep": None, "examples": 10})
        lane = Lane("canary", "admin", wanted, lied)
        lane.run()
    told = "\n".join(lane.failed)
    for lie in ("Response violates schema", "Undocumented status code"):
        if lie not in told:
            yield f"the canary lives: nobody has found: {lie}\n{told}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", default="1", help="for other cases")
    parser.add_argument("--only", default="", help="a pattern that an operation's name must match")
    parser.add_argument("--keep", help="a folder for what Schemathesis saw")
    parser.add_argument("--document", default=str(DOCUMENT))
    options = parser.parse_args()
    document = json.loads(Path(options.document).read_text())
    wanted = [one for one in operations(document) if re.search(options.only, one[0])]
    if not wanted:
        sys.exit(f"no operation is called {options.only}")
    below = [one for one in wanted if INSTANCE in one[2] or one[3] == "office"]
    at_root = [one for one in wanted if one not in below]
    lanes = [
        Lane("at the root", "admin", at_root, options),
        Lane("below an instance", "shop", below, options),
    ]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    failed = [text for lane in lanes for text in lane.failed]
    failed += complaints(wanted, lanes)
    failed += misfits(document)
    if not options.only:
        failed += canary(options)
    for text in failed:
        print(text)
    number = sum(sum(one.values()) for lane in lanes for one in lane.answers.values())
    print(f"  {len(wanted)} operations, {number} requests, {len(failed)} complaints")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
