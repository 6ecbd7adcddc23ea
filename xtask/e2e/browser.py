"""Two people use the console in Chromium, from the first link to the ledger; every page is pictured.

Called with the enrolment link of a fresh service (web.second_person on) and a folder for pictures.
"""

import statistics
import sys
import time
from base64 import b64decode
from pathlib import Path
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.support.ui import Select, WebDriverWait

from way_in import PASSWORD, one_time_code

SIZES = {"phone": (390, 844, True), "desktop": (1280, 900, False)}
SCHEMES = ["light", "dark"]
# Tallest picture, in pixels.
TALLEST = 3000
# First page complete, in milliseconds.
FIRST_PAGE = 1000

# Seconds until a page notices that nobody is signed in any more: a heartbeat, and connecting anew.
LEAVES_WITHIN = 40

# What is wider than the room in the panel that it stands in.
STICKS_OUT = """
return [...document.querySelectorAll("main .panel *, main section[data-part] *")].filter((part) => {
  if (part.closest("svg, .sr, details:not([open])")) return false;
  const around = part.parentElement.closest(".panel, section[data-part]");
  const [own, panel, style] = [part.getBoundingClientRect(), around.getBoundingClientRect(), getComputedStyle(around)];
  const [left, right] = [panel.left + parseFloat(style.paddingLeft), panel.right - parseFloat(style.paddingRight)];
  return own.width > 0 && (own.right > right + 1 || own.left < left - 1);
}).slice(0, 5).map((part) => `${part.tagName} ${part.className}: ${part.textContent.slice(0, 40)}`)
"""

flaws = []


def step(says):
    print(f"  {says}", flush=True)


class Person:
    """A browser of its own."""

    def __init__(self, origin):
        self.origin = origin
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        options.accept_insecure_certs = True
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--ignore-certificate-errors",
            "--window-size=1280,900",
        ]:
            options.add_argument(argument)
        service = webdriver.ChromeService(executable_path="/usr/bin/chromedriver")
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_page_load_timeout(30)

    def with_key(self):
        options = VirtualAuthenticatorOptions()
        options.protocol = VirtualAuthenticatorOptions.Protocol.CTAP2
        options.transport = VirtualAuthenticatorOptions.Transport.INTERNAL
        options.has_resident_key = True
        options.has_user_verification = True
        options.is_user_verified = True
        self.driver.add_virtual_authenticator(options)
        return self

    def go(self, path):
        self.driver.get(path if "://" in path else self.origin + path)

    def path(self):
        return urlsplit(self.driver.current_url).path

    def find(self, css, within=None):
        return WebDriverWait(self.driver, 10).until(
            lambda driver: (within or driver).find_element(By.CSS_SELECTOR, css), css
        )

    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    def press(self, element):
        """Opens what it is folded into, then clicks where a person would."""
        self.driver.execute_script(
            "for (let at = arguments[0]; at; at = at.parentElement)"
            " if (at.tagName === 'DETAILS') at.open = true;"
            "arguments[0].scrollIntoView({block: 'center'});",
            element,
        )
        element.click()

    def fill(self, element, value):
        self.driver.execute_script(
            "for (let at = arguments[0]; at; at = at.parentElement)"
            " if (at.tagName === 'DETAILS') at.open = true;",
            element,
        )
        if element.tag_name == "select":
            Select(element).select_by_value(value)
        else:
            element.clear()
            element.send_keys(value)

    def send(self, action, button="button:not([type=button])", **fields):
        """Fills the form that goes to `action` in, sends it, and waits for the next page."""
        form = self.find(f'form[action="{action}"]')
        for name, value in fields.items():
            self.fill(form.find_element(By.NAME, name), value)
        self.leave(lambda: self.press(form.find_element(By.CSS_SELECTOR, button)))

    def leave(self, act):
        """Does something that leads to another page, and waits until it is there."""
        self.driver.execute_script("window.before = true")
        act()
        there = "return !window.before && document.readyState === 'complete'"
        try:
            WebDriverWait(self.driver, 15).until(lambda driver: driver.execute_script(there))
        except TimeoutException:
            sys.exit(f"no new page after {self.driver.current_url}; it says:\n{self.text()[:1000]}")

    def expect(self, words):
        if words.lower() not in self.text().lower():
            raise SystemExit(f"{self.driver.current_url} does not say {words!r} but:\n{self.text()[:3000]}")

    def picture(self, folder, name):
        """The page as it is, on every size and in every scheme."""
        for size, (width, height, mobile) in SIZES.items():
            self.driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile},
            )
            for scheme in SCHEMES:
                self.driver.execute_cdp_cmd(
                    "Emulation.setEmulatedMedia",
                    {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
                )
                wide, tall = self.driver.execute_script(
                    "const page = document.documentElement; return [page.scrollWidth, page.scrollHeight]"
                )
                if wide > width:
                    flaws.append(f"{name}: {wide} pixels wide on a {size} of {width}")
                for out in self.driver.execute_script(STICKS_OUT):
                    flaws.append(f"{name}: sticks out of its panel on a {size}: {out}")
                shot = self.driver.execute_cdp_cmd(
                    "Page.captureScreenshot",
                    {
                        "captureBeyondViewport": True,
                        "clip": {"x": 0, "y": 0, "width": width, "height": min(tall, TALLEST), "scale": 1},
                    },
                )
                (folder / f"{name}-{size}-{scheme}.png").write_bytes(b64decode(shot["data"]))
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def complaints(self, name):
        """What the browser itself found wrong: refused scripts and styles, failed requests."""
        for line in self.driver.get_log("browser"):
            if line["level"] == "SEVERE":
                flaws.append(f"{name}: {line['message'][:300]}")


def enrol_with_passkey(person, link, name, folder):
    person.go(link)
    person.picture(folder, "enrol")
    person.fill(person.find('[data-passkey] input[name="name"]'), name)
    person.leave(lambda: person.press(person.find("[data-go]")))
    if person.path() != "/":
        raise SystemExit(f"enrolling ended at {person.path()}: {person.text()[:1000]}")
    person.expect(name)


def enrol_with_password(person, link, name, folder):
    person.go(link)
    path = urlsplit(link).path
    field, show = person.find('input[name="password"]'), person.find("[data-show]")
    for kind in ["text", "password"]:
        person.press(show)
        if field.get_attribute("type") != kind:
            raise SystemExit(f"the password's field is no {kind} after a press on {show.text!r}")
    person.send(f"{path}/password", name=name, password=PASSWORD)
    person.picture(folder, "enrol-code")
    secret = person.find("code.wrap").text
    person.send(f"{path}/code", code=one_time_code(secret))
    person.expect("recovery codes")
    person.picture(folder, "enrol-recovery")
    person.go("/")
    person.expect(name)


def sign_out(person):
    person.go("/")
    person.send("/sign-out")
    person.expect("signed out")
    person.go("/")
    if person.path() != "/sign-in":
        raise SystemExit(f"signed out and still at {person.path()}")


def first_page(person):
    took = []
    for _ in range(10):
        person.go("/")
        took.append(
            person.driver.execute_script(
                "return performance.getEntriesByType('navigation')[0].loadEventEnd"
            )
        )
    return statistics.median(took)


def pages(person, folder):
    def first(path, css):
        person.go(path)
        return urlsplit(person.find(css).get_attribute("href")).path

    device = first("/devices", 'main a[href^="/devices/"]')
    finding = first("/findings", 'main a[href^="/findings/"]')
    for name, path in {
        "today": "/",
        "devices": "/devices",
        "device": device,
        "device-timeline": f"{device}/timeline",
        "device-facts": f"{device}/facts",
        "map": "/map",
        "fix": "/fix",
        "findings": "/findings",
        "finding": finding,
        "traffic": "/traffic",
        "people": "/people",
        "ledger": "/ledger",
        "health": "/health",
        "settings": "/settings",
        "import": "/import",
        "changes": "/changes",
        "timeline": "/timeline",
        "api": "/api/docs",
        "nowhere": "/no-such-page",
    }.items():
        person.go(path)
        person.picture(folder, name)
        if name != "nowhere":
            person.complaints(name)
    person.driver.get_log("browser")


def main():
    link, folder = sys.argv[1], Path(sys.argv[2])
    at = urlsplit(link)
    origin = f"https://localhost:{at.port}"
    link = origin + at.path
    folder.mkdir(parents=True, exist_ok=True)
    first, second = Person(origin).with_key(), Person(origin)
    try:
        story(first, second, origin, link, folder)
    finally:
        first.driver.quit()
        second.driver.quit()
    if flaws:
        sys.exit("flaws:\n" + "\n".join(f"  {flaw}" for flaw in dict.fromkeys(flaws)))


def story(first, second, origin, link, folder):
    enrol_with_passkey(first, link, "Anna", folder)
    first.complaints("enrol")
    step("a passkey is registered by the first link, and Anna is signed in")
    other = Person(origin)
    try:
        other.go(link)
        if "Create a passkey" in other.text():
            raise SystemExit("the link works a second time")
    finally:
        other.driver.quit()

    sign_out(first)
    first.picture(folder, "sign-in")
    first.leave(lambda: first.press(first.find('[data-passkey="get"] [data-go]')))
    first.expect("Anna")
    first.complaints("sign-in")
    step("signed out, and signed in with the passkey")

    first.go("/devices")
    device = urlsplit(first.find('main a[href^="/devices/"]').get_attribute("href")).path
    first.go(device)
    first.send(device, name="Pump by the window")
    first.go(device)
    first.expect("Pump by the window")
    step("a device is renamed")

    first.go("/people")
    first.send("/people/invites", role="admin")
    invited = first.find("[data-copy], code.wrap")
    invitation = invited.get_attribute("value") or invited.text
    first.picture(folder, "invited")
    invitation = origin + urlsplit(invitation).path
    enrol_with_password(second, invitation, "Ben", folder)
    second.complaints("enrol with a password")
    step("a second person enrolled with a password and one-time codes")

    first.go(device)
    first.send(f"{device}/forget", reason="sold to the neighbours")
    first.expect("second person")
    first.go(device)
    first.expect("Pump by the window")
    second.go("/people")
    second.expect("sold to the neighbours")
    second.picture(folder, "approval")
    form = second.find('form[action^="/people/approvals/"]')
    second.leave(lambda: second.press(form.find_element(By.CSS_SELECTOR, 'button[value="approve"]')))
    second.expect("Approved and done")
    first.go("/devices?q=Pump+by+the+window")
    if first.driver.find_elements(By.CSS_SELECTOR, f'main a[href="{device}"]'):
        raise SystemExit("the device is still there")
    step("one asked to have it forgotten, the other approved, and it is gone")

    took = first_page(first)
    print(f"first page complete in {took:.0f} ms (median of 10, headless Chromium, at most {FIRST_PAGE})")
    if took > FIRST_PAGE:
        flaws.append(f"the first page took {took:.0f} ms")

    pages(first, folder)
    step(f"every page is pictured in {folder}")

    second.go("/devices")
    first.go("/people")
    ends = first.find('.person form[action^="/people/sessions/"] button')
    first.leave(lambda: first.press(ends))
    try:
        WebDriverWait(second.driver, LEAVES_WITHIN).until(lambda _: second.path() == "/sign-in")
    except TimeoutException:
        raise SystemExit(f"a session is over and its open page still shows {second.path()}")
    step("a session was ended, and the page that was open in it left by itself")

    first.go("/ledger")
    first.send("/ledger/verify")
    first.expect("what was signed")
    shown = first.text()
    for action in ["asked", "approved", "invited", "changed a device", "signed in", "signed out"]:
        if action not in shown:
            flaws.append(f"the ledger page does not say {action!r}")
    sign_out(first)
    step("the ledger shows it all and verifies; nobody is signed in")


if __name__ == "__main__":
    main()
