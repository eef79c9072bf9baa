"""What the suite's Rust half says about the emulator that it started."""

import json
import os
import ssl
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import jwt
import requests

AUTHORITY = os.environ["DOORKEY_AUTHORITY"]
TENANT_ID = os.environ["DOORKEY_TENANT_ID"]
CLIENT_ID = os.environ["DOORKEY_CLIENT_ID"]
USERS = {user["username"].split("@")[0]: user for user in json.loads(os.environ["DOORKEY_USERS"])}
SCOPE = "https://management.azure.com/.default"

_TLS = ssl.create_default_context(cafile=os.environ["DOORKEY_CA_CERTIFICATE"])


class Session(requests.Session):
    """An HTTP session that finds the user realm.

    msal asks for it at the authority's host, but forgets the port.
    """

    def request(self, method, url, *arguments, **options):
        url = url.replace("https://localhost/common/", f"{AUTHORITY}/common/")
        return super().request(method, url, *arguments, **options)


@contextmanager
def at_the_browser(name, declines=False):
    """Lets a person of the directory sit at the browser that programs open."""
    person = Path(__file__).with_name("person.py")
    # Without the ampersand Python waits for the browser before it listens for the answer.
    os.environ["BROWSER"] = f"{sys.executable} {person} %s &"
    os.environ["DOORKEY_PERSON"] = json.dumps(USERS[name])
    os.environ["DOORKEY_DECLINES"] = "yes" if declines else "no"
    yield
    # Whoever opens a browser now fails at once.
    os.environ["DOORKEY_PERSON"] = "nobody"


def checked(token, audience, issuer):
    """The claims of a token, after PyJWT checked its signature, audience, issuer and time."""
    keys = jwt.PyJWKClient(f"{AUTHORITY}/common/discovery/v2.0/keys", ssl_context=_TLS)
    return jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=["RS256"],
        audience=audience,
        issuer=issuer,
        options={"require": ["exp", "iat", "nbf", "aud", "iss", "sub"]},
    )


def checked_access_token(token, tenant_id=TENANT_ID):
    """The claims of an access token for Azure Resource Manager."""
    issuer = f"https://sts.windows.net/{tenant_id}/"
    return checked(token, "https://management.azure.com", issuer)


def me(token):
    """What the protected resource says about a token."""
    request = urllib.request.Request(
        f"{AUTHORITY}/resource/me", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, context=_TLS) as reply:
        return json.load(reply)


def adfs_metadata():
    """The metadata of AD FS, which has no versions."""
    url = f"{AUTHORITY}/adfs/.well-known/openid-configuration"
    with urllib.request.urlopen(url, context=_TLS) as reply:
        return json.load(reply)


def metadata(tenant):
    """The metadata of an authority."""
    url = f"{AUTHORITY}/{quote(tenant)}/v2.0/.well-known/openid-configuration"
    with urllib.request.urlopen(url, context=_TLS) as reply:
        return json.load(reply)
