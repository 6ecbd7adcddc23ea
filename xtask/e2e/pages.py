"""How fast pages and answers come: signed in, over TLS, eight at a time; prints a table.

Arguments: the link to enrol with, the service's process id, requests per page, its socket.
"""

import http.client
import json
import multiprocessing
import socket
import ssl
import sys
import time
import urllib.parse

from way_in import PASSWORD, one_time_code, secret_in

CLIENTS = 8
PAGES = ["/", "/devices", "/devices/{device}", "/map", "/fix", "/findings", "/traffic", "/people",
         "/ledger", "/health", "/settings", "/timeline", "/changes"]
ANSWERS = ["me", "devices", "device-groups", "devices/{device}", "devices/{device}/timeline",
           "devices/{device}/facts", "today", "fixes", "map", "health", "settings", "flows", "findings",
           "timeline", "changes", "ledger", "ledger/head", "people", "approvals"]
# Until the first devices are known.
SETTLES_WITHIN = 60

TLS = ssl.create_default_context()
TLS.check_hostname = False  # its certificate is of its own making
TLS.verify_mode = ssl.CERT_NONE


def connect(origin):
    return http.client.HTTPSConnection(urllib.parse.urlsplit(origin).netloc, context=TLS, timeout=30)


def ask(connection, origin, method, path, cookie="", form=None):
    headers = {"origin": origin, "cookie": cookie}
    body = None
    if form is not None:
        headers["content-type"] = "application/x-www-form-urlencoded"
        body = urllib.parse.urlencode(form)
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read().decode("utf-8", "replace")


def cookie_of(answer, name):
    for key, value in answer.getheaders():
        if key.lower() == "set-cookie" and value.startswith(name + "="):
            return value.split(";")[0]
    return None


def sign_in(origin, link):
    """Enrols with a password and a one-time code; the session's cookie."""
    connection = connect(origin)
    path = urllib.parse.urlsplit(link).path
    answer, _ = ask(connection, origin, "GET", path)
    visit = cookie_of(answer, "__Host-cordon-visit")
    answer, page = ask(connection, origin, "POST", path + "/password", visit, {"name": "Tester", "password": PASSWORD})
    visit = cookie_of(answer, "__Host-cordon-visit") or visit
    answer, _ = ask(connection, origin, "POST", path + "/code", visit, {"code": one_time_code(secret_in(page))})
    return cookie_of(answer, "__Host-cordon")


def client(work):
    origin, path, cookie, requests = work
    connection = connect(origin)
    took = []
    for _ in range(requests):
        begun = time.perf_counter()
        answer, _ = ask(connection, origin, "GET", path, cookie)
        took.append((time.perf_counter() - begun) * 1000)
        if answer.status != 200:
            raise SystemExit(f"GET {path} was answered {answer.status}")
    return took


def cpu_ms(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 10


def a_device(path):
    """The id of a device, once there is one, asked over the socket."""
    for _ in range(SETTLES_WITHIN):
        with socket.socket(socket.AF_UNIX) as local:
            local.connect(path)
            local.sendall(b"GET /api/v1/devices?sort=findings&limit=1 HTTP/1.0\r\nhost: localhost\r\n\r\n")
            answer = b"".join(iter(lambda: local.recv(65536), b""))
        page = json.loads(answer.split(b"\r\n\r\n", 1)[1])
        if page["total"]:
            return page["items"][0]["id"]
        time.sleep(1)
    sys.exit("no device was found")


def main():
    link, pid, requests, local = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    origin = link.split("/enrol/")[0]
    cookie = sign_in(origin, link)
    device = a_device(local)
    paths = PAGES + ["/api/v1/" + answer for answer in ANSWERS]
    each = max(1, requests // CLIENTS)
    print("| page | requests | 50 %, ms | 99 %, ms | longest, ms | CPU of the service a request, ms |")
    print("|---|---|---|---|---|---|")
    worst = 0
    with multiprocessing.Pool(CLIENTS) as pool:
        for path in paths:
            before = cpu_ms(pid)
            work = [(origin, path.format(device=device), cookie, each)] * CLIENTS
            took = sorted(one for part in pool.map(client, work, chunksize=1) for one in part)
            cpu = (cpu_ms(pid) - before) / len(took)
            late = took[min(len(took) - 1, len(took) * 99 // 100)]
            worst = max(worst, late)
            print(f"| {path} | {len(took)} | {took[len(took) // 2]:.1f} | {late:.1f} | {took[-1]:.1f} | {cpu:.2f} |", flush=True)
    print(f"\nthe slowest page at the 99th percentile: {worst:.1f} ms, as its clients on the same machine see it")


if __name__ == "__main__":
    main()
