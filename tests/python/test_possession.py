"""PyJWT and hashlib check what we sign, and azure-identity what we keep."""

import base64
import hashlib
import json
import os
import time
import unittest
from pathlib import Path

import jwt

from emulator import AUTHORITY, SCOPE, checked_access_token
from peer import token

SIGNED = os.environ["DOORKEY_SIGNED"].split()
RECORD = os.environ["DOORKEY_RECORD"]


def thumbprint(jwk):
    """RFC 7638."""
    members = {name: jwk[name] for name in ("e", "kty", "n")}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def signed_query(names, pairs):
    """draft-ietf-oauth-signed-http-request-03, section 3.1."""
    digest = hashlib.sha256("&".join(pairs).encode()).digest()
    return [names, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()]


# What is there twice must not be signed (section 7.5).
QUERIES = [
    signed_query(["b", "c", "$top"], ["b=bar", "c=duck", "$top=%2F1"]),
    signed_query([], []),
]


class SignedRequests(unittest.TestCase):
    def test_each_is_signed_by_the_key_that_its_token_is_bound_to(self):
        self.assertEqual(len(SIGNED), 2)
        for number, signed in enumerate(SIGNED):
            header = jwt.get_unverified_header(signed)
            body = jwt.decode(signed, options={"verify_signature": False})
            jwk = body["cnf"]["jwk"]
            self.assertEqual(set(jwk), {"e", "kty", "n"})
            kid = thumbprint(jwk)
            self.assertEqual(header, {"alg": "RS256", "kid": kid, "typ": "pop"})
            key = jwt.PyJWK({**jwk, "alg": "RS256"})
            self.assertEqual(key.key.key_size, 2048)
            verified = jwt.decode(signed, key, algorithms=["RS256"])
            self.assertEqual(verified, body)
            self.assertEqual(
                {name: body[name] for name in ("m", "u", "p", "nonce")},
                {
                    "m": "PATCH",
                    "u": AUTHORITY.removeprefix("https://"),
                    "p": "/a%20path",
                    "nonce": f"nonce \"{number}\"",
                },
            )
            self.assertEqual(body["q"], QUERIES[number])
            self.assertAlmostEqual(body["ts"], time.time(), delta=120)
            claims = checked_access_token(body["at"])
            self.assertEqual(claims["cnf"], {"kid": kid})

    def test_a_changed_one_does_not_verify(self):
        header, body, signature = SIGNED[0].split(".")
        claims = jwt.decode(SIGNED[0], options={"verify_signature": False})
        key = jwt.PyJWK({**claims["cnf"]["jwk"], "alg": "RS256"})
        claims["m"] = "DELETE"
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        with self.assertRaises(jwt.InvalidSignatureError):
            jwt.decode(f"{header}.{body}.{signature}", key, algorithms=["RS256"])


class Cache(unittest.TestCase):
    def test_a_program_in_python_never_gets_the_bound_token(self):
        bound = jwt.decode(SIGNED[0], options={"verify_signature": False})["at"]
        folder = Path.home() / ".IdentityService"
        self.assertIn(bound, (folder / "msal.cache.nocae").read_text())
        bearer = token(SCOPE, RECORD)
        self.assertNotEqual(bearer, bound)
        self.assertNotIn("cnf", checked_access_token(bearer))
        # Nor does it lose it for us.
        self.assertIn(bound, (folder / "msal.cache.nocae").read_text())


if __name__ == "__main__":
    unittest.main()
