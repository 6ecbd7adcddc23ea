"""The way in with a password and one-time codes, by plain HTTP; prints an API token that may write."""

import base64
import hashlib
import hmac
import re
import struct
import sys
import time
from html import unescape

PASSWORD = "seven lanterns over a quiet harbour"


def one_time_code(secret, at=None):
    """RFC 6238 with SHA-1, six digits, thirty seconds."""
    key = base64.b32decode(secret.replace(" ", "") + "=" * (-len(secret.replace(" ", "")) % 8))
    count = struct.pack(">Q", int(at or time.time()) // 30)
    digest = hmac.new(key, count, hashlib.sha1).digest()
    begin = digest[-1] & 15
    number = struct.unpack(">I", digest[begin : begin + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def secret_in(page):
    return unescape(re.search(r'<code class="wrap">([A-Z2-7 =]+)</code>', page).group(1))


def token(link):
    import requests
    import urllib3

    urllib3.disable_warnings()
    origin = link.split("/enrol/")[0]
    browser = requests.Session()
    # The certificate is the service's own; what the environment says of others does not count.
    browser.trust_env = False
    browser.verify = False
    browser.headers["origin"] = origin

    def ask(method, path, **more):
        answer = browser.request(method, path if "://" in path else origin + path, **more)
        if answer.status_code >= 400:
            sys.exit(f"{method} {path} was answered {answer.status_code}: {answer.text[:2000]}")
        return answer

    ask("GET", link)
    page = ask("POST", link + "/password", data={"name": "Tester", "password": PASSWORD}).text
    ask("POST", link + "/code", data={"code": one_time_code(secret_in(page))})
    csrf = re.search(r'name="csrf" value="([^"]+)"', ask("GET", "/people").text).group(1)
    made = ask(
        "POST",
        "/api/v1/tokens",
        json={"label": "e2e", "scope": "write", "days": 1},
        headers={"x-csrf": csrf},
    )
    return made.json()["secret"]


if __name__ == "__main__":
    print(token(sys.argv[1]))
