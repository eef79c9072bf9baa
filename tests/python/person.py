"""A person at a browser: opens an address, fills in the pages, and posts the answer to the application.

Run as `BROWSER`, it gets the address as its argument and who to be from the environment.
"""

import http.cookiejar
import json
import os
import ssl
import sys
import urllib.parse
import urllib.request
from html.parser import HTMLParser


class Page(HTMLParser):
    """The one form of a page."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.form = {}
        self.fields = {}
        self.accounts = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.form = attributes
        elif tag == "input" and attributes.get("type") == "hidden":
            self.fields[attributes["name"]] = attributes.get("value", "")
        elif tag == "button" and "data-username" in attributes:
            self.accounts.append(attributes["data-username"])


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, user, declines=False):
        self.user = user
        self.declines = declines
        context = ssl.create_default_context(cafile=os.environ["DOORKEY_CA_CERTIFICATE"])
        self.browser = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            urllib.request.HTTPSHandler(context=context),
        )

    def sign_in(self, url, user_code=None):
        """Goes from page to page, and gives the text of the last one."""
        page = self.open(url, None)
        for _ in range(10):
            if not page.form:
                return page.text
            action = urllib.parse.urljoin(self.at, page.form["action"])
            page = self.open(action, {**page.fields, **self.fill_in(page, user_code)})
        raise RuntimeError("the pages never end")

    def fill_in(self, page, user_code):
        step = page.fields.get("step")
        if step is None:
            # The page where a device's code is typed, or the answer for the application.
            return {} if page.form.get("id") == "return" else {"user_code": user_code}
        if self.declines:
            return {"action": "cancel"}
        if step == "account":
            username = self.user["username"]
            return {"account": username} if username in page.accounts else {"action": "other"}
        return {
            "username": {"username": self.user["username"]},
            "password": {"password": self.user["password"]},
            "code": {"code": self.user.get("mfa_code") or ""},
            "consent": {"action": "accept"},
            "confirm": {"action": "accept"},
        }[step]

    def open(self, url, form):
        data = None if form is None else urllib.parse.urlencode(form).encode()
        with self.browser.open(url, data, timeout=30) as reply:
            self.at = reply.geturl()
            page = Page(reply.read().decode())
        if 'role="alert"' in page.text:
            raise RuntimeError("the page says: " + page.text)
        return page


if __name__ == "__main__":
    Person(
        json.loads(os.environ["DOORKEY_PERSON"]),
        declines=os.environ.get("DOORKEY_DECLINES") == "yes",
    ).sign_in(sys.argv[1])
