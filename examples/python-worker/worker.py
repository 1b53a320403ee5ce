"""An instance of a worker in Python: the messages of docs/worker-protocol.md, signed by botocore, sent by urllib."""
import json, os, signal, sys, threading, time, urllib.error, urllib.request, uuid
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session
from handlers import HANDLERS, MANIFEST

HUB = os.environ.get("TASKURAI_ENDPOINT", "http://127.0.0.1:4400").rstrip("/")
KEYS = Session().get_credentials()
ME = {"worker": MANIFEST["name"], "instance": f"python-{uuid.uuid4().hex}"}
holds = []  # the run under way, for a hub that asks this instance to register again

def send(method, path, body=None, timeout=30):
    signed = AWSRequest(method, HUB + path, data=body, headers={"content-type": "application/json"})
    SigV4Auth(KEYS, "execute-api", "local").add_auth(signed)
    request = urllib.request.Request(signed.url, body, dict(signed.headers), method=method)
    return json.load(urllib.request.urlopen(request, timeout=timeout))

def call(op, patience=60, **fields):
    """Sends a message until it is answered. Its nonce makes sure that the hub acts on it once."""
    body = json.dumps({**ME, "nonce": uuid.uuid4().hex, **fields}).encode()
    until, pause = time.monotonic() + patience, 0.2
    while True:
        try:
            return send("POST", f"/v1/worker-protocol/{op}", body, min(30, max(0.1, until - time.monotonic())))
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            if problem["code"] == "not-registered":
                call("register", concurrency=1, manifest=MANIFEST, runs=holds)
            elif error.code not in (429, 500, 503) or time.monotonic() > until:
                raise RuntimeError(f"{op}: {problem['code']}: {problem.get('detail')}") from error
        except OSError:
            if time.monotonic() > until: raise
        time.sleep(pause)
        pause = min(2 * pause, 5)

def keep(run, lease, told, stop, over):
    """Renews the lease of a run from a thread of its own, until the run is over or no longer this instance's."""
    while not over.wait(lease / 3):
        try:
            answer = call("renew", patience=0.4 * lease, runs=[{**run, **told}])["runs"][0]
        except (OSError, RuntimeError):
            answer = {"outcome": "lost"}  # nobody may go on with a lease that may have ended
        if answer["outcome"] in ("cancel", "lost"):
            return stop.append(answer["outcome"])

def work(grant):
    task = grant["task"]
    run = {"taskId": task["id"], "run": grant["run"], "ticket": grant["ticket"]}
    told, stop, over = {}, [], threading.Event()
    holds[:] = [{"taskId": run["taskId"], "run": run["run"]}]
    threading.Thread(target=keep, args=(run, grant["leaseSeconds"], told, stop, over), daemon=True).start()
    try:
        if task.get("argumentsApart"):
            task["arguments"] = send("GET", f"/v1/tasks/{task['id']}/files/.arguments")
        report = lambda percent, message: told.update(progress={"percent": percent, "message": message})
        output = HANDLERS[task["command"]](task.get("arguments"), report, lambda: bool(stop))
        end = {"kind": "stop"} if stop and output is None else {"kind": "succeed", "result": {"output": output}}
    except Exception as error:
        end = {"kind": "fail", "error": {"code": type(error).__name__, "message": str(error)[:1000], "retryable": True}}
    over.set()
    if stop != ["lost"]: call("complete", ends=[{**run, **end}])
    holds.clear()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
call("register", concurrency=1, manifest=MANIFEST, runs=[])
print(f"instance {ME['instance']} takes tasks of {HUB}", flush=True)
try:
    while not (received := call("receive", slots=1, waitSeconds=20)).get("drain"):
        for grant in received["grants"]: work(grant)
finally:
    call("leave", phase="gone", patience=2)  # what it still holds goes back to the hub, and to the next instance
